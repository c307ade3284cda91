package rollout

// A filter is a rule that holds objects: it returns why one has to wait, or nil.
type filter struct {
	name string
	hold func(*run, Object) Reason
}

// beforeWrites are the rules for a desired object that differs from the live one, in order:
// the first that has a reason counts. An object of others comes last, since to find one there
// is reported as a refusal.
var beforeWrites = []filter{
	{"secret-refused", secretRefused},
	{"rename", renameOfListener},
	{"authorities", withoutAuthorities},
	{"protection", withoutProtection},
	{"listener", withoutListener},
	{"backend", withoutBackend},
	{"foreign", foreign},
}

// beforeDeletes are the rules for a live object that is not desired.
var beforeDeletes = []filter{
	{"terminating", terminating},
	{"gateway", gatewayStays},
	{"secret-refused", secretRefused},
	{"rename", inUseByRename},
	{"referrers", referrerFailed},
	{"authorities-in-use", authoritiesInUse},
	{"service-in-use", serviceInUse},
	{"secret-in-use", secretInUse},
	{"hidden", neededByHidden},
}

// held returns the first rule that holds an object, and its reason; nil for none.
func (r *run) held(filters []filter, o Object) (rule string, reason Reason) {
	for _, f := range filters {
		if reason := f.hold(r, o); reason != nil {
			return f.name, reason
		}
	}
	return "", nil
}
