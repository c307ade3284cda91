package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The objects here have the names, labels and rules that Juju gives them
// (caas/kubernetes/provider in Juju's source).

const (
	nameLabel      = "app.kubernetes.io/name"
	managedByLabel = "app.kubernetes.io/managed-by"
	modelNameLabel = "model.juju.is/name"
	modelIDLabel   = "model.juju.is/id"
)

// ModelUUID returns the UUID of a model made here: always the same for a name.
func ModelUUID(model string) string {
	sum := sha256.Sum256([]byte("model " + model))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // version 4, variant 1
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Namespace returns the namespace in which Juju has the objects of a model: the namespace of its
// name, except for the model "controller", whose namespace contains the controller's name.
func Namespace(model string) string {
	if model == "controller" {
		return "controller-test"
	}
	return model
}

// CreateModel makes the namespace of a model. If one of that name was just destroyed, it first
// waits until that is gone.
func (c *Cluster) CreateModel(ctx context.Context, model string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:        Namespace(model),
		Labels:      map[string]string{managedByLabel: "juju", modelNameLabel: model, modelIDLabel: ModelUUID(model)},
		Annotations: map[string]string{modelIDLabel: ModelUUID(model)},
	}}
	namespaces := c.typed.CoreV1().Namespaces()
	_, err := namespaces.Create(ctx, namespace, metav1.CreateOptions{})
	if old, getErr := namespaces.Get(ctx, namespace.Name, metav1.GetOptions{}); apierrors.IsAlreadyExists(err) && getErr == nil && old.DeletionTimestamp != nil {
		err = poll(ctx, c.timeouts.Delete, c.timeouts.Poll, func(ctx context.Context) error {
			_, err := namespaces.Create(ctx, namespace, metav1.CreateOptions{})
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("cannot create model %s: %w", model, err)
	}
	return nil
}

// DestroyModel deletes the namespace of a model, which the namespace controller empties, and
// what its applications have outside of it.
func (c *Cluster) DestroyModel(ctx context.Context, model string) error {
	ofModel := metav1.ListOptions{LabelSelector: modelNameLabel + "=" + model}
	roles, options := c.typed.RbacV1(), metav1.DeleteOptions{}
	err := errors.Join(
		roles.ClusterRoleBindings().DeleteCollection(ctx, options, ofModel),
		roles.ClusterRoles().DeleteCollection(ctx, options, ofModel),
		c.typed.CoreV1().Namespaces().Delete(ctx, Namespace(model), options),
	)
	if err != nil {
		return fmt.Errorf("cannot destroy model %s: %w", model, err)
	}
	return nil
}

// DeployApplication makes what Juju makes for an application that is not trusted: ServiceAccount,
// Role and ClusterRole with their bindings, Services and StatefulSet. It returns the path of a
// kubeconfig with which a charm acts as that ServiceAccount in the model's namespace, valid for a
// day.
func (c *Cluster) DeployApplication(ctx context.Context, model, app string) (kubeconfig string, err error) {
	application := &application{model: model, name: app}
	create := metav1.CreateOptions{FieldManager: "juju"}
	if _, err := c.typed.CoreV1().ServiceAccounts(Namespace(model)).Create(ctx, application.serviceAccount(), create); err != nil {
		return "", application.cannot("deploy", err)
	}
	if err := c.bindRoles(ctx, application); err != nil {
		return "", application.cannot("deploy", err)
	}
	for _, service := range application.services() {
		if _, err := c.typed.CoreV1().Services(Namespace(model)).Create(ctx, service, create); err != nil {
			return "", application.cannot("deploy", err)
		}
	}
	if _, err := c.typed.AppsV1().StatefulSets(Namespace(model)).Create(ctx, application.statefulSet(), create); err != nil {
		return "", application.cannot("deploy", err)
	}
	kubeconfig, err = c.serviceAccountKubeconfig(ctx, application)
	if err != nil {
		return "", application.cannot("deploy", err)
	}
	return kubeconfig, nil
}

func (c *Cluster) serviceAccountKubeconfig(ctx context.Context, a *application) (string, error) {
	day := int64(24 * 60 * 60)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &day}}
	answer, err := c.typed.CoreV1().ServiceAccounts(a.namespace()).CreateToken(ctx, a.name, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("cannot get a token: %w", err)
	}
	path := filepath.Join(c.directory, a.model+"."+a.name+".kubeconfig")
	return path, c.credentials.writeKubeconfig(path, c.server(), a.name, answer.Status.Token, a.namespace())
}

