package cluster

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// application knows the objects that Juju makes for one application.
type application struct {
	model, name string
	trusted     bool
}

func (a *application) namespace() string { return Namespace(a.model) }

func (a *application) cannot(verb string, err error) error {
	return fmt.Errorf("cannot %s application %s in model %s: %w", verb, a.name, a.model, err)
}

func (a *application) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: a.namespace(),
		Labels:      map[string]string{nameLabel: a.name, managedByLabel: "juju"},
		Annotations: map[string]string{modelIDLabel: ModelUUID(a.model)},
	}
}

// qualifiedName names the application's objects outside any namespace.
func (a *application) qualifiedName() string { return a.model + "-" + a.name }

func (a *application) clusterMeta() metav1.ObjectMeta {
	meta := a.meta(a.qualifiedName())
	meta.Namespace = ""
	meta.Labels[modelNameLabel] = a.model
	return meta
}

func (a *application) serviceAccount() *corev1.ServiceAccount {
	mount := false
	return &corev1.ServiceAccount{ObjectMeta: a.meta(a.name), AutomountServiceAccountToken: &mount}
}

// everything is what "juju trust --scope=cluster" grants.
func everything() []rbacv1.PolicyRule {
	all := []string{"*"}
	return []rbacv1.PolicyRule{{APIGroups: all, Resources: all, Verbs: all}}
}

func (a *application) role() *rbacv1.Role {
	rules := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"namespaces"}, ResourceNames: []string{a.namespace()}, Verbs: []string{"get", "list"}},
		{APIGroups: []string{""}, Resources: []string{"pods", "services"}, Verbs: []string{"get", "list", "patch"}},
		{APIGroups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"create"}},
	}
	if a.trusted {
		rules = everything()
	}
	return &rbacv1.Role{ObjectMeta: a.meta(a.name), Rules: rules}
}

func (a *application) clusterRole() *rbacv1.ClusterRole {
	rules := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get", "list"}}}
	if a.trusted {
		rules = everything()
	}
	return &rbacv1.ClusterRole{ObjectMeta: a.clusterMeta(), Rules: rules}
}

// services are the two of every sidecar application: <app>, which has a port
// only because a Service needs one, and the headless <app>-endpoints.
func (a *application) services() []*corev1.Service {
	selector := map[string]string{nameLabel: a.name}
	return []*corev1.Service{
		{
			ObjectMeta: a.meta(a.name),
			Spec: corev1.ServiceSpec{
				Type: corev1.ServiceTypeClusterIP, Selector: selector,
				Ports: []corev1.ServicePort{{Name: "placeholder", Port: 65535}},
			},
		},
		{
			ObjectMeta: a.meta(a.name + "-endpoints"),
			Spec: corev1.ServiceSpec{
				Type: corev1.ServiceTypeClusterIP, ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true, Selector: selector,
			},
		},
	}
}

// statefulSet is of Juju's shape. No controller makes its pods; AddPod does.
func (a *application) statefulSet() *appsv1.StatefulSet {
	replicas := int32(1)
	labels := map[string]string{nameLabel: a.name}
	return &appsv1.StatefulSet{
		ObjectMeta: a.meta(a.name),
		Spec: appsv1.StatefulSetSpec{
			Replicas:            &replicas,
			ServiceName:         a.name + "-endpoints",
			PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector:            &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					ServiceAccountName: a.name,
					InitContainers:     []corev1.Container{{Name: "charm-init", Image: "docker.io/jujusolutions/jujud-operator:3.6.0"}},
					Containers: []corev1.Container{{
						Name: "charm", Image: "docker.io/jujusolutions/charm-base:ubuntu-24.04",
						StartupProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
							HTTPGet: &corev1.HTTPGetAction{Path: "/startup", Port: intstr.FromInt32(3856)},
						}},
					}},
				},
			},
		},
	}
}
