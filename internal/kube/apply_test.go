package kube

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// run reads and applies. It returns the changes as they are logged, what was written, and the
// snapshot.
func run(t *testing.T, s *server, desired ...Object) (changes, written []string, snapshot *Snapshot, err error) {
	t.Helper()
	client := s.client(t)
	snapshot, err = client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done, _, err := client.Apply(t.Context(), snapshot, desired)
	for _, change := range done {
		changes = append(changes, change.String())
	}
	return changes, s.written(), snapshot, err
}

func check(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestApply follows the objects of an application from nothing to nothing.
func TestApply(t *testing.T) {
	t.Parallel()
	s := newServer(t)

	// In whatever order they are given, they are made in the order of their dependencies.
	changes, written, snapshot, err := run(t, s, all()...)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "changes", changes, "Secret/s created", "Gateway/gw created", "Service/v created", "EndpointSlice/e created", "HTTPRoute/r created")
	check(t, "written", written, "PATCH secrets/s", "PATCH gateways/gw", "PATCH services/v", "PATCH endpointslices/e", "PATCH httproutes/r")
	if snapshot.Gateway == nil || len(snapshot.Routes) != 1 {
		t.Errorf("got a snapshot with Gateway %v, routes %v", snapshot.Gateway, snapshot.Routes)
	}

	// An object that is as desired gets no request.
	changes, written, _, err = run(t, s, all()...)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "changes", changes)
	check(t, "written", written)

	// What differs is written, and only that.
	desired := append(all(), httpRoute("another"))
	desired[3] = gateway("gw", "a.example.com", "b.example.com")
	changes, written, snapshot, err = run(t, s, desired...)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "changes", changes, "Gateway/gw configured", "HTTPRoute/another created")
	check(t, "written", written, "PATCH gateways/gw", "PATCH httproutes/another")
	if len(snapshot.Gateway.Spec.Listeners) != 2 || len(snapshot.Routes) != 2 {
		t.Errorf("got a snapshot with Gateway %v, routes %v", snapshot.Gateway, snapshot.Routes)
	}

	// What is not desired is deleted in the reverse order of dependencies, and the Gateway stays.
	changes, written, snapshot, err = run(t, s)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "changes", changes, "HTTPRoute/another deleted", "HTTPRoute/r deleted", "EndpointSlice/e deleted", "Service/v deleted", "Secret/s deleted")
	slices.Sort(written[:2]) // They are deleted at once.
	check(t, "written", written, "DELETE httproutes/another", "DELETE httproutes/r", "DELETE endpointslices/e", "DELETE services/v", "DELETE secrets/s")
	if snapshot.Gateway == nil || len(snapshot.Routes) != 0 {
		t.Errorf("got a snapshot with Gateway %v, routes %v", snapshot.Gateway, snapshot.Routes)
	}
}

// TestApplyRequest shows the content of the requests.
func TestApplyRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	object := httpRoute("r")
	object.CreationTimestamp = metav1.Now()
	object.Status.Parents = nil
	s.requests = nil
	if _, _, err := client.Apply(t.Context(), snapshot, []Object{object}); err != nil {
		t.Fatal(err)
	}
	if len(s.requests) != 1 {
		t.Fatalf("got %d requests, want 1", len(s.requests))
	}
	request := s.requests[0]
	got := map[string]string{"content type": request.contentType}
	for _, name := range []string{"fieldManager", "force", "fieldValidation"} {
		got[name] = request.query.Get(name)
	}
	want := map[string]string{"content type": applyContentType, "fieldManager": "gw", "force": "false", "fieldValidation": "Strict"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	var body map[string]any
	if err := json.Unmarshal(request.body, &body); err != nil {
		t.Fatal(err)
	}
	wantBody := map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
		"metadata": map[string]any{
			"name": "r", "namespace": "shop", "labels": map[string]any{testLabel: "gw"},
			"ownerReferences": []any{map[string]any{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "gw", "uid": "uid-gw"}},
		},
		"spec": map[string]any{"parentRefs": []any{map[string]any{"name": "gw"}}, "rules": []any{map[string]any{}}},
	}
	if diff := cmp.Diff(wantBody, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// TestApplyAnswersTheSame: the API server may find that nothing changes where the client could not
// know.
func TestApplyAnswersTheSame(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	live := applied(t, gateway("gw", "a")).Object
	s.has(t, gatewaysPath, live)
	s.answer("PATCH "+gatewaysPath+"/gw", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, live) })
	changes, written, _, err := run(t, s, gateway("gw", "b"))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "written", written, "PATCH gateways/gw")
	check(t, "changes", changes)
}

