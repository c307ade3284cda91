package rollout

import "slices"

// Foreign holds an object whose name one of somebody else has. Whoever carries the steps out
// reports it as refused.
type Foreign struct{}

func (Foreign) String() string { return "held since an object of that name is there, and is not ours" }

func foreign(r *run, o Object) Reason {
	if slices.Contains(r.foreign, o.Ref) {
		return Foreign{}
	}
	return nil
}
