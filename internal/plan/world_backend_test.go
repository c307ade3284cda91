package plan_test

import (
	"fmt"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world that is about applications that speak TLS.

// A backends is what a world has for them.
type backends struct {
	authorities []string // of one provider; nil for no relation
	old         bool     // the cluster has no BackendTLSPolicy
	forbidden   bool
	features    []gatewayv1.SupportedFeature
	policies    []gatewayv1.BackendTLSPolicy
}

// changeScheme lets an application speak TLS, or no more, or with other hosts.
func (w *world) changeScheme() {
	w.anyRequirer(func(r *state.Requirer) {
		r.Scheme, r.Hosts = pick(w, "http", "h2c", "https", "https", "https"), nil
		if r.Scheme != "https" {
			return
		}
		for i := range w.random.IntN(4) {
			r.Hosts = append(r.Hosts, fmt.Sprintf("%s-%d.example.net", r.Name, i))
		}
		if w.random.IntN(10) == 0 {
			r.Hosts = []string{"a", "b", "c", "d", "e", "f"}
		}
	})
}

func (w *world) changeAuthorities() {
	w.backends.authorities = pick(w, nil, []string{}, []string{"CA-1\n"}, []string{"CA-1\n", "CA-2\n"}, []string{"CA-2\n"})
}

// changeBackendTLS changes what the cluster can do.
func (w *world) changeBackendTLS() {
	w.backends.old, w.backends.forbidden = w.random.IntN(5) == 0, w.random.IntN(5) == 0
	w.backends.features = pick(w, nil, nil,
		[]gatewayv1.SupportedFeature{{Name: "HTTPRoute"}},
		[]gatewayv1.SupportedFeature{{Name: "BackendTLSPolicy"}},
		[]gatewayv1.SupportedFeature{{Name: "BackendTLSPolicy"}, {Name: "BackendTLSPolicySANValidation"}})
}

// read adds what a hook would read.
func (b backends) read(s *state.State) {
	s.Cluster.WithoutBackendTLS = b.old
	if b.forbidden {
		s.Cluster.ForbiddenBackendTLS = "list backendtlspolicies"
	}
	s.Cluster.Policies = b.policies
	s.Cluster.Classes[0].Status.SupportedFeatures = b.features
	if b.authorities != nil {
		s.CAProviders = []state.CAProvider{{RelationID: 1, Application: "ca", Written: true, Certificates: b.authorities}}
	}
}

// apply carries out a plan.
func (b *backends) apply(p plan.Plan) {
	b.policies = nil
	for _, object := range p.Objects {
		if policy, ok := object.(*gatewayv1.BackendTLSPolicy); ok {
			b.policies = append(b.policies, *policy.DeepCopy())
		}
	}
}

// possible says that anybody can be spoken to over TLS.
func (b backends) possible() bool {
	claims := func(feature gatewayv1.SupportedFeature) bool { return feature.Name == "BackendTLSPolicy" }
	return len(b.authorities) > 0 && !b.old && !b.forbidden && (len(b.features) == 0 || slices.ContainsFunc(b.features, claims))
}

// checkBackends checks that whoever speaks TLS is led to by no route without a policy
// and an authority, neither of which comes after the Service, and that nobody else has
// any of it.
func checkBackends(w *world, s state.State, p plan.Plan) string {
	speaks := map[string]bool{} // Services of applications that speak TLS
	for _, r := range s.Requirers {
		name := "gateway-" + r.Name + "-service"
		if r.Foreign {
			name = "gateway-" + r.Model + "-" + r.Name + "-service"
		}
		speaks[name] = r.Scheme == "https"
	}
	authorities, services, guarded := 0, []string{}, map[string]bool{}
	for _, object := range p.Objects {
		kind, name := object.GetObjectKind().GroupVersionKind().Kind, object.GetName()
		switch object := object.(type) {
		case *gatewayv1.BackendTLSPolicy:
			target := string(object.Spec.TargetRefs[0].Name)
			if problem := checkPolicy(w, object); problem != "" {
				return name + ": " + problem
			}
			if authorities == 0 || slices.Contains(services, target) || !speaks[target] && !shortened(target) {
				return fmt.Sprintf("policy %s, after %d ConfigMaps and the Services %v, for %s", name, authorities, services, target)
			}
			guarded[target] = true
		case *gatewayv1.HTTPRoute:
			if !forwards(*object) {
				continue
			}
			target := string(object.Spec.Rules[0].BackendRefs[0].Name)
			if speaks[target] && !guarded[target] {
				return fmt.Sprintf("route %s leads to an application on TLS without a policy", name)
			}
		}
		switch kind {
		case "ConfigMap":
			authorities++
		case "Service":
			services = append(services, name)
		}
	}
	if len(guarded) == 0 && authorities > 0 || len(guarded) > 0 && !w.backends.possible() {
		return fmt.Sprintf("%d policies, %d ConfigMaps, and it is possible: %t", len(guarded), authorities, w.backends.possible())
	}
	return ""
}

// shortened says that a Service's name is none that could be told from the application's.
func shortened(service string) bool {
	return len(service) > 55 || !strings.HasSuffix(service, "-service")
}

func checkPolicy(w *world, policy *gatewayv1.BackendTLSPolicy) string {
	validation := policy.Spec.Validation
	claimed := len(w.backends.features) == 0 || len(w.backends.features) == 2
	switch names := len(validation.SubjectAltNames); {
	case len(policy.Spec.TargetRefs) != 1 || len(validation.CACertificateRefs) != 1 || validation.WellKnownCACertificates != nil:
		return "not one target and one ConfigMap"
	case validation.Hostname == "":
		return "no name to verify"
	case names == 1 || names > 5 || names > 0 && !claimed:
		return fmt.Sprintf("%d names to verify", names)
	}
	return ""
}
