package hooks

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// interfaceTest is one of the provider's tests that the repository of the interfaces
// has for ingress (charm-relation-interfaces, interfaces/ingress/v1 and v2): an event,
// what the requirer has written, and what our side holds after it.
type interfaceTest struct {
	event     string // created, joined, changed
	app, unit map[string]string
	valid     bool // our databag must follow the schema; it must be empty otherwise
}

// interfaceTests are all there are, by version and name, with the data they have, save
// for the model of an application whose data are good: where they say "bar" ours is
// put. The name of another model would make it an application of that one, which is
// reached by its units' addresses only, and these are not in the data.
func interfaceTests() map[string]interfaceTest {
	host := map[string]string{"host": `"0.0.0.42"`}
	return map[string]interfaceTest{
		"v2 no_data_on_created":   {event: "created"},
		"v2 no_data_on_joined":    {event: "joined"},
		"v2 changed_remote_valid": {event: "changed", app: map[string]string{"model": `"bar"`, "port": "42", "name": `"remote"`}, unit: host, valid: true},
		"v2 changed_remote_invalid_json": {
			event: "changed", app: map[string]string{"model": "bar", "port": "42", "name": "true"}, unit: map[string]string{"host": "0.0.0.42"},
		},
		"v2 changed_remote_invalid": {
			event: "changed", app: map[string]string{"model": `"bar"`, "port": "42", "name": `"remote"`}, unit: map[string]string{"bubble": "blabla"},
		},
		"v1 no_data_on_created":     {event: "created"},
		"v1 no_data_on_joined":      {event: "joined"},
		"v1 changed_remote_valid":   {event: "changed", app: map[string]string{"host": `"0.0.0.42"`, "model": `"bar"`, "name": `"remote/0"`, "port": "42"}, valid: true},
		"v1 changed_remote_invalid": {event: "changed", app: map[string]string{"host": "0.0.0.42", "bubble": "10", "rubble": "foo"}},
	}
}

// TestInterface runs them against the charm, with a Gateway that is ready, and each
// with a unit that does not lead too: that one never writes.
func TestInterface(t *testing.T) {
	t.Parallel()
	for name, test := range interfaceTests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.run(t, "interface-"+strings.NewReplacer(" ", "-", "_", "-").Replace(name))
		})
	}
}

func (test interfaceTest) run(t *testing.T, model string) {
	ctx := t.Context()
	var wrote []string // what wrote to a databag, and whether it led
	var ran []string
	l := lab.ForTest(t, lab.Options{Cluster: shared.cluster, Model: model, Observe: func(run jujutest.HookRun) {
		ran = append(ran, run.Unit+" "+run.Name)
		for _, call := range run.Calls {
			if call.Tool == "relation-set" {
				wrote = append(wrote, run.Unit)
			}
		}
	}})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(l.Deploy(ctx, charm, map[string]any{"external-hostname": model + ".example.com", "enforce-https": false}, true))
	must(l.Settle(ctx))
	_, err := l.Juju.AddUnit(ctx, charm)
	must(err)
	must(l.Settle(ctx))
	must(l.Await(ctx, charm, func() error {
		if status := l.Juju.Status().Unit(charm + "/0"); status.Status != "active" {
			return fmt.Errorf("the charm is %s: %s", status.Status, status.Message)
		}
		return nil
	}))

	// An application without units brings the created event alone.
	units := 1
	if test.event == "created" {
		units = 0
	}
	must(l.Juju.AddScripted("remote", jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, units))
	ran, wrote = nil, nil
	id, err := l.Juju.Integrate(ctx, "remote:ingress", charm+":gateway")
	must(err)
	if test.app != nil {
		request := maps.Clone(test.app)
		if test.valid {
			request["model"] = strconv.Quote(model)
		}
		must(l.Juju.SetApplicationData(id, "remote", request))
	}
	if test.unit != nil {
		must(l.Juju.SetUnitData(id, "remote/0", test.unit))
	}
	must(l.Settle(ctx))
	for _, unit := range []string{charm + "/0", charm + "/1"} {
		if event := unit + " gateway-relation-" + test.event; !slices.Contains(ran, event) {
			t.Errorf("%s has not run: %v", event, ran)
		}
	}
	for _, unit := range wrote {
		if unit != charm+"/0" {
			t.Errorf("%s wrote to a databag and does not lead", unit)
		}
	}
	for _, unit := range []string{charm + "/0", charm + "/1"} {
		for key := range l.Juju.RelationData(id, unit) {
			if !slices.Contains([]string{"ingress-address", "private-address", "egress-subnets"}, key) {
				t.Errorf("%s wrote %s to its own databag", unit, key)
			}
		}
	}
	ours := l.Juju.RelationData(id, charm)
	if !test.valid {
		if len(ours) > 0 {
			t.Errorf("our databag is %v, not empty", ours)
		}
		return
	}
	var published struct{ URL string }
	if err := json.Unmarshal([]byte(ours["ingress"]), &published); err != nil {
		t.Fatalf("ingress is %q: %v", ours["ingress"], err)
	}
	if parsed, err := url.Parse(published.URL); err != nil || parsed.Scheme != "http" || parsed.Host == "" || len(ours) != 1 {
		t.Errorf("our databag is %v", ours)
	}
}
