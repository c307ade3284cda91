package plan_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about objects of others under our names.

var walks = flag.Int("walks", 15, "how many random walks of 60 steps to take of each sort; make test takes 60")

// make plans like a run of the charm: it finds objects that have a wanted name and are not ours,
// and plans around them.
func (w *world) make(s *state.State) plan.Plan {
	const looks = 4
	p := plan.Make(*s)
	for range looks {
		found := false
		for _, object := range p.Objects {
			kind, name := object.GetObjectKind().GroupVersionKind().Kind, object.GetName()
			if one, ok := w.foreign[kind+"/"+name]; ok && s.Cluster.ForeignOf(kind, name) == nil {
				s.Cluster.Foreign, found = append(s.Cluster.Foreign, one), true
			}
		}
		if !found {
			break
		}
		p = plan.Make(*s)
	}
	return p
}

// checkForeign says what is planned over somebody else's object.
func checkForeign(w *world, p plan.Plan) string {
	for _, object := range p.Objects {
		name := object.GetObjectKind().GroupVersionKind().Kind + "/" + object.GetName()
		if _, foreign := w.foreign[name]; foreign {
			return "planned over somebody else's: " + name
		}
	}
	return ""
}

// names returns names that objects of ours have, or may get.
func (w *world) names() []string {
	var all []string
	for _, r := range w.requirers {
		all = append(all, "Service/gateway-"+r.Name+"-service", "HTTPRoute/gateway-prod-"+r.Name, "HTTPRoute/gateway-prod-"+r.Name+"-http")
		if w.config.ExternalHostname != "" {
			all = append(all, "Secret/gateway-secret-prod-"+r.Name+"."+w.config.ExternalHostname)
		}
	}
	all = append(all, "HTTPRoute/gateway-http", "Secret/gateway-secret-"+w.config.ExternalHostname)
	// The existing ones, with their hashes.
	for name := range w.services {
		all = append(all, "Service/"+name)
	}
	for _, route := range w.routes {
		all = append(all, "HTTPRoute/"+route.Name)
	}
	for name := range w.secrets {
		all = append(all, "Secret/"+name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ours reports whether an object of ours has a name.
func (w *world) ours(of string) bool {
	kind, name, _ := strings.Cut(of, "/")
	switch kind {
	case "Service":
		_, ok := w.services[name]
		return ok
	case "Secret":
		_, ok := w.secrets[name]
		return ok
	}
	return slices.ContainsFunc(w.routes, func(r gatewayv1.HTTPRoute) bool { return r.Name == name })
}

// intrude creates somebody else's object where none of ours is.
func (w *world) intrude() {
	w.addForeign(slices.DeleteFunc(w.names(), w.ours))
}

// usurp puts somebody else's object in the place of one of ours.
func (w *world) usurp() {
	name := w.addForeign(slices.DeleteFunc(w.names(), func(name string) bool { return !w.ours(name) }))
	kind, name, _ := strings.Cut(name, "/")
	switch kind {
	case "Service":
		delete(w.services, name)
	case "Secret":
		delete(w.secrets, name)
	default:
		w.routes = slices.DeleteFunc(w.routes, func(r gatewayv1.HTTPRoute) bool { return r.Name == name })
	}
}

func (w *world) addForeign(names []string) string {
	names = slices.DeleteFunc(names, func(name string) bool { return len(name) > 63 })
	if len(names) == 0 || w.random.IntN(3) > 0 {
		return ""
	}
	chosen := pick(w, names...)
	kind, name, _ := strings.Cut(chosen, "/")
	if w.foreign == nil {
		w.foreign = map[string]state.Foreign{}
	}
	w.foreign[chosen] = state.Foreign{Kind: kind, Name: name, Instance: pick(w, "", "gateway-internal"), Maker: pick(w, "", "kubectl")}
	return chosen
}

// yield removes what is not ours.
func (w *world) yield() {
	if len(w.foreign) > 0 {
		delete(w.foreign, pick(w, keysInOrder(w.foreign)...))
	}
}

func keysInOrder[V any](all map[string]V) []string {
	keys := make([]string, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (w *world) describeForeign() string {
	return fmt.Sprintf("not ours: %v\n", keysInOrder(w.foreign))
}

// addressesBehind returns the addresses that the planned EndpointSlices have for a Service.
func addressesBehind(p plan.Plan, service string) []netip.Addr {
	var all []netip.Addr
	for _, object := range p.Objects {
		if object.GetObjectKind().GroupVersionKind().Kind != "EndpointSlice" || object.GetLabels()["kubernetes.io/service-name"] != service {
			continue
		}
		var endpoints struct {
			Endpoints []struct{ Addresses []netip.Addr }
		}
		if text, err := json.Marshal(object); err == nil && json.Unmarshal(text, &endpoints) == nil {
			for _, one := range endpoints.Endpoints {
				all = append(all, one.Addresses...)
			}
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}
