package kube

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// attached is a route attached to listeners.
func attached(name string, listeners ...string) *gatewayv1.HTTPRoute {
	route := httpRoute(name)
	route.Spec.ParentRefs = nil
	for _, listener := range listeners {
		route.Spec.ParentRefs = append(route.Spec.ParentRefs, gatewayv1.ParentReference{
			Name: "gw", SectionName: ptr.To(gatewayv1.SectionName(listener)),
		})
	}
	return route
}

// renamed is a Gateway whose listener for a.example.com has another name.
func renamed() *gatewayv1.Gateway {
	object := gateway("gw", "a.example.com")
	object.Spec.Listeners[0].Name = "gw-listener"
	return object
}

// sections returns what was written in order: for routes with the listeners they name.
func sections(t *testing.T, s *server) []string {
	t.Helper()
	requests := slices.DeleteFunc(slices.Clone(s.requests), func(r request) bool { return r.method == http.MethodGet })
	written := s.written()
	for i, request := range requests {
		if !strings.HasPrefix(written[i], "PATCH httproutes/") {
			continue
		}
		var route gatewayv1.HTTPRoute
		if err := json.Unmarshal(request.body, &route); err != nil {
			t.Fatal(err)
		}
		for _, parent := range route.Spec.ParentRefs {
			written[i] += " " + string(*parent.SectionName)
		}
	}
	return written
}

// TestRename shows that routes stay attached while a listener gets another name.
func TestRename(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, renamed())
	s.hasApplied(t, routesPath, attached("redirect", "gw-listener"))
	// What a removed route served is served until the next route is attached.
	s.hasApplied(t, routesPath, attached("old", "gw-listener"))
	s.hasApplied(t, routesPath, attached("idle", "gw-no-listener"))
	steps := [][]string{
		{"DELETE httproutes/idle", "PATCH httproutes/redirect gw-a.example.com gw-listener", "PATCH httproutes/web gw-a.example.com"},
		{"PATCH gateways/gw"},
		{"PATCH httproutes/redirect gw-a.example.com", "DELETE httproutes/old"},
		nil,
	}
	for i, want := range steps {
		client := s.client(t)
		snapshot, err := client.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.written()
		_, _, err = client.Apply(t.Context(), snapshot, []Object{
			gateway("gw", "a.example.com"), attached("redirect", "gw-a.example.com"), attached("web", "gw-a.example.com"),
		})
		if err != nil {
			t.Fatal(err)
		}
		written := sections(t, s)
		if i == 0 {
			slices.Sort(written) // They are written at once.
		}
		check(t, fmt.Sprintf("written by event %d", i+1), written, want...)
	}
}

// TestRenameWaitsForTheController shows that each step waits until the controller has seen the
// previous one: it may read the Gateway first, or the routes. The controller of a class that is
// left is not waited for.
func TestRenameWaitsForTheController(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, renamed())
	s.hasApplied(t, routesPath, attached("web", "gw-listener"))
	s.hasApplied(t, routesPath, attached("old", "gw-listener"))
	step := func(what, class string, want ...string) {
		t.Helper()
		next := gateway("gw", "a.example.com")
		next.Spec.GatewayClassName = gatewayv1.ObjectName(class)
		_, written, _, err := run(t, s, next, attached("web", "gw-a.example.com"))
		if err != nil {
			t.Fatal(err)
		}
		check(t, what, written, want...)
	}
	class := string(renamed().Spec.GatewayClassName)
	s.judge("web", 1, 1)
	s.judgeGateway(1, 1)
	step("attached", class, "PATCH httproutes/web")
	s.judge("web", 2, 1)
	step("route not judged yet", class)
	before := s.objects[gatewaysPath+"/gw"]
	step("another class", "other", "PATCH gateways/gw")
	s.objects[gatewaysPath+"/gw"] = before
	s.judge("web", 2, 2)
	step("renamed", class, "PATCH gateways/gw")
	s.judgeGateway(2, 1)
	step("Gateway not judged yet", class)
	s.judgeGateway(2, 2)
	step("left", class, "PATCH httproutes/web", "DELETE httproutes/old")
	step("at rest", class)
}

// TestRenameByOtherRoutes replaces routes by others of other names: those are made first.
func TestRenameByOtherRoutes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, renamed())
	s.hasApplied(t, routesPath, attached("old", "gw-listener"))
	for i, want := range [][]string{
		{"PATCH httproutes/redirect", "PATCH httproutes/web"},
		{"PATCH gateways/gw"},
		{"DELETE httproutes/old"},
	} {
		_, written, _, err := run(t, s, gateway("gw", "a.example.com"), attached("redirect", "gw-a.example.com"), attached("web", "gw-a.example.com"))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(written)
		slices.Sort(want)
		check(t, fmt.Sprintf("written by event %d", i+1), written, want...)
	}
}

// TestRenameRefused shows that routes stay with a Gateway that stays.
func TestRenameRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, renamed())
	s.hasApplied(t, routesPath, attached("redirect", "gw-a.example.com", "gw-listener"))
	s.hasApplied(t, routesPath, attached("old", "gw-listener"))
	s.answer("PATCH "+gatewaysPath+"/gw", refuse(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "no"))
	_, written, _, err := run(t, s, gateway("gw", "a.example.com"), attached("redirect", "gw-a.example.com"))
	if err == nil {
		t.Error("no error")
	}
	check(t, "written", written, "PATCH gateways/gw")
}

// TestRenameWithoutOthers shows that a route which serves nothing at the renamed listeners is not
// waited for: it may never be accepted.
func TestRenameWithoutOthers(t *testing.T) {
	t.Parallel()
	for name, live := range map[string]*gatewayv1.HTTPRoute{"new": nil, "elsewhere": attached("web", "gw-b.example.com")} {
		s := newServer(t)
		s.hasApplied(t, gatewaysPath, renamed())
		s.hasApplied(t, routesPath, attached("redirect", "gw-listener"))
		if live != nil {
			s.hasApplied(t, routesPath, live)
		}
		s.answer("PATCH "+routesPath+"/web", refuse(http.StatusForbidden, metav1.StatusReasonForbidden, "webhook"))
		var last []string
		for range 2 {
			_, last, _, _ = run(t, s, gateway("gw", "a.example.com"), attached("redirect", "gw-a.example.com"), attached("web", "gw-a.example.com"))
		}
		if !slices.Contains(last, "PATCH gateways/gw") {
			t.Errorf("%s: the second event writes %v", name, last)
		}
	}
}
