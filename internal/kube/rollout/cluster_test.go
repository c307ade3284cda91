package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// A thing is an object of a story, as the cluster has it or as it is desired.
type thing struct {
	Object
	// Content stands for all that the rules do not look at.
	Content string `json:"content,omitempty"`
	// By is who wrote it, if that was not this charm.
	By string `json:"by,omitempty"`
	// Observed is the generation that its controller has judged, 0 for none; -1 says that it
	// judges whatever is there without telling which. Left out it is the first generation.
	Observed *int64 `json:"observed,omitempty"`

	generation int64
}

// A cluster plays the API server and the Gateway's controller.
type cluster struct {
	things  map[Ref]*thing
	foreign []Ref
	hidden  bool
	uid     int
}

func newCluster(live []thing) *cluster {
	c := &cluster{things: map[Ref]*thing{}}
	for _, one := range live {
		c.put(one)
	}
	return c
}

// put has an object in the cluster as somebody has made it.
func (c *cluster) put(one thing) {
	c.uid++
	one.UID = cmp.Or(one.UID, fmt.Sprintf("uid-%d", c.uid))
	one.generation = 1
	if one.Observed == nil {
		one.Observed = new(one.generation)
	}
	c.things[one.Ref] = &one
}

// observe has the controller judge an object as it is now.
func (c *cluster) observe(ref Ref) {
	if one := c.things[ref]; one != nil && *one.Observed >= 0 {
		*one.Observed = one.generation
	}
}

// live is what the charm reads.
func (c *cluster) live() Live {
	live := Live{Foreign: c.foreign, Hidden: c.hidden}
	for _, one := range c.things {
		o := one.Object
		o.Behind = slices.Contains([]string{KindGateway, KindRoute}, o.Kind) && *one.Observed > 0 && *one.Observed < one.generation
		live.Objects = append(live.Objects, o)
	}
	return live
}

// compared is what is desired, compared with what is live.
func (c *cluster) compared(desired []thing) []Object {
	var all []Object
	for _, one := range desired {
		o := one.Object
		if live := c.things[o.Ref]; live != nil {
			o.Differs, o.Taken = !sameSpec(one, *live, false) || live.By != "" || one.Content != live.Content, live.By != ""
		}
		all = append(all, o)
	}
	return all
}

// sameSpec compares what is desired with what is live, with a route's parents or without.
func sameSpec(a, b thing, parents bool) bool {
	spec := func(one thing) []any {
		o := one.Object
		all := []any{o.Class, o.Listeners, o.Backends, o.Targets, o.Service, o.TLS}
		if parents {
			all = append(all, o.Parents)
		}
		return all
	}
	return reflect.DeepEqual(spec(a), spec(b))
}

// roll has everything done that is to be done in one event. What is refused is not done.
func (c *cluster) roll(desired []thing, refused []Ref) []string {
	live, objects := c.live(), c.compared(desired)
	var lines []string
	var answers []Answer
	for {
		steps := Next(live, objects, answers)
		if len(steps) == 0 {
			return lines
		}
		for _, step := range steps {
			ref := step.Object.Ref
			answer := Answer{Step: step, Failed: step.Action != Hold && slices.Contains(refused, ref)}
			line := fmt.Sprintf("%-6s %s: %s", step.Action, shown(step), step.Reason)
			if answer.Failed {
				line += "; it is refused"
			} else {
				answer.UID = c.take(step, desired)
			}
			lines, answers = append(lines, line), append(answers, answer)
		}
	}
}

// shown is an object with what a step makes of it, and the rule that holds it.
func shown(step Step) string {
	text := step.Object.String()
	switch {
	case step.Detach:
		text += " (detached)"
	case step.Action == Write && step.Object.Kind == KindRoute && len(step.Object.Parents) > 0:
		text += " at " + strings.Join(step.Object.Parents, ", ")
	}
	if step.Rule != "" {
		text += " [" + step.Rule + "]"
	}
	return text
}

// take carries a step out, and returns the identity of what was written.
func (c *cluster) take(step Step, desired []thing) string {
	ref := step.Object.Ref
	live := c.things[ref]
	switch step.Action {
	case Write:
		if step.Detach {
			live.Parents = nil
			return live.UID
		}
		next := desired[slices.IndexFunc(desired, func(one thing) bool { return one.Ref == ref })]
		next.Parents, next.Note = step.Object.Parents, step.Object.Note
		if live == nil {
			next.Observed = new(int64)
			c.put(next)
			return c.things[ref].UID
		}
		next.UID, next.Observed, next.generation = live.UID, live.Observed, live.generation
		next.Finalizers, next.Deleting, next.NoBackend = live.Finalizers, live.Deleting, live.NoBackend
		if !sameSpec(next, *live, true) {
			next.generation++
		}
		*live = next
		return live.UID
	case Delete:
		if step.Detach {
			live.Parents = nil
		}
		if live.Deleting = true; !live.Finalizers {
			delete(c.things, ref)
		}
	}
	return ""
}

// refs are the names of what is in the cluster, sorted.
func (c *cluster) refs() []Ref {
	return slices.SortedFunc(maps.Keys(c.things), func(a, b Ref) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
}
