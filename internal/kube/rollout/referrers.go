package rollout

// ReferrerFailed keeps an object while one that may refer to it could not be written or
// deleted, and is as it was.
type ReferrerFailed struct{ Kind string }

func (f ReferrerFailed) String() string {
	return "kept since a referring " + f.Kind + " could not be changed"
}

func referrerFailed(r *run, o Object) Reason {
	for _, kind := range referrers[o.Kind] {
		if r.failed[kind] || kind == KindPolicy && len(r.missing[KindConfigMap]) > 0 || kind == KindRoute && r.waiting() {
			return ReferrerFailed{kind}
		}
	}
	return nil
}

// aRouteHasNoBackend reports whether a desired route is held by withoutBackend.
func (r *run) aRouteHasNoBackend() bool {
	if len(r.missing[KindService]) == 0 {
		return false
	}
	for _, route := range r.desired[KindRoute] {
		_, reason := r.held(beforeWrites, r.asWritten(route))
		if _, is := reason.(NoBackend); is {
			return true
		}
	}
	return false
}
