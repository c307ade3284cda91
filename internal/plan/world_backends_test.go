package plan_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about applications that speak TLS.

// A backends is what a world has for these applications.
type backends struct {
	authorities []string // of one provider; nil for no relation
	silent      bool     // the provider writes nothing, or nothing any more
	live        state.Authorities
	old         bool // the cluster has no BackendTLSPolicy
	forbidden   bool
	features    []gatewayv1.SupportedFeature
	isolates    bool // and has other features
	policies    []gatewayv1.BackendTLSPolicy
	services    []string // the Services that speak TLS
}

// verifiesOne are the features of a class that verifies only one name.
var verifiesOne = []gatewayv1.SupportedFeature{{Name: "BackendTLSPolicy"}}

// changeScheme makes an application speak TLS, or stop doing so, or use other units.
func (w *world) changeScheme() {
	w.anyRequirer(func(r *state.Requirer) {
		r.Scheme, r.Units = pick(w, "http", "h2c", "https", "https", "https"), nil
		if r.Scheme == "https" {
			w.addUnits(r, pick(w, 0, 1, 1, 2, 3, 5, 6, 20))
		}
	})
}

// scale adds units to an application that speaks TLS, or removes the newest.
func (w *world) scale() {
	w.anyRequirer(func(r *state.Requirer) {
		switch n := len(r.Units); {
		case r.Scheme != "https" || n == 0:
		case w.random.IntN(2) == 0:
			w.addUnits(r, 1+w.random.IntN(2))
		case slices.ContainsFunc(r.Units[:n-1], func(u state.Unit) bool { return u.Host != "" && u.Address.IsValid() }):
			r.Units = slices.Clone(r.Units[:n-1])
		}
	})
}

// addUnits adds units, most of them with a name of their own. Some have written nothing yet, no
// name or no address.
func (w *world) addUnits(r *state.Requirer, count int) {
	r.Units = slices.Clone(r.Units)
	for range count {
		n := len(r.Units)
		unit := state.Unit{Number: n, Host: fmt.Sprintf("%s-%d.example.net", r.Name, n), Address: netip.AddrFrom4([4]byte{10, 1, 1, byte(n + 1)})}
		switch w.random.IntN(12) {
		case 0:
			unit = state.Unit{Number: n, Silent: true}
		case 1:
			unit.Host = ""
		case 2:
			unit.Host = "shared.example.net"
		case 3:
			unit.Address = netip.Addr{}
		}
		r.Units = append(r.Units, unit)
	}
}

// written returns the applications as they are read: what the units of TLS applications write is
// also there in summary.
func (w *world) written() []state.Requirer {
	all := slices.Clone(w.requirers)
	for i := range all {
		r := &all[i]
		if r.Scheme != "https" {
			continue
		}
		r.Units, r.Hosts = slices.Clone(r.Units), nil
		r.HasUnits = r.HasUnits || len(r.Units) > 0
		if r.Foreign {
			r.Addresses = nil
		}
		for j := range r.Units {
			unit := &r.Units[j]
			if r.Waiting {
				*unit = state.Unit{Number: unit.Number, Silent: true}
			}
			if unit.Host != "" && !slices.Contains(r.Hosts, unit.Host) {
				r.Hosts = append(r.Hosts, unit.Host)
			}
			if unit.Address.IsValid() {
				r.Addresses = append(r.Addresses, unit.Address)
			}
		}
	}
	return all
}

func (w *world) changeAuthorities() {
	w.backends.authorities = pick(w, nil, []string{}, []string{"CA-1\n"}, []string{"CA-1\n", "CA-2\n"}, []string{"CA-2\n"})
	w.backends.silent = false
}

// silence makes the provider write nothing, or write again.
func (w *world) silence() { w.backends.silent = !w.backends.silent && w.backends.authorities != nil }

