package rollout

import "slices"

// Hidden keeps what a BackendTLSPolicy may need that the charm may not list, and such a
// policy. One goes where its Service speaks TLS no more, as its application could not be
// reached with it.
type Hidden struct{}

func (Hidden) String() string {
	return "kept since a BackendTLSPolicy may need it that may not be listed"
}

func neededByHidden(r *run, o Object) Reason {
	if !r.hidden {
		return nil
	}
	needed := false
	switch o.Kind {
	case KindConfigMap:
		needed = true
	case KindPolicy:
		needed = !slices.ContainsFunc(r.desired[KindService], func(service Object) bool {
			return slices.Contains(o.Targets, service.Name) && !service.TLS
		})
	case KindService:
		needed = o.TLS
	}
	if needed {
		return Hidden{}
	}
	return nil
}