// Trust lets the application do everything, as "juju trust --scope=cluster" does.
func (c *Cluster) Trust(ctx context.Context, model, app string) error {
	return c.setRules(ctx, &application{model: model, name: app, trusted: true})
}

// Untrust removes what Trust gave, as "juju trust --remove" does.
func (c *Cluster) Untrust(ctx context.Context, model, app string) error {
	return c.setRules(ctx, &application{model: model, name: app})
}

func (c *Cluster) setRules(ctx context.Context, a *application) error {
	_, err := c.typed.RbacV1().Roles(a.namespace()).Update(ctx, a.role(), metav1.UpdateOptions{})
	if err != nil {
		return a.cannot("set the trust of", err)
	}
	if _, err = c.typed.RbacV1().ClusterRoles().Update(ctx, a.clusterRole(), metav1.UpdateOptions{}); err != nil {
		return a.cannot("set the trust of", err)
	}
	return nil
}

// bindRoles creates the application's Role and ClusterRole and gives them to
// its ServiceAccount.
func (c *Cluster) bindRoles(ctx context.Context, a *application) error {
	create := metav1.CreateOptions{}
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: a.name, Namespace: a.namespace()}}
	roles := c.typed.RbacV1()
	if _, err := roles.Roles(a.namespace()).Create(ctx, a.role(), create); err != nil {
		return err
	}
	if _, err := roles.ClusterRoles().Create(ctx, a.clusterRole(), create); err != nil {
		return err
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: a.meta(a.name), Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: a.name},
	}
	if _, err := roles.RoleBindings(a.namespace()).Create(ctx, binding, create); err != nil {
		return err
	}
	clusterBinding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: a.clusterMeta(), Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: a.qualifiedName()},
	}
	_, err := roles.ClusterRoleBindings().Create(ctx, clusterBinding, create)
	return err
}

// RemoveApplication deletes what DeployApplication made, the StatefulSet in the foreground as Juju
// does. The garbage collector then deletes what that owns. It is no error if something is gone
// already.
func (c *Cluster) RemoveApplication(ctx context.Context, model, app string) error {
	a := &application{model: model, name: app}
	foreground := metav1.DeletePropagationForeground
	options := metav1.DeleteOptions{PropagationPolicy: &foreground}
	core, roles := c.typed.CoreV1(), c.typed.RbacV1()
	failures := []error{c.typed.AppsV1().StatefulSets(Namespace(model)).Delete(ctx, app, options)}
	for _, service := range a.services() {
		failures = append(failures, core.Services(Namespace(model)).Delete(ctx, service.Name, options))
	}
	failures = append(failures,
		roles.RoleBindings(Namespace(model)).Delete(ctx, app, options),
		roles.Roles(Namespace(model)).Delete(ctx, app, options),
		roles.ClusterRoleBindings().Delete(ctx, a.qualifiedName(), options),
		roles.ClusterRoles().Delete(ctx, a.qualifiedName(), options),
		core.ServiceAccounts(Namespace(model)).Delete(ctx, app, options),
	)
	var joined error
	for _, err := range failures {
		if !apierrors.IsNotFound(err) {
			joined = errors.Join(joined, err)
		}
	}
	if joined != nil {
		return a.cannot("remove", joined)
	}
	return nil
}
