package charm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// byHand puts an object into the cluster that somebody has made.
func (w *world) byHand(path string) {
	name := path[strings.LastIndexByte(path, '/')+1:]
	w.objects[path] = map[string]any{
		"metadata": map[string]any{
			"name": name, "uid": "by-hand", "resourceVersion": "1", "generation": 1,
			"managedFields": []any{map[string]any{"manager": "kubectl-create", "operation": "Update"}},
		},
		"spec": map[string]any{"listeners": []any{}, "parentRefs": []any{}},
	}
}

// TestForeignObjects has somebody else's objects with names of ours: they are left alone, and the
// charm uses other names or reports them.
func TestForeignObjects(t *testing.T) {
	t.Parallel()
	const (
		service = "/api/v1/namespaces/prod/services/gw-shop-service"
		route   = gatewayAPI + "/namespaces/prod/httproutes/gw-prod-shop-http"
		gateway = gatewayAPI + "/namespaces/prod/gateways/gw"
	)
	tests := map[string]struct {
		path, status string
		other        string // begins the path of what is written in its place
	}{
		"a Service": {service, "active Gateway addresses: 10.0.0.9", service + "-"},
		"a route":   {route, "active Gateway addresses: 10.0.0.9", route + "-"},
		"a Gateway": {gateway, "blocked Gateway gw was made by \"kubectl-create\"; delete it, or deploy the charm under another name", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.byHand(test.path)
			var writes []string
			for range 2 {
				w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
				writes = append(writes, w.writes()...)
				w.control()
			}
			w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
			writes = append(writes, w.writes()...)
			if got := w.lastStatus(); !strings.HasPrefix(got, test.status) {
				t.Errorf("status is %q", got)
			}
			touched := func(line string) bool { return strings.HasSuffix(line, test.path) }
			instead := func(line string) bool { return strings.HasPrefix(line, "PATCH "+test.other) }
			if slices.ContainsFunc(writes, touched) || test.other != "" && !slices.ContainsFunc(writes, instead) {
				t.Errorf("it writes %v", writes)
			}
			if test.other == "" && len(writes) > 0 {
				t.Errorf("it writes %v", writes)
			}
			if log := strings.Join(w.log, "\n"); !strings.Contains(log, `was made by "kubectl-create", and is left alone`) {
				t.Errorf("the log is\n%s", log)
			}
		})
	}
}
