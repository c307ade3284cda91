package charm_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// What an event makes the charm do, independently of the state of the world.
const (
	nothing = "nothing" // no hook tool is called, and no request sent
	whole   = "all"     // Juju and the cluster are read, and the status is set
)

// events has every kind of event, what it makes a leader do, and which hook tools it calls that update-status does
// not.
var events = []struct {
	kind  gocharm.Kind
	does  string
	tools []string
}{
	{gocharm.Install, nothing, nil},
	{gocharm.Start, whole, []string{"application-version-set", "relation-model-get"}},
	{gocharm.Stop, nothing, nil},
	{gocharm.Remove, nothing, nil},
	{gocharm.UpgradeCharm, whole, []string{"application-version-set", "relation-model-get"}},
	{gocharm.ConfigChanged, whole, []string{"relation-model-get"}},
	{gocharm.UpdateStatus, whole, nil},
	{gocharm.LeaderElected, whole, []string{"relation-model-get"}},
	{gocharm.LeaderSettingsChanged, nothing, nil},
	{gocharm.LeaderDeposed, nothing, nil},
	{gocharm.RelationCreated, whole, nil},
	{gocharm.RelationJoined, whole, nil},
	{gocharm.RelationChanged, whole, nil},
	{gocharm.RelationDeparted, whole, nil},
	{gocharm.RelationBroken, whole, []string{"goal-state"}},
	{gocharm.SecretChanged, whole, nil},
	{gocharm.SecretRotate, nothing, nil},
	{gocharm.SecretExpired, whole, []string{"secret-remove"}},
	{gocharm.SecretRemove, whole, []string{"secret-remove"}},
	{gocharm.PebbleReady, nothing, nil},
	{gocharm.PebbleCustomNotice, nothing, nil},
	{gocharm.PebbleCheckFailed, nothing, nil},
	{gocharm.PebbleCheckRecovered, nothing, nil},
	{gocharm.StorageAttached, nothing, nil},
	{gocharm.StorageDetaching, nothing, nil},
	{gocharm.CollectMetrics, nothing, nil},
	{gocharm.MeterStatusChanged, nothing, nil},
	{gocharm.PreSeriesUpgrade, nothing, nil},
	{gocharm.PostSeriesUpgrade, nothing, nil},
	{gocharm.Action, "", []string{"action-fail"}}, // of a name that is none
	{gocharm.Exec, nothing, nil},
	{gocharm.Unknown, nothing, nil},
}

// TestEvents sends each event to a leader in a world without changes. Events that Juju sends to a
// unit on its way out must not touch what is served.
func TestEvents(t *testing.T) {
	t.Parallel()
	for _, test := range events {
		t.Run(string(test.kind), func(t *testing.T) {
			t.Parallel()
			w := issued(t)
			w.run(updateStatus())
			usual := slices.Clone(w.calls)
			w.requests = nil
			event := gocharm.Event{Kind: test.kind, Action: &gocharm.EventAction{Name: "unheard-of"}}
			if strings.HasPrefix(string(test.kind), "relation-") {
				event.Relation = &gocharm.EventRelation{Endpoint: "gateway", ID: "gateway:9", RemoteApp: "former"}
			}
			if strings.HasPrefix(string(test.kind), "secret-") {
				label := "afd8c2bccf834997afce12c2706d2ede-certificate-0"
				w.owned, w.secrets[label] = map[string]string{theSecret: label}, "old"
				event.Secret = &gocharm.EventSecret{ID: theSecret, Label: label, Revision: 1}
			}
			_ = w.try(event) // An unknown action fails.
			tools := map[string]bool{}
			for _, call := range w.calls {
				if !slices.Contains(usual, call) {
					tool, _, _ := strings.Cut(call, " ")
					tools[tool] = true
				}
			}
			for _, tool := range append(test.tools, "state-set", "secret-get", "secret-info-get", "secret-ids", "relation-get", "juju-log", "status-set", "secret-add") {
				if test.does == whole || slices.Contains(test.tools, tool) {
					if !tools[tool] && slices.Contains(test.tools, tool) {
						t.Errorf("%s is not called", tool)
					}
					delete(tools, tool)
				}
			}
			if len(tools) > 0 {
				t.Errorf("calls %v beyond those of update-status", tools)
			}
			if test.does != whole && len(w.requests) > 0 || test.does == nothing && len(w.calls) > 0 {
				t.Errorf("calls %q, requests %q", w.calls, w.requests)
			}
			if read := strings.Contains(strings.Join(w.requests, " "), "GET "+gatewayAPI+"/namespaces/prod/gateways"); read != (test.does == whole) {
				t.Errorf("requests %q", w.requests)
			}
			if got := deletions(w.writes()); len(got) > 0 {
				t.Errorf("deleted: %q", got)
			}
		})
	}
}

// TestEventsOfAUnitThatDoesNotLead: whatever Juju sends to such a unit, it writes its status, its version and its own
// memory, and nothing of the application's: no relation data, no secret, no object.
func TestEventsOfAUnitThatDoesNotLead(t *testing.T) {
	t.Parallel()
	mayWrite := []string{"status-set", "application-version-set", "state-set", "state-delete", "action-fail"}
	for _, test := range events {
		t.Run(string(test.kind), func(t *testing.T) {
			t.Parallel()
			w := issued(t)
			w.leader = false
			w.config = maps.Clone(w.config)
			w.config["external-hostname"] = "other.example.com" // A leader would write.
			w.writes()
			event := gocharm.Event{Kind: test.kind, Action: &gocharm.EventAction{Name: "rotate-private-key"}}
			if strings.HasPrefix(string(test.kind), "relation-") {
				event.Relation = &gocharm.EventRelation{Endpoint: "gateway", ID: "gateway:9", RemoteApp: "former"}
			}
			if strings.HasPrefix(string(test.kind), "secret-") {
				event.Secret = &gocharm.EventSecret{ID: theSecret, Label: "afd8c2bccf834997afce12c2706d2ede-certificate-0", Revision: 1}
			}
			told := w.told()
			_ = w.try(event) // The action fails.
			for _, call := range w.calls {
				tool, _, _ := strings.Cut(call, " ")
				if writing := strings.HasSuffix(tool, "-set") || strings.HasSuffix(tool, "-add") || strings.HasSuffix(tool, "-remove"); writing && !slices.Contains(mayWrite, tool) {
					t.Errorf("calls %s", call)
				}
			}
			if got := w.writes(); len(got) > 0 {
				t.Errorf("written: %q", got)
			}
			if got := w.told(); got != told {
				t.Errorf("told %s, before %s", got, told)
			}
		})
	}
}

// TestEventsAreAll: the table has each kind that gocharm knows.
func TestEventsAreAll(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../gocharm/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != "Kind" {
			return true
		}
		for _, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			known++
			found := 0
			for _, test := range events {
				if string(test.kind) == text {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%s is %d times in the table", text, found)
			}
		}
		return true
	})
	if known != len(events) || known < 20 {
		t.Errorf("%d kinds, and %d in the table", known, len(events))
	}
}