// changeBackendTLS changes what the cluster can do.
func (w *world) changeBackendTLS() {
	w.backends.old, w.backends.forbidden = w.random.IntN(5) == 0, w.random.IntN(5) == 0
	w.backends.features = pick(w, nil, nil,
		[]gatewayv1.SupportedFeature{{Name: "HTTPRoute"}},
		verifiesOne, verifiesOne,
		[]gatewayv1.SupportedFeature{{Name: "BackendTLSPolicy"}, {Name: "BackendTLSPolicySANValidation"}})
}

// read adds what a hook would read.
func (b backends) read(s *state.State) {
	s.Cluster.WithoutBackendTLS = b.old
	s.Cluster.Policies, s.Cluster.TLSServices = b.policies, b.services
	if b.forbidden {
		s.Cluster.ForbiddenBackendTLS, s.Cluster.Policies = "list backendtlspolicies", nil
	}
	if class := &s.Cluster.Classes[0]; len(b.features) > 0 {
		class.Status.SupportedFeatures = append(slices.Clone(b.features), gatewayv1.SupportedFeature{Name: "HTTPRouteResponseHeaderModification"})
		if b.isolates {
			class.Status.SupportedFeatures = append(class.Status.SupportedFeatures, gatewayv1.SupportedFeature{Name: isolation})
		}
	}
	switch {
	case b.silent:
		s.CAProviders = []state.CAProvider{{RelationID: 1, Application: "ca"}}
		s.Cluster.Authorities = b.live
	case b.authorities != nil:
		s.CAProviders = []state.CAProvider{{RelationID: 1, Application: "ca", Written: true, Certificates: b.authorities}}
	}
}

// apply carries out a plan.
func (b *backends) apply(p plan.Plan) {
	if b.forbidden {
		return // Nothing is pruned.
	}
	b.policies, b.services, b.live = nil, nil, state.Authorities{}
	for _, object := range p.Objects {
		if object.GetName() == plan.AuthoritiesName("gateway") {
			data, _, _ := unstructured.NestedStringMap(contentOf(object), "data")
			b.live.PEM = slices.Collect(strings.Lines(data[plan.AuthoritiesKey]))
			b.live.Told = object.GetAnnotations()[plan.AnnotationTold]
		}
		if object.GetObjectKind().GroupVersionKind().Kind == "Service" && namesTLS(contentOf(object)) {
			b.services = append(b.services, object.GetName())
		}
		if policy, ok := object.(*gatewayv1.BackendTLSPolicy); ok {
			b.policies = append(b.policies, *policy.DeepCopy())
		}
	}
}

// namesTLS reports whether the name of a Service's port says TLS.
func namesTLS(service map[string]any) bool {
	ports, _, _ := unstructured.NestedSlice(service, "spec", "ports")
	return strings.HasPrefix(ports[0].(map[string]any)["name"].(string), "https")
}

// possible reports whether the Gateway can connect to any application over TLS.
func (b backends) possible() bool {
	claims := func(feature gatewayv1.SupportedFeature) bool { return feature.Name == "BackendTLSPolicy" }
	known := b.authorities
	if b.silent {
		known = b.live.PEM
	}
	return len(known) > 0 && !b.old && !b.forbidden && (len(b.features) == 0 || slices.ContainsFunc(b.features, claims))
}

