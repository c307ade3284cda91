package kube

import (
	"net/http"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func configMap(name, authorities string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: meta(name),
		Data: map[string]string{"ca.crt": authorities},
	}
}

// policy is for the Service of the same name.
func policy(name string, hostname gatewayv1.PreciseHostname) *gatewayv1.BackendTLSPolicy {
	return &gatewayv1.BackendTLSPolicy{
		TypeMeta: metav1.TypeMeta{APIVersion: "gateway.networking.k8s.io/v1", Kind: "BackendTLSPolicy"}, ObjectMeta: meta(name),
		Spec: gatewayv1.BackendTLSPolicySpec{
			TargetRefs: []gatewayv1.LocalPolicyTargetReferenceWithSectionName{{
				LocalPolicyTargetReference: gatewayv1.LocalPolicyTargetReference{Kind: "Service", Name: gatewayv1.ObjectName(name)},
			}},
			Validation: gatewayv1.BackendTLSPolicyValidation{
				Hostname: hostname, CACertificateRefs: []gatewayv1.LocalObjectReference{{Kind: "ConfigMap", Name: "ca"}},
			},
		},
	}
}

func routeTo(name, service string) *gatewayv1.HTTPRoute {
	route := httpRoute(name)
	route.Spec.Rules = []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{{
		BackendRef: gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(service)}},
	}}}}
	return route
}

// both has an application that speaks TLS, and one that does not.
func both() []Object {
	return []Object{
		routeTo("tls", "tls"), routeTo("plain", "plain"), service("tls", 443), service("plain", 80), policy("tls", "tls.example.com"), configMap("ca", "CA"),
	}
}

// TestApplyBackendTLS makes and removes the objects, in an order in which no Service is ever
// without its policy.
func TestApplyBackendTLS(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	changes, _, snapshot, err := run(t, s, both()...)
	if err != nil {
		t.Fatal(err)
	}
	inOrder := []string{"ConfigMap/ca created", "BackendTLSPolicy/tls created", "Service/tls created", "Service/plain created", "HTTPRoute/tls created", "HTTPRoute/plain created"}
	check(t, "changes", changes, inOrder...)
	if len(snapshot.Policies) != 1 || snapshot.Policies[0].Name != "tls" {
		t.Errorf("policies: %v", snapshot.Policies)
	}
	changes, _, snapshot, err = run(t, s, routeTo("plain", "plain"), service("plain", 80))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "changes", changes, "HTTPRoute/tls deleted", "Service/tls deleted", "BackendTLSPolicy/tls deleted", "ConfigMap/ca deleted")
	if len(snapshot.Policies) != 0 {
		t.Errorf("policies: %v", snapshot.Policies)
	}
}

// TestApplyGuards: without its policy an application that speaks TLS gets no Service and no route.
// With an old policy they stay as they are. Others are not affected.
func TestApplyGuards(t *testing.T) {
	t.Parallel()
	invalid := refuse(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "no good")
	none := []string{"Service/plain created", "HTTPRoute/plain created"}
	for name, c := range map[string]struct {
		live    []Object
		refused string
		want    []string
	}{
		"no policy":              {nil, "PATCH " + policiesPath + "/tls", append([]string{"ConfigMap/ca created"}, none...)},
		"no authorities":         {nil, "PATCH " + configMapsPath + "/ca", none},
		"a policy that is older": {[]Object{policy("tls", "old.example.com")}, "PATCH " + policiesPath + "/tls", append([]string{"ConfigMap/ca created"}, none...)},
		"authorities that are older": {
			[]Object{policy("other", "old.example.com"), configMap("ca", "OLD")},
			"PATCH " + configMapsPath + "/ca",
			append([]string{
				"BackendTLSPolicy/tls created", "Service/tls created", "Service/plain created", "HTTPRoute/tls created", "HTTPRoute/plain created",
			}, "BackendTLSPolicy/other deleted"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			for _, object := range c.live {
				collection := policiesPath
				if object.GetObjectKind().GroupVersionKind().Kind == "ConfigMap" {
					collection = configMapsPath
				}
				s.hasApplied(t, collection, object)
			}
			s.answer(c.refused, invalid)
			changes, _, _, err := run(t, s, both()...)
			if err == nil {
				t.Error("no error")
			}
			check(t, "changes", changes, c.want...)
		})
	}
}

// TestPruneKeepsPolicies while something may still lead to their Services.
func TestPruneKeepsPolicies(t *testing.T) {
	t.Parallel()
	for _, refused := range []string{"DELETE " + routesPath + "/tls", "DELETE " + servicesPath + "/tls"} {
		s := newServer(t)
		if _, _, _, err := run(t, s, both()...); err != nil {
			t.Fatal(err)
		}
		s.answer(refused, forbidden())
		changes, _, _, err := run(t, s, routeTo("plain", "plain"), service("plain", 80))
		if err == nil {
			t.Error("no error")
		}
		if slices.Contains(changes, "BackendTLSPolicy/tls deleted") || slices.Contains(changes, "ConfigMap/ca deleted") {
			t.Errorf("%s refused: %v", refused, changes)
		}
	}
}