// TestApplyRefuses what no correct plan has.
func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	for want, desired := range map[string][]Object{
		"cannot apply HTTPRoute r: desired twice":                {httpRoute("r"), httpRoute("r", "a")},
		"cannot apply Pod c: not a kind that is handled here":    {httpRoute("r"), &corev1.Pod{TypeMeta: metav1.TypeMeta{Kind: "Pod"}, ObjectMeta: meta("c")}},
		"cannot apply  untyped: not a kind that is handled here": {&corev1.Secret{ObjectMeta: meta("untyped")}},
	} {
		s := newServer(t)
		s.hasApplied(t, servicesPath, service("v", 80))
		_, written, _, err := run(t, s, desired...)
		if err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
		check(t, "written", written)
	}
}

// TestApplyPartly: if one object fails, the others are still written, and unrelated ones deleted.
func TestApplyPartly(t *testing.T) {
	t.Parallel()
	invalid := refuse(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "no good")
	tests := map[string]struct {
		refused string // request
		answer  http.HandlerFunc
		changes []string
		err     string
	}{
		"a route": {
			"PATCH " + routesPath + "/r", invalid,
			[]string{"Secret/s created", "Gateway/gw created", "Service/v created", "EndpointSlice/e created", "HTTPRoute/r2 created", "HTTPRoute/old deleted", "Secret/old deleted"},
			"cannot apply httproutes/r: no good",
		},
		"a route that goes": {
			"DELETE " + routesPath + "/old", forbidden(),
			[]string{"Secret/s created", "Gateway/gw created", "Service/v created", "EndpointSlice/e created", "HTTPRoute/r created", "HTTPRoute/r2 created", "Secret/old deleted"},
			"cannot delete httproutes/old: no permission",
		},
		"a service": {
			"PATCH " + servicesPath + "/v", refuse(http.StatusConflict, metav1.StatusReasonConflict, "try again"),
			[]string{
				"Secret/s created", "Gateway/gw created", "EndpointSlice/e created", "HTTPRoute/r created", "HTTPRoute/r2 created",
				"HTTPRoute/old deleted", "EndpointSlice/old deleted", "Service/old deleted", "Secret/old deleted",
			},
			"cannot apply services/v: try again",
		},
		"the Gateway": {
			"PATCH " + gatewaysPath + "/gw", refuse(http.StatusInternalServerError, "InternalError", "broken"),
			[]string{
				"Secret/s created", "Service/v created", "EndpointSlice/e created", "HTTPRoute/r created", "HTTPRoute/r2 created",
				"HTTPRoute/old deleted", "EndpointSlice/old deleted", "Service/old deleted",
			},
			"cannot apply gateways/gw: broken",
		},
		"a new Secret": {
			"PATCH " + secretsPath + "/s", refuse(http.StatusInternalServerError, "InternalError", "broken"),
			nil,
			"cannot apply secrets/s: the API server answered 500 Internal Server Error",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.hasApplied(t, routesPath, httpRoute("old"))
			s.hasApplied(t, servicesPath, service("old"))
			s.hasApplied(t, slicesPath, endpointSlice("old"))
			s.hasApplied(t, secretsPath, secret("old"))
			method, path, _ := strings.Cut(test.refused, " ")
			s.answer(method+" "+path, test.answer)
			changes, _, _, err := run(t, s, append(all(), httpRoute("r2"))...)
			check(t, "changes", changes, test.changes...)
			if err == nil || err.Error() != test.err {
				t.Errorf("got error %v, want %s", err, test.err)
			}
			// The next event, with the trouble over, does the rest.
			delete(s.answers, test.refused)
			if _, _, _, err := run(t, s, append(all(), httpRoute("r2"))...); err != nil {
				t.Fatal(err)
			}
			_, written, _, err := run(t, s, append(all(), httpRoute("r2"))...)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "written in the end", written)
			if count := len(s.objects); count != 6 {
				t.Errorf("got %d objects in the end, want 6", count)
			}
		})
	}
}

// TestApplyKeepsGatewayWithSecret: a Secret that cannot be renewed is there, so
// the Gateway can be written.
func TestApplyKeepsGatewayWithSecret(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, secretsPath, secret("s"))
	s.answer("PATCH "+secretsPath+"/s", forbidden())
	renewed := secret("s")
	renewed.Data[corev1.TLSCertKey] = []byte("renewed")
	changes, _, _, err := run(t, s, renewed, gateway("gw", "a"))
	if target := (*RefusedError)(nil); !errors.As(err, &target) || target.Action != "apply secrets" || !target.Stands {
		t.Errorf("got error %v", err)
	}
	check(t, "changes", changes, "Gateway/gw created")
}

