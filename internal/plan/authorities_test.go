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
	for name, c := range map[string]struct {
		providers []state.CAProvider
		size      int
	}{
		"one before it":   {[]state.CAProvider{evil(2), good}, 420 << 10},
		"three before it": {[]state.CAProvider{evil(2), evil(3), evil(4), good}, 768 << 10},
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
}