// TestReadConfigMaps: they are asked for once, when there is a policy or somebody needs
// them.
func TestReadConfigMaps(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, configMapsPath, configMap("ca", "CA"))
	asked := func() int {
		count := 0
		for _, request := range s.requests {
			if request.path == configMapsPath {
				count++
			}
		}
		return count
	}
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil || asked() != 0 {
		t.Fatalf("asked %d times, %v", asked(), err)
	}
	for range 2 {
		if err := client.ReadConfigMaps(t.Context(), snapshot); err != nil || asked() != 1 {
			t.Fatalf("asked %d times, %v", asked(), err)
		}
	}
	if data, _ := snapshot.ConfigMap("ca"); data["ca.crt"] != "CA" {
		t.Errorf("the ConfigMap holds %q", data)
	}
	if data, annotations := snapshot.ConfigMap("other"); data != nil || annotations != nil {
		t.Errorf("one that is not there holds %q, %q", data, annotations)
	}
	s.hasApplied(t, policiesPath, policy("tls", "tls.example.com"))
	if snapshot, err = client.Read(t.Context()); err != nil || asked() != 2 || snapshot.live[key{"ConfigMap", "ca"}] == nil {
		t.Errorf("asked %d times, %v", asked(), err)
	}
}

// TestReadWithoutBackendTLS: if the cluster lacks a kind or a permission for these applications,
// others are not affected.
func TestReadWithoutBackendTLS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path   string
		answer http.HandlerFunc
		want   string
	}{
		"an old bundle":             {policiesPath, unserved, "cannot find resource backendtlspolicies"},
		"policies are not granted":  {policiesPath, forbidden(), "cannot list backendtlspolicies: no permission"},
		"ConfigMaps are not either": {configMapsPath, forbidden(), "cannot list configmaps: no permission"},
	} {
		s := newServer(t)
		s.hasApplied(t, policiesPath, policy("tls", "tls.example.com"))
		s.answer("GET "+c.path, c.answer)
		snapshot, err := s.client(t).Read(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := snapshot.NoBackendTLS; got == nil || len(got.Error()) < len(c.want) || got.Error()[:len(c.want)] != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	s := newServer(t)
	s.answer("GET "+policiesPath, refuse(http.StatusInternalServerError, "InternalError", "out of order"))
	if _, err := s.client(t).Read(t.Context()); plain(err) != nil {
		t.Errorf("an outage: %v", err)
	}
}

// TestPruneWithoutSeeingPolicies: what belongs to policies that cannot be read stays. So does a
// policy that cannot be renewed, unless its Service no longer speaks TLS.
func TestPruneWithoutSeeingPolicies(t *testing.T) {
	t.Parallel()
	overTLS, plain := service("tls", 443), service("tls", 80)
	overTLS.Spec.Ports[0].Name = "https-443"
	for name, c := range map[string]struct {
		refused string
		wanted  []Object
		want    []string
	}{
		"policies":            {policiesPath, nil, []string{"HTTPRoute/tls deleted", "Service/plain deleted"}},
		"ConfigMaps":          {configMapsPath, nil, []string{"HTTPRoute/tls deleted", "Service/plain deleted"}},
		"ConfigMaps, no TLS":  {configMapsPath, []Object{plain}, []string{"Service/tls configured", "HTTPRoute/tls deleted", "Service/plain deleted", "BackendTLSPolicy/tls deleted"}},
		"nothing, and all go": {classesPath + "/none", nil, []string{"HTTPRoute/tls deleted", "Service/plain deleted", "Service/tls deleted", "BackendTLSPolicy/tls deleted", "ConfigMap/ca deleted"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.hasApplied(t, routesPath, routeTo("tls", "tls"))
			s.hasApplied(t, servicesPath, overTLS)
			s.hasApplied(t, servicesPath, service("plain", 80))
			s.hasApplied(t, policiesPath, policy("tls", "tls.example.com"))
			s.hasApplied(t, configMapsPath, configMap("ca", "CA"))
			s.answer("GET "+c.refused, forbidden())
			client := s.client(t)
			snapshot, err := client.Read(t.Context())
			if err == nil {
				err = client.ReadConfigMaps(t.Context(), snapshot)
			}
			if err != nil {
				t.Fatal(err)
			}
			check(t, "Services that speak TLS", snapshot.TLSServices(), "tls")
			changes, _, err := client.Apply(t.Context(), snapshot, c.wanted)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, change := range changes {
				lines = append(lines, change.String())
			}
			check(t, "changes", lines, c.want...)
		})
	}
}
