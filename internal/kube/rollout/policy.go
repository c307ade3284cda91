package rollout

import "strings"

// NoAuthorities holds a BackendTLSPolicy until the ConfigMaps with the authorities are there.
type NoAuthorities struct{ ConfigMaps []string }

func (n NoAuthorities) String() string {
	return "held since there is no ConfigMap " + strings.Join(n.ConfigMaps, ", ")
}

func withoutAuthorities(r *run, o Object) Reason {
	if o.Kind != KindPolicy {
		return nil
	}
	if names := r.missing[KindConfigMap]; len(names) > 0 {
		return NoAuthorities{names}
	}
	return nil
}

// Unprotected holds a Service that a BackendTLSPolicy is for, and a route to it, while the
// policy could not be written: the gateway would speak to the application in clear.
type Unprotected struct{ Policy string }

func (u Unprotected) String() string {
	return "held since BackendTLSPolicy " + u.Policy + " is not in place"
}

func withoutProtection(r *run, o Object) Reason {
	services := o.Backends
	switch o.Kind {
	case KindService:
		services = []string{o.Name}
	case KindRoute:
	default:
		return nil
	}
	for _, service := range services {
		if policy, open := r.open()[service]; open {
			return Unprotected{policy}
		}
	}
	return nil
}

// openServices returns the Services for which a desired BackendTLSPolicy is not in place by
// now, with its name.
func (r *run) openServices() map[string]string {
	open := map[string]string{}
	for _, policy := range r.desired[KindPolicy] {
		if r.isAsDesired(policy) || r.written(policy.Ref) {
			continue
		}
		for _, service := range policy.Targets {
			open[service] = policy.Name
		}
	}
	return open
}

// AuthoritiesInUse keeps a ConfigMap while a BackendTLSPolicy that stays may refer to it.
type AuthoritiesInUse struct{ Policy string }

func (u AuthoritiesInUse) String() string {
	return "kept as long as BackendTLSPolicy " + u.Policy + " is"
}

func authoritiesInUse(r *run, o Object) Reason {
	if o.Kind != KindConfigMap {
		return nil
	}
	for _, policy := range r.have[KindPolicy] {
		if !r.wanted[policy.Ref] && !r.deleted(policy.Ref) {
			return AuthoritiesInUse{policy.Name}
		}
	}
	return nil
}
