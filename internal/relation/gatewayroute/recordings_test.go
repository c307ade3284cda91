package gatewayroute_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/gatewayroute"
)

const recording = "testdata/gateway_route.txt"

// section returns what was recorded in a section, by the names of its blocks.
func section(t *testing.T, title string) map[string]string {
	t.Helper()
	blocks := map[string]string{}
	for _, block := range recorded.Section(t, recording, title) {
		blocks[block.Name] = block.Text
	}
	return blocks
}

var appLine = regexp.MustCompile(`(?m)^   app: ({.*})$`)

// recordedBag returns what the side under test wrote in a block, nil if nothing.
func recordedBag(t *testing.T, text string) bag {
	t.Helper()
	match := appLine.FindStringSubmatch(text)
	if match == nil {
		return nil
	}
	return recorded.Bag(t, match[1])
}

// TestRecordedRequirers goes through the requirer data that the Python provider was
// given: whatever it took or refused must be known here, and we do the same unless
// the case says why not.
func TestRecordedRequirers(t *testing.T) {
	t.Parallel()
	blocks := section(t, "gateway-route provider publish")
	for name := range blocks {
		_, isGateway := recordedGateways[name]
		if _, isRequirer := recordedRequirers[name]; !isGateway && !isRequirer {
			t.Errorf("block %q of the recording has no case", name)
		}
	}
	for name, c := range recordedRequirers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, ok := blocks[name]
			if !ok {
				t.Fatal("not in the recording")
			}
			taken := check(t, c)
			if pythonTook := strings.Contains(text, "GatewayRouteRequirerAppData("); (taken == pythonTook) != (c.unlike == "") {
				t.Errorf("taken: %t, by the Python library: %t, unlike: %q", taken, pythonTook, c.unlike)
			}
		})
	}
}

// recordedGateways are what the Python provider was told to publish, by the names of
// the blocks that differ in this.
var recordedGateways = map[string]gatewayroute.Gateway{
	"full":              {Address: "10.0.0.1", Model: "m", Name: "gw", HTTPSMode: gatewayroute.Enforced, HSTSMaxAge: new(int64(31536000))},
	"disabled no addr":  {Model: "m", Name: "gw", HTTPSMode: gatewayroute.Disabled},
	"enabled host addr": {Address: "gw.lb.example.com", Model: "m", Name: "gw", HTTPSMode: gatewayroute.Enabled},
	"hsts 0":            {Address: "10.0.0.1", Model: "m", Name: "gw", HTTPSMode: gatewayroute.Enforced, HSTSMaxAge: new(int64(0))},
	"hsts -1":           {Address: "10.0.0.1", Model: "m", Name: "gw", HTTPSMode: gatewayroute.Enforced, HSTSMaxAge: new(int64(-1))},
}

// TestRecordedGateways compares what we publish with what the Python provider
// published.
func TestRecordedGateways(t *testing.T) {
	t.Parallel()
	blocks := section(t, "gateway-route provider publish")
	for name, gateway := range recordedGateways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := recordedBag(t, blocks[name])
			if name == "hsts -1" { // The Python provider's hook failed.
				want = recordedBag(t, blocks["full"])
				want["hsts_max_age"] = "null"
			}
			if len(want) != 5 {
				t.Fatalf("recorded %q, want five keys", want)
			}
			if diff := cmp.Diff(want, gatewayroute.Encode(gateway)); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRequirerWrote reads what the Python requirer writes.
func TestRequirerWrote(t *testing.T) {
	t.Parallel()
	want := map[string]*gatewayroute.Request{ // nil: not written yet
		"pub full":                    {Hostnames: []string{"a.example.com", "b.example.com"}},
		"pub ('a.example.com', None)": {Hostnames: []string{"a.example.com"}},
		"pub (None, None)":            {Hostless: true},
		"read nulls":                  nil,
		"read missing optionals":      nil,
		"read hsts string":            nil,
	}
	blocks := section(t, "gateway-route requirer")
	for name, text := range blocks {
		written := recordedBag(t, text)
		want, known := want[name]
		if written == nil {
			if known || !strings.Contains(text, "EXC ") {
				t.Errorf("block %q has no bag", name)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !known {
				t.Fatal("block unknown to this test")
			}
			got, err := gatewayroute.ParseRequirer(written)
			if want == nil {
				if !errors.Is(err, gatewayroute.ErrNotWritten) {
					t.Errorf("got %+v, %v, want ErrNotWritten", got, err)
				}
				return
			}
			if diff := cmp.Diff(*want, got); err != nil || diff != "" {
				t.Errorf("error %v, request (-want +got):\n%s", err, diff)
			}
		})
	}
}
