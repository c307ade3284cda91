package plan_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestAuthoritiesShareTheRoom guards against an earlier bug. Three providers on receive-ca-cert
// told of so many authorities that there was no room for those of newer relations, and the Gateway
// no longer connected to the applications that these are for. Now each provider has its share, and
// more if others leave room.
func TestAuthoritiesShareTheRoom(t *testing.T) {
	t.Parallel()
	crowd := func(name string, bytes int) []string {
		var all []string
		for i := range bytes >> 10 {
			all = append(all, fmt.Sprintf("%s-%d-%s\n", name, i, strings.Repeat("x", 1000)))
		}
		return all
	}
	bundle := func(providers ...state.CAProvider) string {
		s := readState(t, "testdata/https-backend.in.yaml")
		s.CAProviders = providers
		for _, object := range plan.Make(s).Objects {
			if object.GetObjectKind().GroupVersionKind().Kind != "ConfigMap" {
				continue
			}
			content, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			var one struct{ Data map[string]string }
			if err := json.Unmarshal(content, &one); err != nil {
				t.Fatal(err)
			}
			return one.Data[plan.AuthoritiesKey]
		}
		return ""
	}
	// As many as are read from one provider (certificatetransfer.MaxBytes).
	evil := func(relation int) state.CAProvider {
		return state.CAProvider{RelationID: relation, Application: "evil", Written: true, Certificates: crowd(fmt.Sprint("evil", relation), 320<<10)}
	}
	good := state.CAProvider{RelationID: 9, Application: "good", Written: true, Certificates: crowd("good", 100<<10)}
	same := func(relation int) state.CAProvider {
		return state.CAProvider{RelationID: relation, Application: "same", Written: true, Certificates: crowd("same", 320<<10)}
	}
	for name, c := range map[string]struct {
		providers []state.CAProvider
		size      int
	}{
		"one before it":   {[]state.CAProvider{evil(2), good}, 420 << 10},
		"three before it": {[]state.CAProvider{evil(2), evil(3), evil(4), good}, 768 << 10},
		"the same thrice": {[]state.CAProvider{same(2), same(3), same(4), good}, 420 << 10},
		"some after it":   {[]state.CAProvider{evil(2), good, evil(10), evil(11)}, 768 << 10},
	} {
		got := bundle(c.providers...)
		if n := strings.Count(got, "good-"); n != 100 {
			t.Errorf("%s: %d of its 100 authorities are trusted", name, n)
		}
		if len(got) < c.size*98/100 || len(got) > c.size {
			t.Errorf("%s: the bundle has %d bytes", name, len(got))
		}
	}
	third := func(relation int) state.CAProvider {
		return state.CAProvider{RelationID: relation, Application: "third", Written: true, Certificates: []string{strings.Repeat(fmt.Sprint(relation), 256<<10)}}
	}
	if got := bundle(third(2), third(3), third(4)); len(got) != 768<<10 {
		t.Errorf("of three that fill the room exactly, the bundle has %d bytes", len(got))
	}
}

// TestAuthoritiesOnRecordAreBounded: Juju limits what a unit stores, so only so many authorities
// are on record with who told of them, and each provider has its share of these.
func TestAuthoritiesOnRecordAreBounded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ providers, each, relations, digests int }{
		{1, 800, 1, 800},
		{1, 900, 1, 800},
		{500, 2, 500, 500},
		{900, 1, 0, 0},
	} {
		s := readState(t, "testdata/https-backend.in.yaml")
		s.CAProviders = nil
		for i := range c.providers {
			one := state.CAProvider{RelationID: 20 + i, Application: "ca", Written: true}
			for n := range c.each {
				one.Certificates = append(one.Certificates, fmt.Sprintf("%d of %d\n", n, i))
			}
			s.CAProviders = append(s.CAProviders, one)
		}
		told, digests := map[int][]string{}, 0
		if err := json.Unmarshal([]byte(plan.Make(s).Record(s).Told), &told); err != nil {
			t.Fatal(err)
		}
		for _, all := range told {
			digests += len(all)
		}
		if len(told) != c.relations || digests != c.digests {
			t.Errorf("of %d providers with %d authorities each, %d with %d in all are on record", c.providers, c.each, len(told), digests)
		}
	}
}
