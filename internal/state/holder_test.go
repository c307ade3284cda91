package state_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The URL that an application was told identifies it, in every mode and at every host, and
// identifies no other application.
func TestPlacesOfApplications(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long-", 15) + "web"
	for _, test := range []struct {
		model, name, url string
		want             bool
	}{
		{"prod", "web", "https://gw.example.com/prod-web", true},
		{"prod", "web", "http://10.0.0.1/prod-web", true},
		{"prod", "web", "http://[2001:db8::1]/prod-web", true},
		{"prod", "web", "https://prod-web.example.com/", true},
		{"prod", "web", "https://prod-web.example.com", true},
		{"prod", long, "https://gw.example.com/prod-" + long, true},
		{"prod", long, "https://" + state.BoundedName("prod-"+long, 63) + ".example.com/", true},
		{"prod", long, "https://gw.example.com/" + state.BoundedName("prod-"+long, 63), false},
		{"prod", "web", "https://prod-web.example.com/prod-api", false},
		{"prod", "web", "https://gw.example.com/prod-web2", false},
		{"prod", "web", "https://gw.example.com/prod-web/", false},
		{"prod", "web", "https://gw.example.com/", false},
		{"prod", "web", "/prod-web", false},
		{"prod", "web", "", false},
		{"prod", "web", "https://%zz/prod-web", false},
	} {
		r := state.Requirer{Model: test.model, Name: test.name}
		if got := slices.Contains(r.Places(), state.PlaceOfURL(test.url)); got != test.want {
			t.Errorf("%s of %s is told %s: %t, not %t", test.name, test.model, test.url, got, test.want)
		}
	}
}
