package kube

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// seen returns a Gateway as a controller leaves it.
func seen(generation int64, address string, judged ...int64) *gatewayv1.Gateway {
	object := gateway("gw", "a")
	object.Spec.Listeners = nil
	object.Generation = generation
	object.ResourceVersion = "41"
	if address != "" {
		object.Status.Addresses = []gatewayv1.GatewayStatusAddress{{Type: ptr.To(gatewayv1.IPAddressType), Value: address}}
	}
	for _, observed := range judged {
		object.Status.Conditions = append(object.Status.Conditions, metav1.Condition{
			Type: "Programmed", Status: metav1.ConditionTrue, ObservedGeneration: observed,
		})
	}
	return object
}

// listening adds what the controller says of a listener.
func listening(object *gatewayv1.Gateway, judged ...int64) *gatewayv1.Gateway {
	listener := gatewayv1.ListenerStatus{Name: "gw-a"}
	for _, observed := range judged {
		listener.Conditions = append(listener.Conditions, metav1.Condition{Type: "Accepted", ObservedGeneration: observed})
	}
	object.Spec.Listeners = append(object.Spec.Listeners, gatewayv1.Listener{Name: "gw-a"})
	object.Status.Listeners = append(object.Status.Listeners, listener)
	return object
}

// born adds a condition as the CRD gives it to a new Gateway.
func born(object *gatewayv1.Gateway) *gatewayv1.Gateway {
	object.Status.Conditions = append(object.Status.Conditions, metav1.Condition{
		Type: "Accepted", Status: metav1.ConditionUnknown, Reason: "Pending", Message: "Waiting for controller",
	})
	return object
}

// event is a line of a watch.
type event struct {
	Type   string `json:"type"`
	Object any    `json:"object"`
}

// watched answers a watch with the events, and then leaves it open or ends it.
func watched(open bool, events ...event) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if query.Get("watch") != "true" || query.Get("labelSelector") != testLabel+"=gw" || query.Get("resourceVersion") != "41" {
			http.Error(w, "a strange query: "+r.URL.RawQuery, http.StatusBadRequest)
			return
		}
		for _, event := range events {
			reply(w, http.StatusOK, event)
		}
		w.(http.Flusher).Flush()
		if open {
			hang(w, r)
		}
	}
}

// written is a snapshot in which the objects were written just now.
func written(t *testing.T, objects ...Object) (*Snapshot, []Change) {
	t.Helper()
	snapshot := newSnapshot()
	var changes []Change
	for _, object := range objects {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			t.Fatal(err)
		}
		kind := object.GetObjectKind().GroupVersionKind().Kind
		snapshot.live[key{kind, object.GetName()}] = &unstructured.Unstructured{Object: content}
		snapshot.versions[kind] = "41"
		changes = append(changes, Change{kind, object.GetName(), Created})
	}
	if err := snapshot.convert("gw"); err != nil {
		t.Fatal(err)
	}
	return snapshot, changes
}

