package rollout

import "slices"

// NoListener holds a route while the Gateway could not be written: it would leave a listener
// that is there for one that is not, or be made where no listener is.
type NoListener struct{}

func (NoListener) String() string { return "held since the Gateway does not have its listener" }

func withoutListener(r *run, o Object) Reason {
	if o.Kind != KindRoute || r.gateway == nil || !r.failed[KindGateway] {
		return nil
	}
	there := func(parent string) bool { return parent == "" || r.gateway.hasListener(parent) }
	missing := func(parent string) bool { return !there(parent) }
	live, exists := r.live[o.Ref]
	switch {
	case !exists && !slices.ContainsFunc(o.Parents, there):
		return NoListener{}
	case !exists || !slices.ContainsFunc(o.Parents, missing):
		return nil
	}
	leaves := func(parent string) bool { return there(parent) && !slices.Contains(o.Parents, parent) }
	if slices.ContainsFunc(live.Parents, leaves) {
		return NoListener{}
	}
	return nil
}

// GatewayStays keeps the Gateway, whatever is desired: with it would go its address.
type GatewayStays struct{}

func (GatewayStays) String() string { return "kept, as the Gateway always is" }

func gatewayStays(_ *run, o Object) Reason {
	if o.Kind == KindGateway {
		return GatewayStays{}
	}
	return nil
}
