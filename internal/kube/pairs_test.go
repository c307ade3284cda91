package kube

import (
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// TestNothingGoesBeforeItsSuccessorIsJudged has every pair of an object and what refers to
// it. The one that refers is changed to refer to another object, or to none: what it has
// referred to stays until the controller has judged that, and then goes. The last pair of
// the kind, a listener and its routes, is the planner's: no route leaves its listener, and
// a listener is planned for as long as a route is (plan, place.go; TestMakeOnRandomWalks).
func TestNothingGoesBeforeItsSuccessorIsJudged(t *testing.T) {
	t.Parallel()
	slice := endpointSlice("old-ipv4", "10.1.0.5")
	slice.Labels[rollout.LabelServiceName] = "old"
	led := []Object{routeTo("web", "old"), service("old", 443), slice, policy("old", "old.example.com"), configMap("ca", "CA")}
	next := []Object{routeTo("web", "next"), service("next", 80)}
	judgeRoute := func(s *server, generation, observed int64) { s.judge("web", generation, observed) }
	judgeGateway := func(s *server, generation, observed int64) { s.judgeGateway(generation, observed) }
	secured := []Object{secret("old"), secureGateway(map[string]string{"a": "old"})}
	other := []Object{secret("next"), secureGateway(map[string]string{"a": "next"})}
	for pair, test := range map[string]struct {
		goes          string // what is referred to
		before, after []Object
		judge         func(s *server, generation, observed int64)
	}{
		"Secret, of a listener":         {secretsPath + "/old", secured, other, judgeGateway},
		"Service, of a route":           {servicesPath + "/old", led, next, judgeRoute},
		"EndpointSlice, of a Service":   {slicesPath + "/old-ipv4", led, next, judgeRoute},
		"policy, of a Service":          {policiesPath + "/old", led, next, judgeRoute},
		"ConfigMap, of a policy":        {configMapsPath + "/ca", led, next, judgeRoute},
		"Service, of a route elsewhere": {servicesPath + "/old", led, append([]Object{policy("next", "next.example.com"), configMap("ca", "CA")}, next...), judgeRoute},
	} {
		t.Run(pair, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			if _, _, _, err := run(t, s, test.before...); err != nil {
				t.Fatal(err)
			}
			test.judge(s, 1, 1)
			for _, step := range []struct {
				what     string
				observed int64
				stays    bool
			}{{"changed", 1, true}, {"not judged yet", 1, true}, {"judged", 2, false}} {
				if step.what != "changed" {
					test.judge(s, 2, step.observed)
				}
				changes, _, _, err := run(t, s, test.after...)
				if err != nil {
					t.Fatal(err)
				}
				if got := s.objects[test.goes] != nil; got != step.stays {
					t.Errorf("%s: %s is there: %t, changes %v", step.what, test.goes[strings.LastIndexByte(test.goes, '/')+1:], got, changes)
				}
			}
		})
	}
}