func TestAwaitGateway(t *testing.T) {
	t.Parallel()
	fresh, last := seen(1, ""), seen(9, "")
	// What is not enough is seen, then something else, and then the watch ends.
	watchedTwice := func(object *gatewayv1.Gateway) http.HandlerFunc {
		return watched(false, event{"MODIFIED", object}, event{"MODIFIED", last})
	}
	// With these limits a test ends by the event or fails by go test's own
	// time limit.
	const long, short = time.Hour, 100 * time.Millisecond
	tests := map[string]struct {
		answer http.HandlerFunc
		limit  time.Duration
		want   *gatewayv1.Gateway
	}{
		"the address comes": {watched(true, event{"MODIFIED", seen(1, "", 1)}, event{"MODIFIED", seen(1, "10.0.0.1", 1)}), long, seen(1, "10.0.0.1", 1)},
		"the listeners come last": {watched(
			true, event{"MODIFIED", listening(seen(1, "10.0.0.1", 1))}, event{"MODIFIED", listening(seen(1, "10.0.0.1", 1), 1)},
		), long, listening(seen(1, "10.0.0.1", 1), 1)},
		"nothing comes":                       {watched(true), short, fresh},
		"an address without a verdict":        {watchedTwice(seen(1, "10.0.0.1")), long, last},
		"a verdict on the generation before":  {watchedTwice(seen(2, "10.0.0.1", 1)), long, last},
		"one verdict on the generation":       {watchedTwice(seen(2, "10.0.0.1", 2, 1)), long, last},
		"a listener's verdict on that before": {watchedTwice(listening(seen(2, "10.0.0.1", 2), 1)), long, last},
		"a listener without a verdict":        {watchedTwice(listening(seen(2, "10.0.0.1", 2))), long, last},
		"as it is born":                       {watchedTwice(born(seen(2, "10.0.0.1"))), long, last},
		"one verdict beside what it is born":  {watchedTwice(born(seen(2, "10.0.0.1", 2))), long, last},
		"one verdict undated, one old":        {watchedTwice(seen(2, "10.0.0.1", 0, 1)), long, last},
		"no answer":                           {hang, short, fresh},
		"busy": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "3600")
			refuse(http.StatusTooManyRequests, "TooManyRequests", "later")(w, r)
		}, short, fresh},
		"refused":               {forbidden(), long, fresh},
		"ended":                 {watched(false, event{"MODIFIED", seen(1, "", 1)}), long, seen(1, "", 1)},
		"deleted":               {watched(true, event{"DELETED", seen(1, "10.0.0.1", 1)}), short, fresh},
		"an error in the watch": {watched(true, event{"ERROR", status(http.StatusGone, "Expired", "too old resource version")}), long, fresh},
		"something else":        {watched(true, event{"MODIFIED", map[string]any{"kind": "Gateway", "apiVersion": "v1", "spec": "?"}}), short, fresh},
		"garbage":               {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusOK) }, long, fresh},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.answer("GET "+gatewaysPath, test.answer)
			started := time.Now()
			snapshot, changes := written(t, fresh)
			s.client(t).Await(t.Context(), snapshot, changes, test.limit)
			got := snapshot.Gateway
			if took := time.Since(started); test.limit == short && took < short {
				t.Errorf("gave up after %v, want %v", took, short)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Gateway (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAwaitNeedsNoRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	// Not every controller says which generation it speaks of.
	for _, settled := range []*gatewayv1.Gateway{
		seen(1, "10.0.0.1", 1), listening(seen(2, "10.0.0.1", 0), 0), listening(seen(2, "10.0.0.1", 2, 0), 0, 2),
	} {
		snapshot, changes := written(t, settled)
		s.client(t).Await(t.Context(), snapshot, changes, time.Hour)
	}
	// One that was there without an address is only to be judged.
	snapshot, changes := written(t, seen(1, "", 1))
	changes[0].Action = Configured
	s.client(t).Await(t.Context(), snapshot, changes, time.Hour)
	snapshot, changes = written(t, httpRoute("gw-web"))
	changes[0].Action = Deleted
	s.client(t).Await(t.Context(), snapshot, changes, time.Hour)
	if len(s.requests) != 0 {
		t.Errorf("got requests %v, want none", s.requests)
	}
}

func TestAwaitStops(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.answer("GET "+gatewaysPath, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		cancel()
		hang(w, r)
	})
	snapshot, changes := written(t, seen(1, ""))
	s.client(t).Await(ctx, snapshot, changes, time.Hour)
}

// judgedAt is a route as a controller leaves it.
func judgedAt(generation int64, version string, observed ...int64) *gatewayv1.HTTPRoute {
	object := httpRoute("gw-web")
	object.Generation, object.ResourceVersion = generation, version
	object.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: "gw", SectionName: ptr.To(gatewayv1.SectionName("gw-a"))}}
	for _, generation := range observed {
		object.Status.Parents = append(object.Status.Parents, gatewayv1.RouteParentStatus{
			ParentRef: object.Spec.ParentRefs[0], ControllerName: "example.com/controller",
			Conditions: []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionTrue, ObservedGeneration: generation}},
		})
	}
	return object
}

// A watch begins with changes from before our own writes: these are not news.
func TestAwaitRoute(t *testing.T) {
	t.Parallel()
	fresh, want := judgedAt(2, "50", 1), judgedAt(2, "52", 1, 2)
	s := newServer(t)
	s.answer("GET "+routesPath, func(w http.ResponseWriter, r *http.Request) {
		for _, object := range []*gatewayv1.HTTPRoute{judgedAt(1, "42", 1), judgedAt(2, "49", 2), want} {
			reply(w, http.StatusOK, event{"MODIFIED", object})
		}
		w.(http.Flusher).Flush()
		hang(w, r)
	})
	snapshot, changes := written(t, fresh)
	s.client(t).Await(t.Context(), snapshot, changes, time.Hour)
	if diff := cmp.Diff([]gatewayv1.HTTPRoute{*want}, snapshot.Routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

// Of two kinds that were written, each is waited for.
func TestAwaitBoth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.answer("GET "+gatewaysPath, watched(false, event{"MODIFIED", seen(1, "10.0.0.1", 1)}))
	s.answer("GET "+routesPath, watched(false, event{"MODIFIED", judgedAt(1, "51", 1)}))
	snapshot, changes := written(t, seen(1, ""), judgedAt(1, "50"))
	s.client(t).Await(t.Context(), snapshot, changes, time.Hour)
	if !gatewaySettled(snapshot.Gateway) || !routeSettled(&snapshot.Routes[0]) {
		t.Errorf("seen: %v, %v", snapshot.Gateway.Status, snapshot.Routes[0].Status)
	}
}
