package rollout

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReplacedListeners(t *testing.T) {
	t.Parallel()
	with := func(listeners ...Listener) []Object {
		return []Object{{Ref: Ref{KindGateway, "gw"}, Listeners: listeners}}
	}
	a, b := Listener{Name: "a", Port: 80, Host: "a.example"}, Listener{Name: "b", Port: 80, Host: "b.example"}
	renamed, secure := a, a
	renamed.Name, secure.Name, secure.Port = "old", "a-https", 443
	for name, c := range map[string]struct {
		live, next []Object
		want       []string
	}{
		"another name":   {with(renamed), with(a), []string{"old"}},
		"the same":       {with(a), with(a), nil},
		"another host":   {with(renamed), with(b), nil},
		"one more host":  {with(a), with(a, b), nil},
		"another port":   {with(renamed), with(secure), nil},
		"the first":      {nil, with(a), nil},
		"no host at all": {with(), with(a), nil},
		"none desired":   {with(a), nil, nil},
	} {
		got := newRun(Live{Objects: c.live}, c.next, nil).renaming.replaced
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestSuccessors: the Gateway waits while what its routes are replaced by is not there at all.
func TestSuccessors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		live, wanted []string // routes of that name, at the old listener or the next one
		want         bool
	}{
		"one is to come":          {[]string{"a"}, []string{"b"}, true},
		"several are to come":     {[]string{"a"}, []string{"b", "c"}, true},
		"one of several is there": {[]string{"a", "c"}, []string{"b", "c"}, false},
		"the same":                {[]string{"a"}, []string{"a"}, false},
		"none is wanted":          {[]string{"a"}, nil, false},
		"none is attached":        {nil, []string{"b"}, false},
	} {
		before, next := gatewayWith("old"), gatewayWith("next")
		next.Listeners[0].Host = before.Listeners[0].Host
		live, desired := []Object{before}, []Object{next}
		for _, route := range c.live {
			live = append(live, routeAt(route, "old"))
		}
		for _, route := range c.wanted {
			desired = append(desired, routeAt(route, "next"))
		}
		if got := newRun(Live{Objects: live}, desired, nil).waitsForSuccessors(); got != c.want {
			t.Errorf("%s: waits %t", name, got)
		}
	}
}

// TestParentsAtTheBound: a route names listeners of before as far as there is room.
func TestParentsAtTheBound(t *testing.T) {
	t.Parallel()
	for _, before := range []int{1, 31, 32} {
		var listeners []string
		for i := range before {
			listeners = append(listeners, fmt.Sprint("old-", i))
		}
		next := gatewayWith(listeners...)
		for i := range next.Listeners {
			next.Listeners[i].Name = fmt.Sprint("next-", i)
		}
		route := routeAt("r", "next-0")
		want := before + 1
		if want > 32 {
			want = 1
		}
		r := newRun(Live{Objects: []Object{gatewayWith(listeners...), routeAt("r", listeners...)}}, []Object{next, route}, nil)
		if got := r.parents(route); len(got) != want {
			t.Errorf("%d of before: %d parents, want %d", before, len(got), want)
		}
	}
}

// TestGoneListeners: routes keep the listeners that the Gateway has no more, until its controller has
// judged it without.
func TestGoneListeners(t *testing.T) {
	t.Parallel()
	gateway := gatewayWith("a")
	routes := []Object{routeAt("r1", "z", "a"), routeAt("r2", "y", ""), routeAt("r3", "z")}
	for behind, want := range map[bool][]string{true: {"y", "z"}, false: nil} {
		gateway.Behind = behind
		got := newRun(Live{Objects: append([]Object{gateway}, routes...)}, nil, nil).renaming
		if diff := cmp.Diff(want, got.kept); diff != "" || got.replaced != nil {
			t.Errorf("behind %t: (-want +got):\n%s replaced %v", behind, diff, got.replaced)
		}
	}
	if got := newRun(Live{Objects: routes}, nil, nil).renaming.kept; got != nil {
		t.Errorf("without a Gateway: %v", got)
	}
}
