package gatewayroute_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/gatewayroute"
)

// TestEncode has what Python's json.dumps makes of these values, beyond the recordings.
func TestEncode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		gateway gatewayroute.Gateway
		want    bag
	}{
		"IPv6, enforced without a header": {
			gatewayroute.Gateway{Address: "fd00::1", Model: "edge", Name: "gateway", HTTPSMode: gatewayroute.Enforced},
			bag{"gateway_address": `"fd00::1"`, "gateway_model": `"edge"`, "gateway_name": `"gateway"`, "hsts_max_age": "null", "https_mode": `"enforced"`},
		},
		"largest age": {
			gatewayroute.Gateway{Address: "10.0.0.1", Model: "m", Name: "gw", HTTPSMode: gatewayroute.Enforced, HSTSMaxAge: new(int64(1<<63 - 1))},
			bag{"gateway_address": `"10.0.0.1"`, "gateway_model": `"m"`, "gateway_name": `"gw"`, "hsts_max_age": "9223372036854775807", "https_mode": `"enforced"`},
		},
		"nothing raw": {
			gatewayroute.Gateway{Address: "a\"<é>\n", Model: `\`, Name: "😀", HTTPSMode: gatewayroute.Disabled},
			bag{
				"gateway_address": `"a\"<\u00e9>\n"`, "gateway_model": `"\\"`, "gateway_name": `"\ud83d\ude00"`,
				"hsts_max_age": "null", "https_mode": `"disabled"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, gatewayroute.Encode(c.gateway)); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWithdrawal checks that everything that Encode publishes is deleted, and that each call
// returns a map of its own.
func TestWithdrawal(t *testing.T) {
	t.Parallel()
	withdrawn := gatewayroute.Withdrawal()
	published := gatewayroute.Encode(gatewayroute.Gateway{})
	if diff := cmp.Diff(slices.Sorted(maps.Keys(published)), slices.Sorted(maps.Keys(withdrawn))); diff != "" {
		t.Errorf("keys (-published +withdrawn):\n%s", diff)
	}
	for key, value := range withdrawn {
		if value != "" || published[key] == "" {
			t.Errorf("%s is %q when published and %q when withdrawn", key, published[key], value)
		}
	}
	withdrawn["gateway_name"] = "mine"
	if got := gatewayroute.Withdrawal()["gateway_name"]; got != "" {
		t.Errorf("a caller's change is in the next withdrawal: %q", got)
	}
}