// TestApplyKeepsRouteWithService: a route to a Service that could not be made is not made either.
// An existing route with another backend stays, and keeps its backend. Some controllers do not look
// at the route again when the Service is made.
func TestApplyKeepsRouteWithService(t *testing.T) {
	t.Parallel()
	to := func(name, service string) Object {
		route := httpRoute(name)
		route.Spec.Rules[0].BackendRefs = []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{
			BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(service)},
		}}}
		return route
	}
	s := newServer(t)
	s.hasApplied(t, servicesPath, service("before", 80))
	s.hasApplied(t, routesPath, to("moved", "before"))
	s.answer("PATCH "+servicesPath+"/refused", forbidden())
	desired := []Object{gateway("gw", "a"), service("refused", 80), service("other", 80), to("new", "refused"), to("moved", "refused"), to("fine", "other")}
	changes, _, _, err := run(t, s, desired...)
	if refused, others := Refusals(err); len(refused) != 1 || refused[0].Name != "refused" || others != nil {
		t.Errorf("got error %v", err)
	}
	check(t, "changes", changes, "Gateway/gw created", "Service/other created", "HTTPRoute/fine created")

	delete(s.answers, "PATCH "+servicesPath+"/refused")
	if changes, _, _, err = run(t, s, desired...); err != nil {
		t.Fatal(err)
	}
	check(t, "changes when it is taken", changes, "Service/refused created", "HTTPRoute/new created", "HTTPRoute/moved configured")
}

// TestApplyWithoutAnswer ends soon: not every one of many objects waits for its timeout.
func TestApplyWithoutAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, servicesPath, service("old", 80))
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.written()
	desired := []Object{gateway("gw", "a")}
	for i := range 20 * parallel {
		name := "r" + string(rune('a'+i%26)) + string(rune('a'+i/26))
		s.answer("PATCH "+routesPath+"/"+name, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		desired = append(desired, httpRoute(name))
	}
	changes, _, err := client.Apply(t.Context(), snapshot, desired)
	if problem := plain(err); problem != nil || !isOutage(err) {
		t.Errorf("got error %v (%v)", err, problem)
	}
	written := s.written()
	if len(changes) != 1 || snapshot.Gateway == nil {
		t.Errorf("got changes %v, want the Gateway's", changes)
	}
	if len(written) > 1+2*parallel || slices.Contains(written, "DELETE services/old") {
		t.Errorf("got %d requests, want no more than were in flight: %v", len(written), written)
	}
}

// TestApplyWhatIsGone: kinds and namespaces can disappear between read and apply.
func TestApplyWhatIsGone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.answer("PATCH "+routesPath+"/r", unserved)
	_, _, _, err := run(t, s, httpRoute("r"))
	if target := (*NoResourceError)(nil); !errors.As(err, &target) || target.Resource != "httproutes" {
		t.Errorf("without the kind: got error %v", err)
	}
	s = newServer(t)
	s.answer("PATCH "+routesPath+"/r", refuse(http.StatusNotFound, metav1.StatusReasonNotFound, `namespaces "shop" not found`))
	_, _, _, err = run(t, s, httpRoute("r"))
	if problem := plain(err); problem != nil {
		t.Errorf("without the namespace: %v", problem)
	}
}

// TestRewrite writes routes that are there, and nothing else.
func TestRewrite(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if _, _, _, err := run(t, s, routeTo("web", "web"), service("web", 80), service("old", 80)); err != nil {
		t.Fatal(err)
	}
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.written()
	changes, err := client.Rewrite(t.Context(), snapshot, []Object{routeTo("web", "other"), routeTo("new", "other")})
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 1 || changes[0].String() != "HTTPRoute/web configured" {
		t.Errorf("changes are %v", changes)
	}
	check(t, "written", s.written(), "PATCH httproutes/web")
	if led := snapshot.Routes[0].Spec.Rules[0].BackendRefs[0].Name; len(snapshot.Routes) != 1 || led != "other" {
		t.Errorf("the snapshot has %d routes, the first to %s", len(snapshot.Routes), led)
	}
}

// TestHeld: what has to wait is returned with the reason, and what is reported as refused is not.
func TestHeld(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, routesPath, routeTo("moved", "before"))
	s.hasApplied(t, servicesPath, service("before", 80))
	s.has(t, servicesPath, by(t, service("theirs", 80), "", "kubectl"))
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	desired := []Object{service("theirs", 80), routeTo("new", "theirs"), service("next", 80), routeTo("moved", "next")}
	if _, _, err := client.FindForeign(t.Context(), snapshot, desired); err != nil {
		t.Fatal(err)
	}
	_, held, err := client.Apply(t.Context(), snapshot, desired)
	if refused, others := Refusals(err); len(refused) != 1 || refused[0].Name != "theirs" || others != nil {
		t.Errorf("got error %v", err)
	}
	var lines []string
	for _, one := range held {
		lines = append(lines, one.String())
	}
	check(t, "held", lines,
		"HTTPRoute new: held since there is no Service theirs",
		"Service before: kept since a referring HTTPRoute could not be changed")
}
