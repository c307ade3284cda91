package gatewayroute_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
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

// TestRecordedRequirers goes through the requirer data that the Python provider was given. Whatever
// it accepted or refused must be a case here, and we do the same unless the case says why not.
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

// recordedGateways are what the Python provider was told to publish, by the names of the blocks
// that differ in it.
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
	want := map[string]gatewayroute.Request{
		"pub full":                    {Hostnames: []string{"a.example.com", "b.example.com"}},
		"pub ('a.example.com', None)": {Hostnames: []string{"a.example.com"}},
		"pub (None, None)":            {Hostless: true},
	}
	blocks := section(t, "gateway-route requirer")
	for name := range blocks {
		_, known := want[name]
		if _, reads := requirerReads[name]; !known && !reads {
			t.Errorf("block %q is unknown to these tests", name)
		}
	}
	for name, want := range want {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := gatewayroute.ParseRequirer(recordedBag(t, blocks[name]))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("error %v, request (-want +got):\n%s", err, diff)
			}
		})
	}
}

// requirerReads are the recorded cases of what the Python requirer made of a provider's data, by
// name: the Gateway that it found or, if its hook failed, what is always in ours.
var requirerReads = map[string]struct {
	gateway gatewayroute.Gateway
	spared  func(t *testing.T, ours bag)
}{
	"read nulls":             {gateway: gatewayroute.Gateway{Model: "m", Name: "gw", HTTPSMode: gatewayroute.Enforced}},
	"read missing optionals": {gateway: gatewayroute.Gateway{Model: "m", Name: "gw", HTTPSMode: gatewayroute.Enforced}},
	"read hsts string":       {gateway: gatewayroute.Gateway{Address: "10.0.0.1", Model: "m", Name: "gw", HTTPSMode: gatewayroute.Enforced, HSTSMaxAge: new(int64(5))}},
	"read empty": {spared: func(t *testing.T, ours bag) {
		if len(ours) != 5 {
			t.Errorf("we write %q, not five keys", ours)
		}
	}},
	"read bad mode": {spared: func(t *testing.T, ours bag) {
		if !slices.Contains([]string{`"disabled"`, `"enabled"`, `"enforced"`}, ours["https_mode"]) {
			t.Errorf("we write the mode %s", ours["https_mode"])
		}
	}},
	"read raw": {spared: func(t *testing.T, ours bag) {
		for key, value := range ours {
			if !json.Valid([]byte(value)) {
				t.Errorf("we write no JSON under %s: %s", key, value)
			}
		}
	}},
}

// TestRequirersRead compares what we write with what the Python requirer reads.
func TestRequirersRead(t *testing.T) {
	t.Parallel()
	blocks := section(t, "gateway-route requirer")
	for name, c := range requirerReads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, found := blocks[name]
			if !found {
				t.Fatal("not in the recording")
			}
			if failed := strings.Contains(text, "EXC "); failed != (c.spared != nil) {
				t.Fatalf("its hook failed: %t", failed)
			}
			if c.spared != nil {
				for _, gateway := range recordedGateways {
					c.spared(t, gatewayroute.Encode(gateway))
				}
				c.spared(t, gatewayroute.Encode(gatewayroute.Gateway{Model: "m", Name: "gw", HTTPSMode: gatewayroute.Disabled}))
				return
			}
			if want := asPython(t, gatewayroute.Encode(c.gateway)); !strings.Contains(text, want) {
				t.Errorf("we write %s, and it read:\n%s", want, text)
			}
		})
	}
}

// asPython formats our data as the library prints its object.
func asPython(t *testing.T, ours bag) string {
	t.Helper()
	value := func(key string) string {
		return strings.NewReplacer(`"`, "'", "null", "None").Replace(ours[key])
	}
	mode := strings.Trim(value("https_mode"), "'")
	return fmt.Sprintf("GatewayRouteProviderAppData(gateway_name=%s, gateway_model=%s, https_mode=<HttpsMode.%s: '%s'>, gateway_address=%s, hsts_max_age=%s)",
		value("gateway_name"), value("gateway_model"), strings.ToUpper(mode), mode, value("gateway_address"), value("hsts_max_age"))
}
