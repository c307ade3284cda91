package kube

import (
	"maps"
	"slices"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// judge makes a controller judge a route at one generation, while the route is at another.
func (s *server) judge(route string, generation, observed int64) {
	object := s.objects[routesPath+"/"+route]
	object["metadata"].(map[string]any)["generation"] = generation
	object["status"] = map[string]any{"parents": []any{map[string]any{
		"conditions": []any{map[string]any{"type": "Accepted", "status": "True", "observedGeneration": observed}},
	}}}
}

// TestServiceInUse changes the backend of a route: the old backend is removed when the route's
// controller has seen that, and not before.
func TestServiceInUse(t *testing.T) {
	t.Parallel()
	slice := endpointSlice("old-ipv4", "10.1.0.5")
	slice.Labels[rollout.LabelServiceName] = "old"
	old := []Object{routeTo("web", "old"), service("old", 443), slice, policy("old", "old.example.com"), configMap("ca", "CA")}
	next := []Object{routeTo("web", "next"), service("next", 80)}
	s := newServer(t)
	if _, _, _, err := run(t, s, old...); err != nil {
		t.Fatal(err)
	}
	s.judge("web", 1, 1)
	step := func(what string, desired []Object, want ...string) {
		t.Helper()
		changes, _, _, err := run(t, s, desired...)
		if err != nil {
			t.Fatal(err)
		}
		check(t, what, changes, want...)
	}
	step("led away", next, "Service/next created", "HTTPRoute/web configured")
	s.judge("web", 2, 1)
	step("not judged yet", next)
	s.judge("web", 2, 2)
	step("judged", next, "EndpointSlice/old-ipv4 deleted", "Service/old deleted", "BackendTLSPolicy/old deleted", "ConfigMap/ca deleted")

	// A Service to which a route has led that goes itself goes at once, though another route was
	// not judged yet.
	step("another application", append([]Object{routeTo("api", "api"), service("api", 80)}, next...), "Service/api created", "HTTPRoute/api created")
	s.judge("web", 3, 2)
	step("without it", next, "HTTPRoute/api deleted", "Service/api deleted")
	s.judge("web", 3, 3)

	// What belongs to a Service that stays goes at once.
	other := endpointSlice("next-ipv6", "fd00::1")
	other.Labels[rollout.LabelServiceName] = "next"
	guard := []Object{other, policy("next", "next.example.com"), configMap("ca", "CA")}
	step("more of it", append(guard, next...), "ConfigMap/ca created", "BackendTLSPolicy/next created", "EndpointSlice/next-ipv6 created")
	step("less of it", next, "EndpointSlice/next-ipv6 deleted", "BackendTLSPolicy/next deleted", "ConfigMap/ca deleted")

	// Without the route nothing leads there, whatever is judged.
	step("without it", nil, "HTTPRoute/web deleted", "Service/next deleted")
}

// TestServiceInUseByNobody: without a controller nothing stays for longer than a run, and a Service
// that no route leaves is removed at once.
func TestServiceInUseByNobody(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if _, _, _, err := run(t, s, both()...); err != nil {
		t.Fatal(err)
	}
	next := []Object{routeTo("plain", "next"), service("next", 80)}
	for _, want := range [][]string{
		{"Service/next created", "HTTPRoute/plain configured", "HTTPRoute/tls deleted", "Service/tls deleted", "BackendTLSPolicy/tls deleted", "ConfigMap/ca deleted"},
		{"Service/plain deleted"},
	} {
		changes, _, _, err := run(t, s, next...)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "changes", changes, want...)
	}
}

// judgeGateway makes a controller judge the Gateway at one generation, while the Gateway is at
// another.
func (s *server) judgeGateway(generation, observed int64) {
	object := s.objects[gatewaysPath+"/gw"]
	object["metadata"].(map[string]any)["generation"] = generation
	condition := map[string]any{"type": "Accepted", "status": "True"}
	if observed > 0 {
		condition["observedGeneration"] = observed
	}
	object["status"] = map[string]any{"conditions": []any{condition}}
}

// secureGateway has an HTTPS listener with a Secret for each host.
func secureGateway(secrets map[string]string) *gatewayv1.Gateway {
	object := gateway("gw", slices.Sorted(maps.Keys(secrets))...)
	for i := range object.Spec.Listeners {
		l := &object.Spec.Listeners[i]
		l.Port, l.Protocol = 443, gatewayv1.HTTPSProtocolType
		l.TLS = &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{{Name: gatewayv1.ObjectName(secrets[string(*l.Hostname)])}}}
	}
	return object
}

// TestSecretInUse changes the Secret of a listener: the old one is removed when the Gateway has been
// judged with the new one. The Secret of a listener that is removed is not kept.
func TestSecretInUse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	step := func(what string, desired []Object, want ...string) {
		t.Helper()
		changes, _, _, err := run(t, s, desired...)
		if err != nil {
			t.Fatal(err)
		}
		check(t, what, changes, want...)
	}
	before := []Object{secret("long"), secret("other"), secureGateway(map[string]string{"a": "long", "b": "other"})}
	after := []Object{secret("short"), secret("other"), secureGateway(map[string]string{"a": "short", "b": "other"})}
	if _, _, _, err := run(t, s, before...); err != nil {
		t.Fatal(err)
	}
	s.judgeGateway(1, 1)
	step("another", after, "Secret/short created", "Gateway/gw configured")
	s.judgeGateway(2, 1)
	step("not judged yet", after)
	s.judgeGateway(2, 2)
	step("judged", after, "Secret/long deleted")
	s.judgeGateway(3, 2)
	step("without the listener", []Object{secret("short"), secureGateway(map[string]string{"a": "short"})}, "Gateway/gw configured", "Secret/other deleted")

	// A controller that tells no generation may have judged it.
	s = newServer(t)
	if _, _, _, err := run(t, s, before...); err != nil {
		t.Fatal(err)
	}
	s.judgeGateway(4, 0)
	step("another", after, "Secret/short created", "Gateway/gw configured")
	s.judgeGateway(5, 0)
	step("judged at any", after, "Secret/long deleted")
}
