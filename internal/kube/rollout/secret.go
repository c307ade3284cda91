package rollout

import (
	"slices"
	"strings"
)

// SecretRefused holds everything while desired Secrets are not there: controllers have been
// seen to take no change of a Gateway with a listener whose Secret is missing. The caller has
// to plan without the hosts of these.
type SecretRefused struct{ Secrets []string }

func (r SecretRefused) String() string {
	return "held since there is no Secret " + strings.Join(r.Secrets, ", ")
}

func secretRefused(r *run, o Object) Reason {
	if o.Kind == KindSecret && r.wanted[o.Ref] {
		return nil
	}
	if names := r.missing[KindSecret]; len(names) > 0 {
		return SecretRefused{names}
	}
	return nil
}

// SecretInUse keeps a Secret until its controller has seen that its listener has another. A
// controller that has read the old Gateway, and then finds the Secret gone, fails what the
// listener serves until it reads again.
type SecretInUse struct{}

func (SecretInUse) String() string { return "kept until its listener is observed with another" }

// secretInUse keeps a Secret of which another takes the place in a listener now, and one of
// which another has done so, while the controller has not judged the Gateway since. A Secret
// whose listener goes is nobody's any more, and goes too.
func secretInUse(r *run, o Object) Reason {
	if o.Kind != KindSecret || r.gateway == nil || r.next == nil {
		return nil
	}
	referred := false
	for _, listener := range r.gateway.Listeners {
		if !slices.Contains(listener.Secrets, o.Name) {
			continue
		}
		referred = true
		if after, found := r.next.listener(listener.sameTraffic); found && !slices.Contains(after.Secrets, o.Name) {
			return SecretInUse{}
		}
	}
	if !referred && r.gateway.Behind {
		return SecretInUse{}
	}
	return nil
}
