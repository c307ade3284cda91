package bench_test

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

const (
	className      = "bench"
	controllerName = "example.com/bench"
	gatewayAddress = "10.43.45.1"
)

var (
	classes        = schema.GroupVersionResource{Group: gatewayv1.GroupName, Version: "v1", Resource: "gatewayclasses"}
	gateways       = schema.GroupVersionResource{Group: gatewayv1.GroupName, Version: "v1", Resource: "gateways"}
	routes         = schema.GroupVersionResource{Group: gatewayv1.GroupName, Version: "v1", Resource: "httproutes"}
	services       = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	secrets        = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	endpointSlices = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
)

// createClass makes the GatewayClass, accepted.
func createClass(ctx context.Context, c *cluster.Cluster) error {
	if err := c.CreateGatewayClass(ctx, className, controllerName); err != nil {
		return err
	}
	object, err := c.Dynamic().Resource(classes).Get(ctx, className, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("cannot read the GatewayClass: %w", err)
	}
	return writeStatus(ctx, c, classes, object, gatewayv1.GatewayClassStatus{Conditions: conditions(object, "Accepted")})
}

// A controller stands for that of a GatewayClass in one namespace. It accepts
// Gateways as soon as they are written, for which a hook waits; routes only when it is
// told to (acceptRoutes), so that its work is not timed with the hook's.
type controller struct {
	cluster   *cluster.Cluster
	namespace string
	cancel    context.CancelFunc
	running   sync.WaitGroup
}

func startController(c *cluster.Cluster, namespace string) *controller {
	ctx, cancel := context.WithCancel(context.Background())
	k := &controller{cluster: c, namespace: namespace, cancel: cancel}
	k.running.Go(func() {
		for ctx.Err() == nil {
			// The API server ends a watch now and then. Whoever waits in vain for
			// what was not accepted says so.
			_ = k.acceptGateways(ctx)
		}
	})
	return k
}

func (k *controller) stop() {
	k.cancel()
	k.running.Wait()
}

// acceptGateways accepts those there are, and those that come while the watch lasts.
func (k *controller) acceptGateways(ctx context.Context) error {
	watcher, err := k.cluster.Dynamic().Resource(gateways).Namespace(k.namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok || event.Type == watch.Deleted {
			continue
		}
		var gateway gatewayv1.Gateway
		if err := decode(object, &gateway); err != nil {
			return err
		}
		if isJudged(gateway.Status.Conditions, gateway.Generation) {
			continue
		}
		if err := writeStatus(ctx, k.cluster, gateways, object, gatewayStatus(&gateway, object)); err != nil {
			return err
		}
	}
	return nil
}

func gatewayStatus(gateway *gatewayv1.Gateway, object *unstructured.Unstructured) gatewayv1.GatewayStatus {
	kind := gatewayv1.IPAddressType
	status := gatewayv1.GatewayStatus{
		Addresses:  []gatewayv1.GatewayStatusAddress{{Type: &kind, Value: gatewayAddress}},
		Conditions: conditions(object, "Accepted", "Programmed"),
	}
	group := gatewayv1.Group(gatewayv1.GroupName)
	for _, listener := range gateway.Spec.Listeners {
		status.Listeners = append(status.Listeners, gatewayv1.ListenerStatus{
			Name:           listener.Name,
			SupportedKinds: []gatewayv1.RouteGroupKind{{Group: &group, Kind: "HTTPRoute"}},
			Conditions:     conditions(object, "Accepted", "Programmed", "ResolvedRefs"),
		})
	}
	return status
}

// acceptRoutes accepts every HTTPRoute that has not been at its present generation.
func (k *controller) acceptRoutes(ctx context.Context) error {
	list, err := k.cluster.Dynamic().Resource(routes).Namespace(k.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("cannot list routes: %w", err)
	}
	var jobs errgroup.Group
	jobs.SetLimit(16)
	for _, object := range list.Items {
		var route gatewayv1.HTTPRoute
		if err := decode(&object, &route); err != nil {
			return err
		}
		if parents := route.Status.Parents; len(parents) > 0 && isJudged(parents[0].Conditions, route.Generation) {
			continue
		}
		var status gatewayv1.HTTPRouteStatus
		for _, parent := range route.Spec.ParentRefs {
			status.Parents = append(status.Parents, gatewayv1.RouteParentStatus{
				ParentRef: parent, ControllerName: controllerName, Conditions: conditions(&object, "Accepted", "ResolvedRefs"),
			})
		}
		jobs.Go(func() error { return writeStatus(ctx, k.cluster, routes, &object, status) })
	}
	return jobs.Wait()
}

// conditions are true conditions of an object at its present generation.
func conditions(object *unstructured.Unstructured, types ...string) []metav1.Condition {
	var all []metav1.Condition
	for _, kind := range types {
		all = append(all, metav1.Condition{
			Type: kind, Status: metav1.ConditionTrue, Reason: kind, ObservedGeneration: object.GetGeneration(),
			LastTransitionTime: metav1.Now(),
		})
	}
	return all
}

func isJudged(conditions []metav1.Condition, generation int64) bool {
	return len(conditions) > 0 && conditions[0].ObservedGeneration == generation
}

func decode(object *unstructured.Unstructured, into any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
		return fmt.Errorf("cannot read %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

func writeStatus[S any](ctx context.Context, c *cluster.Cluster, kind schema.GroupVersionResource, object *unstructured.Unstructured, status S) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&status)
	if err != nil {
		return fmt.Errorf("cannot write the status of %s: %w", object.GetName(), err)
	}
	object = object.DeepCopy()
	object.Object["status"] = content
	if _, err := c.Dynamic().Resource(kind).Namespace(object.GetNamespace()).UpdateStatus(ctx, object, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("cannot write the status of %s: %w", object.GetName(), err)
	}
	return nil
}