// checkBackends checks applications that speak TLS: no route leads to one without a policy and an
// authority, and neither of these comes after the Service; no other application has any of them;
// and no route leads to a missing Service.
func checkBackends(w *world, s state.State, p plan.Plan) string {
	speaks := map[string]bool{} // routes of applications that speak TLS
	for _, r := range s.Requirers {
		speaks["gateway-prod-"+r.Name] = r.Scheme == "https"
	}
	authorities, services, guarded := 0, map[string]map[string]any{}, map[string]*gatewayv1.BackendTLSPolicy{}
	for _, object := range p.Objects {
		name := object.GetName()
		switch object := object.(type) {
		case *gatewayv1.BackendTLSPolicy:
			target := string(object.Spec.TargetRefs[0].Name)
			if problem := checkPolicy(w, object); problem != "" {
				return name + ": " + problem
			}
			if authorities == 0 || services[target] != nil || target != name {
				return fmt.Sprintf("policy %s, after %d ConfigMaps and the Services %v, for %s", name, authorities, services, target)
			}
			guarded[target] = object
		case *gatewayv1.HTTPRoute:
			if !forwards(*object) || object.Name == oldRoute {
				continue
			}
			speaks, known := speaks[applicationOf(*object)]
			if problem := checkForward(w, object, services, guarded, speaks || !known); problem != "" {
				return fmt.Sprintf("route %s: %s", name, problem)
			}
		}
		switch object.GetObjectKind().GroupVersionKind().Kind {
		case "ConfigMap":
			authorities++
		case "Service":
			services[name] = contentOf(object)
		}
	}
	if len(guarded) == 0 && authorities > 0 || len(guarded) > 0 && !w.backends.possible() {
		return fmt.Sprintf("%d policies, %d ConfigMaps, and it is possible: %t", len(guarded), authorities, w.backends.possible())
	}
	return ""
}

// checkForward checks what a route leads to: existing Services, each once and with the same weight.
// If it may speak TLS, either each Service has a policy or none has, and the policy of a Service
// for one unit names that unit.
func checkForward(w *world, route *gatewayv1.HTTPRoute, services map[string]map[string]any, guarded map[string]*gatewayv1.BackendTLSPolicy, speaks bool) string {
	refs := route.Spec.Rules[0].BackendRefs
	if len(refs) > 16 {
		return fmt.Sprintf("%d backends", len(refs))
	}
	seen, policies := map[string]bool{}, 0
	for _, ref := range refs {
		name := string(ref.Name)
		service, policy := services[name], guarded[name]
		if service == nil || seen[name] || *ref.Weight != 1 {
			return "backend without a Service, twice or with another weight: " + name
		}
		if seen[name] = true; speaks && w.backends.forbidden && namesTLS(service) && slices.Contains(w.backends.services, name) {
			policies++ // It cannot be seen.
			continue
		}
		if policy == nil {
			continue
		}
		policies++
		pod, _, _ := unstructured.NestedString(service, "spec", "selector", "statefulset.kubernetes.io/pod-name")
		host := string(policy.Spec.Validation.Hostname)
		if pod != "" && host != pod+".example.net" && host != "shared.example.net" {
			return fmt.Sprintf("pod %s is verified as %s", pod, host)
		}
		if pod == "" && len(refs) > 1 && service["spec"].(map[string]any)["selector"] != nil {
			return "one of several backends, and for all units: " + name
		}
	}
	if policies != 0 && (policies != len(refs) || !speaks) || policies == 0 && speaks && !shortened(route.Name) {
		return fmt.Sprintf("%d backends, %d policies, and it speaks TLS: %t", len(refs), policies, speaks)
	}
	return ""
}

// applicationOf says which application a route leads to, by the name of its first Service: the name
// of the route also says where it is served.
func applicationOf(route gatewayv1.HTTPRoute) string {
	for _, rule := range route.Spec.Rules {
		for _, backend := range rule.BackendRefs {
			if parts := serviceOfApplication.FindStringSubmatch(string(backend.Name)); parts != nil && parts[2] != "" {
				return "gateway-prod-" + parts[1] + longName
			} else if parts != nil {
				return "gateway-prod-" + parts[1]
			}
		}
	}
	return ""
}

var serviceOfApplication = regexp.MustCompile(`^gateway-(?:prod-)?(app[0-9]+)(-long)?`)

func contentOf(object plan.Object) map[string]any {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil
	}
	return content
}

// shortened reports whether a route's name cannot be derived from the application's.
func shortened(route string) bool { return len(route) > 55 }

func checkPolicy(w *world, policy *gatewayv1.BackendTLSPolicy) string {
	validation := policy.Spec.Validation
	claimed := len(w.backends.features) == 2
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
