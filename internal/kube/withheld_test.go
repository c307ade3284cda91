package kube

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// TestNothingStaysForTheGatewayAsAWhole: a route that names no listener has none whose name could
// have changed.
func TestNothingStaysForTheGatewayAsAWhole(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	wanted := []Object{gateway("gw", "a"), httpRoute("r")}
	if _, _, _, err := run(t, s, append(wanted, service("v", 80))...); err != nil {
		t.Fatal(err)
	}
	s.judgeGateway(2, 1)
	changes, _, _, err := run(t, s, wanted...)
	if check(t, "changes", changes, "Service/v deleted"); err != nil {
		t.Error(err)
	}
}

// TestGatewayIsWrittenBehindARename: as soon as its listeners have their next names, other changes
// of the Gateway wait for no route.
func TestGatewayIsWrittenBehindARename(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, gateway("gw", "a"))
	s.hasApplied(t, routesPath, attached("web", "gw-a", "gw-listener"))
	s.judgeGateway(2, 1)
	s.judge("web", 2, 1)
	_, written, _, err := run(t, s, gateway("gw", "a", "b"), attached("web", "gw-a"))
	if check(t, "written", written, "PATCH gateways/gw"); err != nil {
		t.Error(err)
	}
}

// TestRoutesToTheUnprotected: while a policy cannot be written no route leads to its Service,
// although that exists.
func TestRoutesToTheUnprotected(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, servicesPath, service("tls", 80))
	s.answer("PATCH "+policiesPath+"/tls", refuse(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "no good"))
	changes, _, _, err := run(t, s, both()...)
	if err == nil {
		t.Error("no error")
	}
	check(t, "changes", changes, "ConfigMap/ca created", "Service/plain created", "HTTPRoute/plain created")
}

// TestDeletedMeanwhile: what was deleted since it was read is made again.
func TestDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, gateway("gw", "a"))
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	delete(s.objects, gatewaysPath+"/gw")
	s.written()
	if _, _, err := client.Apply(t.Context(), snapshot, []Object{gateway("gw", "b")}); err != nil {
		t.Fatal(err)
	}
	check(t, "written", s.written(), "PATCH gateways/gw", "PATCH gateways/gw")
	if s.objects[gatewaysPath+"/gw"] == nil {
		t.Error("it is not there")
	}
}

// TestSilenceEndsPruning: if the API server does not answer, no more requests are sent.
func TestSilenceEndsPruning(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, routesPath, routeTo("r", "v"))
	s.hasApplied(t, secretsPath, secret("old"))
	s.answer("DELETE "+routesPath+"/r", hang)
	client := s.impatientClient(t, 500*time.Millisecond)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.written()
	if _, _, err := client.Apply(t.Context(), snapshot, nil); !isOutage(err) {
		t.Errorf("got %v", err)
	}
	check(t, "written", slices.Compact(s.written()), "DELETE httproutes/r")
}

// TestConfigIsNotChanged: the caller may go on using it.
func TestConfigIsNotChanged(t *testing.T) {
	t.Parallel()
	config := &rest.Config{Host: "http://127.0.0.1:1"}
	if _, err := NewClient(config, Options{}); err != nil {
		t.Fatal(err)
	}
	if config.Timeout != 0 || config.UserAgent != "" {
		t.Errorf("%+v", config)
	}
}

// TestLaterIsSeen: a watch also reports changes from before our own writes.
func TestLaterIsSeen(t *testing.T) {
	t.Parallel()
	version := func(generation int64, version string) *unstructured.Unstructured {
		object := applied(t, gateway("gw", "a"))
		object.SetGeneration(generation)
		object.SetResourceVersion(version)
		return object
	}
	another := version(2, "50")
	another.SetUID("another")
	for name, c := range map[string]struct {
		object *unstructured.Unstructured
		want   bool
	}{
		"the same":               {version(2, "41"), true},
		"later":                  {version(2, "42"), true},
		"earlier":                {version(2, "40"), false},
		"earlier, of one digit":  {version(2, "9"), false},
		"later, of three digits": {version(2, "100"), true},
		"an older generation":    {version(1, "42"), false},
		"of no order":            {version(2, "x"), true},
		"another of its name":    {another, false},
	} {
		snapshot := newSnapshot()
		snapshot.live[key{"Gateway", "gw"}] = version(2, "41")
		if got := snapshot.update(c.object); got != c.want || (snapshot.live[key{"Gateway", "gw"}] == c.object) != c.want {
			t.Errorf("%s: seen %t", name, got)
		}
	}
}

// TestRequestsTellWhoAsks: the API server keeps it in its audit log.
func TestRequestsTellWhoAsks(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	asks := make(chan string, 1)
	s.answer("GET "+classesPath, func(w http.ResponseWriter, r *http.Request) {
		asks <- r.UserAgent()
		reply(w, http.StatusOK, s.list(classesPath, r.URL.Query()))
	})
	if _, err := s.client(t).Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-asks; got != "gateway-api-integrator" {
		t.Errorf("%q asks", got)
	}
}

// TestWatchesBeginWhereListsEnd: what happens between the two is seen.
func TestWatchesBeginWhereListsEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, gateway("gw", "a"))
	asked := make(chan string, 2)
	s.answer("GET "+gatewaysPath, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") == "true" {
			asked <- r.URL.Query().Get("resourceVersion")
			return
		}
		list := s.list(gatewaysPath, r.URL.Query())
		list["metadata"] = map[string]any{"resourceVersion": "4711"}
		reply(w, http.StatusOK, list)
	})
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client.Await(t.Context(), snapshot, []Change{{"Gateway", "gw", Configured}}, time.Minute)
	if got := <-asked; got != "4711" {
		t.Errorf("the watch begins at %q", got)
	}
}

// TestNothingToLookFor: what the snapshot has is not found again, nor found to be ours.
func TestNothingToLookFor(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, gateway("gw", "a"))
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.requests = nil
	foreign, own, err := client.FindForeign(t.Context(), snapshot, []Object{gateway("gw", "a")})
	if len(foreign) > 0 || own || err != nil || len(s.requests) > 0 {
		t.Errorf("%v, own %t, %v, %d requests", foreign, own, err, len(s.requests))
	}
}

// TestWithinTheCaller: a caller that has given up counts like an API server that does not answer.
func TestWithinTheCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newServer(t).client(t).Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
