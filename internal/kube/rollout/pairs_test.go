package rollout

import (
	"slices"
	"strings"
	"testing"
)

// A pair is an object and one that refers to it.
type pair struct {
	referred, referrer Ref
	// with both, and with the referrer referring to another object or to none.
	both, apart string
}

// led is a route with all that an application which speaks TLS has, and elsewhere the same
// route with a Service for plain HTTP.
const (
	led = `
- {kind: ConfigMap, name: ca}
- {kind: BackendTLSPolicy, name: old, targets: [old]}
- {kind: Service, name: old, tls: true}
- {kind: EndpointSlice, name: old-ipv4, service: old}
- {kind: HTTPRoute, name: web, parents: [http], backends: [old]}`
	elsewhere = `
- {kind: Service, name: next}
- {kind: HTTPRoute, name: web, parents: [http], backends: [next]}`
	listener = `
- {kind: Gateway, name: gw, listeners: [{name: http, port: 80, host: a.example}]}`
	renamed = `
- {kind: Gateway, name: gw, listeners: [{name: next, port: 80, host: a.example}]}
- {kind: HTTPRoute, name: web, parents: [next]}`
	secured = `
- {kind: Secret, name: old}
- {kind: Gateway, name: gw, listeners: [{name: https, port: 443, host: a.example, secrets: [old]}]}`
	otherwise = `
- {kind: Secret, name: next}
- {kind: Gateway, name: gw, listeners: [{name: https, port: 443, host: a.example, secrets: [next]}]}`
)

// pairs has every pair of kinds, by its name. A listener is no object: that it goes is a write of
// its Gateway, which the last pair has.
func pairs() map[string]pair {
	route, service, policy := Ref{KindRoute, "web"}, Ref{KindService, "old"}, Ref{KindPolicy, "old"}
	return map[string]pair{
		"Secret, of a listener":       {Ref{KindSecret, "old"}, Ref{KindGateway, "gw"}, secured, otherwise},
		"Service, of a route":         {service, route, led, elsewhere},
		"EndpointSlice, of a Service": {Ref{KindEndpointSlice, "old-ipv4"}, route, led, elsewhere},
		"policy, of a Service":        {policy, route, led, elsewhere},
		"ConfigMap, of a policy":      {Ref{KindConfigMap, "ca"}, route, led, elsewhere},
		"listener, of a route":        {Ref{KindGateway, "gw"}, route, listener + "\n- {kind: HTTPRoute, name: web, parents: [http]}", renamed},
	}
}

// did returns what a story's steps have done to an object: "write", "hold", "delete", or "" for
// nothing.
func did(lines []string, ref Ref) string {
	for _, line := range lines {
		if action, rest, _ := strings.Cut(line, " "); strings.HasPrefix(strings.TrimSpace(rest)+" ", ref.String()+" ") || strings.HasPrefix(strings.TrimSpace(rest), ref.String()+":") {
			return action
		}
	}
	return ""
}

// TestNothingGoesWhileItIsReferredTo has the referrer of each pair changed, so that it refers to
// another object or to none. What it has referred to goes when the controller has judged that,
// and not before; nor does it while the change is refused.
func TestNothingGoesWhileItIsReferredTo(t *testing.T) {
	t.Parallel()
	for name, p := range pairs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var both, apart []thing
			decode(t, p.both, &both)
			decode(t, p.apart, &apart)
			goes := "delete"
			if p.referred.Kind == KindGateway {
				goes = "write" // Of the Gateway without the listener.
			}
			c := newCluster(both)
			for _, event := range []struct {
				what     string
				observed bool
				refused  []Ref
				want     string
			}{
				{"refused", false, []Ref{p.referrer}, "hold"},
				{"changed", false, nil, "hold"},
				{"not observed", false, nil, "hold"},
				{"observed", true, nil, goes},
			} {
				if event.observed {
					c.observe(p.referrer)
				}
				steps := c.roll(apart, event.refused)
				if got := did(steps, p.referred); got != event.want {
					t.Errorf("%s: %q is done to %s, want %q\n%s", event.what, got, p.referred, event.want, strings.Join(steps, "\n"))
				}
			}
		})
	}
}

// TestNothingRefersToWhatIsNotThere has each object of an application refused when all is made: what
// would refer to it is not made either.
func TestNothingRefersToWhatIsNotThere(t *testing.T) {
	t.Parallel()
	var all []thing
	decode(t, led+secured, &all)
	for refused, want := range map[Ref][]Ref{
		{KindSecret, "old"}:             {{KindGateway, "gw"}, {KindConfigMap, "ca"}, {KindPolicy, "old"}, {KindService, "old"}, {KindEndpointSlice, "old-ipv4"}, {KindRoute, "web"}},
		{KindGateway, "gw"}:             nil, // Where there is none at all a route serves nothing.
		{KindConfigMap, "ca"}:           {{KindPolicy, "old"}, {KindService, "old"}, {KindRoute, "web"}},
		{KindPolicy, "old"}:             {{KindService, "old"}, {KindRoute, "web"}},
		{KindService, "old"}:            {{KindRoute, "web"}},
		{KindEndpointSlice, "old-ipv4"}: nil,
		{KindRoute, "web"}:              nil,
	} {
		steps := newCluster(nil).roll(all, []Ref{refused})
		for _, one := range all {
			action := "write"
			if slices.Contains(want, one.Ref) {
				action = "hold"
			}
			if got := did(steps, one.Ref); got != action {
				t.Errorf("%s refused: %q is done to %s, want %q", refused, got, one.Ref, action)
			}
		}
	}
}
