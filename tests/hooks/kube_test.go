package hooks

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// What stands in the cluster: the words of `kube`, and of `cluster` for what
// befalls the cluster itself.

const managedBy = "gateway-api-integrator.charm.juju.is/managed-by"

// resources are the kinds of objects a story can ask for.
var resources = map[string]schema.GroupVersionResource{
	"gateways":       {Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"},
	"httproutes":     {Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"},
	"services":       {Version: "v1", Resource: "services"},
	"secrets":        {Version: "v1", Resource: "secrets"},
	"endpointslices": {Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
}

var gatewayClasses = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"}

// traefikController is the one controller of Gateways there is.
const traefikController = "traefik.io/gateway-controller"

// objects prints the names of the application's objects, by kind.
func (s *story) objects(ctx context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	for _, app := range s.deployed {
		names, err := s.lab.Objects(ctx, app)
		if err != nil {
			return err
		}
		for _, name := range names {
			s.print("%s", name)
		}
	}
	return nil
}

// get prints the application's objects of a kind, in YAML, without what the API
// server adds. Certificates and keys are in words.
func (s *story) get(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	resource, ok := resources[args[0]]
	if !ok {
		return fmt.Errorf("%w: no kind %q", errUsage, args[0])
	}
	list, err := s.lab.Cluster.Dynamic().Resource(resource).Namespace(s.lab.Namespace()).List(ctx, metav1.ListOptions{LabelSelector: managedBy})
	if err != nil {
		return err
	}
	separator := ""
	for _, item := range list.Items {
		if len(args) > 1 && !slices.Contains(args[1:], item.GetName()) {
			continue
		}
		text, err := readable(item)
		if err != nil {
			return err
		}
		fmt.Fprint(s.out, separator, text)
		separator = "---\n"
	}
	if separator == "" {
		return fmt.Errorf("no %s in %s", strings.Join(args, " "), s.lab.Model)
	}
	return nil
}

// readable returns an object's YAML: what was asked for, not what became of it.
func readable(object unstructured.Unstructured) (string, error) {
	for _, path := range [][]string{
		{"status"},
		{"metadata", "creationTimestamp"},
		{"metadata", "generation"},
		{"metadata", "managedFields"},
		{"metadata", "resourceVersion"},
		{"metadata", "uid"},
		{"spec", "clusterIP"},
		{"spec", "clusterIPs"},
	} {
		unstructured.RemoveNestedField(object.Object, path...)
	}
	owners := object.GetOwnerReferences()
	for i := range owners {
		owners[i].UID = "…"
	}
	object.SetOwnerReferences(owners)
	if object.GetKind() == "Secret" {
		if err := readableSecret(object); err != nil {
			return "", err
		}
	}
	text, err := yaml.Marshal(object.Object)
	return string(text), err
}

// readableSecret says in words which certificates a Secret holds, and whether
// the key is theirs.
func readableSecret(object unstructured.Unstructured) error {
	data, _, err := unstructured.NestedStringMap(object.Object, "data")
	if err != nil {
		return err
	}
	content := map[string][]byte{}
	for key, value := range data {
		if content[key], err = base64.StdEncoding.DecodeString(value); err != nil {
			return err
		}
		data[key] = redactPEM(string(content[key]))
	}
	if _, err := tls.X509KeyPair(content["tls.crt"], content["tls.key"]); err != nil {
		return fmt.Errorf("secret %s: %w", object.GetName(), err)
	}
	return unstructured.SetNestedStringMap(object.Object, data, "data")
}

// deleteKind deletes an object, as somebody who meddles does.
func (s *story) deleteKind(ctx context.Context, args []string) error {
	var kind, name string
	if err := exactly(args, &kind, &name); err != nil {
		return err
	}
	return s.cluster.Dynamic().Resource(resources[kind]).Namespace(s.lab.Namespace()).Delete(ctx, name, metav1.DeleteOptions{})
}

// makeObject makes an object as another field manager does, and replaces what is there.
func (s *story) makeObject(ctx context.Context, args []string) error {
	var manager, kind, file string
	if err := exactly(args, &manager, &kind, &file); err != nil {
		return err
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(s.script.ReadFile(file)), &object.Object); err != nil {
		return err
	}
	client := s.cluster.Dynamic().Resource(resources[kind]).Namespace(s.lab.Model)
	if err := client.Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	_, err := client.Create(ctx, object, metav1.CreateOptions{FieldManager: manager})
	return err
}

// there prints an object, whosever it is.
func (s *story) there(ctx context.Context, args []string) error {
	var kind, name string
	if err := exactly(args, &kind, &name); err != nil {
		return err
	}
	object, err := s.cluster.Dynamic().Resource(resources[kind]).Namespace(s.lab.Model).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, field := range []string{"creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	text, err := yaml.Marshal(object.Object)
	s.print("%s", strings.TrimSpace(string(text)))
	return err
}

// awaitNone waits until Kubernetes has collected the application's objects.
// awaitLeft waits until an application that has moved to another host has left the old one,
// which takes some seconds and an event.
func (s *story) awaitLeft(ctx context.Context, args []string) error {
	var host string
	if err := exactly(args, &host); err != nil {
		return err
	}
	app := s.deployed[0]
	return s.lab.Await(ctx, app, func() error {
		gateway, err := s.lab.Cluster.Dynamic().Resource(resources["gateways"]).Namespace(s.lab.Model).Get(ctx, app, metav1.GetOptions{})
		if err != nil {
			return err
		}
		listeners, _, err := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
		for _, listener := range listeners {
			name, _, _ := unstructured.NestedString(listener.(map[string]any), "hostname")
			below, all := strings.CutPrefix(host, "*")
			if name == host || all && strings.HasSuffix(name, below) {
				return fmt.Errorf("the Gateway still listens for %q", name)
			}
		}
		return err
	})
}

func (s *story) awaitNone(ctx context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	return cluster.Eventually(ctx, lab.Patience, func(ctx context.Context) error {
		for _, app := range s.deployed {
			names, err := s.lab.Objects(ctx, app)
			if err == nil && len(names) > 0 {
				err = fmt.Errorf("there still is %s", strings.Join(names, ", "))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// requests prints what the applications have asked of the API server since the
// mark, counted.
func (s *story) requests(_ context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	for _, app := range s.deployed {
		counts, err := s.cluster.RequestCount(cluster.ServiceAccount(s.lab.Model, app))
		if err != nil {
			return err
		}
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			s.print("%d %s", counts[what], what)
		}
	}
	return nil
}

func (s *story) installCRDs(ctx context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	if err := s.cluster.InstallCRDs(ctx, cluster.DefaultBundle); err != nil {
		return err
	}
	return s.cluster.StartTraefik(ctx)
}

// removeCRDs takes the Gateway API away, and Traefik, which cannot do without.
func (s *story) removeCRDs(ctx context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	s.cluster.StopTraefik()
	return s.cluster.RemoveCRDs(ctx)
}

func (s *story) stopAPIServer(_ context.Context, args []string) error {
	s.cluster.StopAPIServer()
	return exactly(args)
}

func (s *story) startAPIServer(ctx context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	return s.cluster.StartAPIServer(ctx)
}

// createClass makes a GatewayClass, and waits until the one controller there is
// has accepted it if it is its own.
func (s *story) createClass(ctx context.Context, args []string) error {
	var name, controller string
	if err := exactly(args, &name, &controller); err != nil {
		return err
	}
	if err := s.cluster.CreateGatewayClass(ctx, name, controller); err != nil || controller != traefikController {
		return err
	}
	return cluster.Eventually(ctx, lab.Patience, func(ctx context.Context) error {
		class, err := s.cluster.Dynamic().Resource(gatewayClasses).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions, _, err := unstructured.NestedSlice(class.Object, "status", "conditions")
		if err != nil {
			return err
		}
		for _, condition := range conditions {
			if c, _ := condition.(map[string]any); c["type"] == "Accepted" && c["status"] == "True" {
				return nil
			}
		}
		return fmt.Errorf("class %s is not accepted", name)
	})
}

func (s *story) deleteClass(ctx context.Context, args []string) error {
	var name string
	if err := exactly(args, &name); err != nil {
		return err
	}
	return s.cluster.DeleteGatewayClass(ctx, name)
}

// deployInCluster makes what Juju makes in the cluster for a trusted application,
// without telling the simulated Juju, and points $KUBECONFIG at the cluster.
func (s *story) deployInCluster(ctx context.Context, args []string) error {
	var app string
	if err := exactly(args, &app); err != nil {
		return err
	}
	kubeconfig, err := s.cluster.DeployApplication(ctx, s.lab.Model, app)
	if err != nil {
		return err
	}
	s.script.Setenv("KUBECONFIG", kubeconfig)
	return s.cluster.Trust(ctx, s.lab.Model, app)
}

func (s *story) removeInCluster(ctx context.Context, args []string) error {
	var app string
	if err := exactly(args, &app); err != nil {
		return err
	}
	return s.cluster.RemoveApplication(ctx, s.lab.Model, app)
}
