package rollout

import "testing"

// gatewayWith is a Gateway with listeners of these names, each for its own host.
func gatewayWith(listeners ...string) Object {
	o := Object{Ref: Ref{KindGateway, "gw"}}
	for _, name := range listeners {
		o.Listeners = append(o.Listeners, Listener{Name: name, Port: 80, Host: name + ".example"})
	}
	return o
}

func routeAt(name string, parents ...string) Object {
	return Object{Ref: Ref{KindRoute, name}, Parents: parents}
}

// refused is the answer for an object that could not be written.
func refused(o Object) []Answer {
	return []Answer{{Step: Step{Action: Write, Object: o}, Failed: true}}
}

// TestWithoutListener: while the Gateway cannot be written no route leaves a listener that is there
// for one that is not, nor is one made that no listener is there for.
func TestWithoutListener(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		live, next []string // listeners; live is nil for a new route
		written    bool
	}{
		"a new one, its listener is there":     {nil, []string{"a"}, true},
		"a new one, its listener is not there": {nil, []string{"b"}, false},
		"a new one, one of two is there":       {nil, []string{"b", "a"}, true},
		"one that keeps its listener":          {[]string{"a"}, []string{"a"}, true},
		"one that gets another besides":        {[]string{"a"}, []string{"a", "b"}, true},
		"one that moves":                       {[]string{"a"}, []string{"b"}, false},
		"one that loses one of two":            {[]string{"a", "c"}, []string{"a"}, true},
		"one that was nowhere":                 {[]string{"b"}, []string{"c"}, true},
		"one that names the Gateway":           {[]string{""}, []string{""}, true},
	} {
		live := []Object{gatewayWith("a")}
		if c.live != nil {
			live = append(live, routeAt("r", c.live...))
		}
		route := routeAt("r", c.next...)
		r := newRun(Live{Objects: live}, []Object{route}, refused(gatewayWith()))
		if got := withoutListener(r, route) == nil; got != c.written {
			t.Errorf("%s: written %t", name, got)
		}
		if r := newRun(Live{Objects: live}, []Object{route}, nil); withoutListener(r, route) != nil {
			t.Errorf("%s: it waits for a Gateway that is as desired", name)
		}
	}
	route := routeAt("r", "b")
	if reason := withoutListener(newRun(Live{}, []Object{route}, refused(gatewayWith())), route); reason != nil {
		t.Errorf("without a Gateway nothing is written: %v", reason)
	}
}
