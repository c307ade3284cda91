package rollout

import "slices"

// Live is what the application has in the cluster, as it was read.
type Live struct {
	// Objects are its objects; of Gateways only the one of its name.
	Objects []Object
	// Foreign names objects of others.
	Foreign []Ref
	// Hidden says that there may be BackendTLSPolicies, or ConfigMaps for them, which the
	// charm may not list.
	Hidden bool
}

// Next returns the steps that come next, given what became of those before: objects of one
// kind that are written or deleted, and those that are held. They may be taken in any order.
// Every step is to be answered, a held one too. There are none when all is done.
//
// What is live is always what it was before the first step.
func Next(live Live, desired []Object, answers []Answer) []Step {
	r := newRun(live, desired, answers)
	for _, kind := range Kinds() {
		if steps := r.unanswered(r.writes(kind)); len(steps) > 0 {
			return steps
		}
	}
	for _, kind := range slices.Backward(Kinds()) {
		if steps := r.unanswered(r.deletes(kind)); len(steps) > 0 {
			return steps
		}
	}
	return nil
}

// Rewrite returns the steps that write those of the routes that are there and differ, and
// touch nothing else.
func Rewrite(live Live, routes []Object) []Step {
	r := newRun(live, routes, nil)
	var steps []Step
	for _, desired := range r.desired[KindRoute] {
		route := desired
		route.Note = r.note(route)
		if r.there(route.Ref) && !r.isAsDesired(route) {
			steps = append(steps, Step{Action: Write, Object: route, Reason: r.why(desired, route)})
		}
	}
	return steps
}

// writes returns the steps for what is desired of a kind and differs, in its order.
func (r *run) writes(kind string) []Step {
	var steps []Step
	for _, desired := range r.desired[kind] {
		o := r.asWritten(desired)
		if r.isAsDesired(o) {
			continue
		}
		step := Step{Action: Write, Object: o, Reason: r.why(desired, o)}
		if rule, reason := r.held(beforeWrites, o); reason != nil {
			step = Step{Action: Hold, Object: o, Rule: rule, Reason: reason}
		}
		steps = append(steps, step)
	}
	return steps
}

// deletes returns the steps for what is live of a kind and not desired, sorted by name.
func (r *run) deletes(kind string) []Step {
	var steps []Step
	for _, o := range r.have[kind] {
		if r.wanted[o.Ref] {
			continue
		}
		step := Step{Action: Delete, Object: o, Reason: Unwanted{}, Detach: o.attached() && o.Finalizers}
		if rule, reason := r.held(beforeDeletes, o); reason != nil {
			step = Step{Action: Hold, Object: o, Rule: rule, Reason: reason}
		} else if o.Deleting {
			step = Step{Action: Write, Object: o, Reason: Detached{}, Detach: true}
		}
		steps = append(steps, step)
	}
	return steps
}

// asWritten returns a desired object as it is to be written now.
func (r *run) asWritten(o Object) Object {
	if o.Kind == KindRoute {
		o.Parents, o.Note = r.parents(o), r.note(o)
	}
	return o
}

// isAsDesired reports whether writing an object would change nothing.
func (r *run) isAsDesired(o Object) bool {
	live, there := r.live[o.Ref]
	return there && !o.Differs && slices.Equal(o.Parents, live.Parents) && (o.Note == "" || o.Note == live.Note)
}

// why returns the reason for which a desired object is written as it is.
func (r *run) why(desired, written Object) Reason {
	live, there := r.live[desired.Ref]
	switch {
	case !there:
		return Absent{}
	case len(written.Parents) > len(desired.Parents):
		return Renamed{}
	case !desired.Differs && written.Note != live.Note:
		return Overlooked{}
	case desired.Taken:
		return TakenOver{}
	default:
		return Changed{}
	}
}

// unanswered returns the steps that have no answer.
func (r *run) unanswered(steps []Step) []Step {
	return slices.DeleteFunc(steps, func(step Step) bool {
		_, answered := r.answers[step.Object.Ref]
		return answered
	})
}
