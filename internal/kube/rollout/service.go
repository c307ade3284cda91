package rollout

import (
	"slices"
	"strings"
)

// NoBackend holds a route that leads to desired Services which are not there: it stays as it
// is, and where it leads to. A controller may not look at it again when the Service comes, as
// Cilium 1.19 does not.
type NoBackend struct{ Services []string }

func (n NoBackend) String() string {
	return "held since there is no Service " + strings.Join(n.Services, ", ")
}

func withoutBackend(r *run, o Object) Reason {
	if o.Kind != KindRoute {
		return nil
	}
	absent := func(name string) bool { return slices.Contains(r.missing[KindService], name) }
	if names := slices.DeleteFunc(slices.Clone(o.Backends), func(name string) bool { return !absent(name) }); len(names) > 0 {
		return NoBackend{names}
	}
	return nil
}

// ServiceInUse keeps a Service, with its EndpointSlices and its BackendTLSPolicy, until the
// controller has seen that the route leads elsewhere. Controllers read one kind after the
// other: one that has read the old route, and then finds its Service or the policy of that
// gone, fails requests until it reads again. Traefik was seen to do so for a second.
type ServiceInUse struct{ Route string }

func (u ServiceInUse) String() string {
	return "kept until HTTPRoute " + u.Route + " is observed to lead elsewhere"
}

func serviceInUse(r *run, o Object) Reason {
	services := o.Targets
	switch o.Kind {
	case KindService:
		services = []string{o.Name}
	case KindEndpointSlice:
		services = []string{o.Service}
	case KindPolicy:
	default:
		return nil
	}
	for _, service := range services {
		if route, kept := r.last()[service]; kept {
			return ServiceInUse{route}
		}
	}
	return nil
}

// lastRoutes returns the Services that are not desired and stay for the moment, with the route
// for which they do: one that stays and is led away from it now, or, where none leads to it,
// one that has been led away from something while its controller has not judged it since.
func (r *run) lastRoutes() map[string]string {
	last, led, behind := map[string]string{}, map[string]bool{}, ""
	for _, route := range r.have[KindRoute] {
		stays := r.wanted[route.Ref]
		for _, service := range route.Backends {
			led[service] = true
			if stays {
				last[service] = route.Name
			}
		}
		if stays && route.Behind {
			behind = route.Name
		}
	}
	for _, service := range r.have[KindService] {
		if behind != "" && !led[service.Name] {
			last[service.Name] = behind
		}
	}
	for _, service := range r.desired[KindService] {
		delete(last, service.Name)
	}
	return last
}
