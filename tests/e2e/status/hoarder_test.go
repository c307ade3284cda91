package status_test

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

const hoarderClass, hoarderName = "hoarder", "example.com/hoarder"

var httpRoutes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}

// A hoarder is a controller that accepts everything in a namespace, and that never removes
// an entry of a route's status.parents, as Cilium up to 1.19 never does: the entry of a
// parent that the route names no more stays as it was. The API server takes 32 of them.
type hoarder struct {
	namespace string
	stop      func()

	mu   sync.Mutex
	most int    // entries that one route has had
	of   string // the route
	err  error  // the last failure, nil once all went well
}

func startHoarder(t *testing.T, namespace string) *hoarder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	h := &hoarder{namespace: namespace}
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			err := h.judge(ctx)
			h.mu.Lock()
			h.err = err
			h.mu.Unlock()
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	h.stop = func() { cancel(); running.Wait() }
	t.Cleanup(h.stop)
	return h
}

func (h *hoarder) judge(ctx context.Context) error {
	list, err := shared.Dynamic().Resource(gateways).Namespace(h.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, object := range list.Items {
		var gateway gatewayv1.Gateway
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &gateway); err != nil {
			return err
		}
		if judged(gateway.Status.Conditions, gateway.Generation) {
			continue
		}
		kind := gatewayv1.IPAddressType
		status := gatewayv1.GatewayStatus{
			Addresses:  []gatewayv1.GatewayStatusAddress{{Type: &kind, Value: address}},
			Conditions: approved(gateway.Generation, "Accepted", "Programmed"),
		}
		for _, listener := range gateway.Spec.Listeners {
			status.Listeners = append(status.Listeners, gatewayv1.ListenerStatus{
				Name: listener.Name, Conditions: approved(gateway.Generation, "Accepted", "Programmed", "ResolvedRefs"),
			})
		}
		if err := writeStatus(ctx, gateways, object, &status); err != nil {
			return err
		}
	}
	list, err = shared.Dynamic().Resource(httpRoutes).Namespace(h.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, object := range list.Items {
		if err := h.judgeRoute(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

func (h *hoarder) judgeRoute(ctx context.Context, object unstructured.Unstructured) error {
	var route gatewayv1.HTTPRoute
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &route); err != nil {
		return err
	}
	changed := false
	for _, parent := range route.Spec.ParentRefs {
		entry := gatewayv1.RouteParentStatus{
			ParentRef: parent, ControllerName: hoarderName, Conditions: approved(route.Generation, "Accepted", "ResolvedRefs"),
		}
		known := false
		for i, old := range route.Status.Parents {
			if !reflect.DeepEqual(old.ParentRef, parent) {
				continue
			}
			known = true
			if !judged(old.Conditions, route.Generation) {
				route.Status.Parents[i], changed = entry, true
			}
		}
		if !known {
			route.Status.Parents, changed = append(route.Status.Parents, entry), true
		}
	}
	h.mu.Lock()
	if n := len(route.Status.Parents); n > h.most {
		h.most, h.of = n, route.Name
	}
	h.mu.Unlock()
	if !changed {
		return nil
	}
	return writeStatus(ctx, httpRoutes, object, &route.Status)
}

func judged(conditions []metav1.Condition, generation int64) bool {
	return len(conditions) > 0 && conditions[0].ObservedGeneration == generation
}

func approved(generation int64, types ...string) []metav1.Condition {
	var all []metav1.Condition
	for _, kind := range types {
		all = append(all, metav1.Condition{
			Type: kind, Status: metav1.ConditionTrue, Reason: kind, ObservedGeneration: generation, LastTransitionTime: metav1.Now(),
		})
	}
	return all
}

func writeStatus(ctx context.Context, kind schema.GroupVersionResource, object unstructured.Unstructured, status any) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(status)
	if err != nil {
		return err
	}
	object.Object["status"] = content
	_, err = shared.Dynamic().Resource(kind).Namespace(object.GetNamespace()).UpdateStatus(ctx, &object, metav1.UpdateOptions{})
	return err
}

// TestManyHostsInARow changes the host again and again, which is two parents in a row for
// whatever names the host's listeners. No object remembers more than a few of them.
func TestManyHostsInARow(t *testing.T) {
	ctx := context.Background()
	if err := shared.CreateGatewayClass(ctx, hoarderClass, hoarderName); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.DeleteGatewayClass(ctx, hoarderClass) })
	f := newFixture(t, "hoarded", map[string]any{"gateway-class": hoarderClass})
	f.judge(hoarderClass, metav1.ConditionTrue, "Accepted", "it takes all")
	h := startHoarder(t, f.Model)
	f.await(active)
	for i := range 24 {
		host := fmt.Sprintf("h%d.hoarded.example.com", i)
		f.configure("external-hostname", host)
		f.await(active)
		if got, want := f.app.URL(charm), "https://"+host+"/hoarded-web"; got != want {
			t.Errorf("published %s, not %s", got, want)
		}
	}
	f.must(cluster.Eventually(ctx, 30*time.Second, func(context.Context) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.err
	}))
	h.stop()
	t.Logf("%s has had %d entries of status.parents", h.of, h.most)
	if h.most == 0 || h.most > 4 {
		t.Errorf("%s has had %d entries of status.parents", h.of, h.most)
	}
	routes, err := shared.Dynamic().Resource(httpRoutes).Namespace(f.Model).List(ctx, metav1.ListOptions{})
	f.must(err)
	if len(routes.Items) > 4 {
		t.Errorf("there are %d routes for one application at one host, or two", len(routes.Items))
	}
}
