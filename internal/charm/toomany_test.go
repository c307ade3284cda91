package charm_test

import (
	"fmt"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// TestManyTellOfTheSame: several providers on receive-ca-cert published the same authorities, and
// the note of that was larger than Juju accepts. Every hook failed from then on: no URL was
// published, and no certificate renewed.
func TestManyTellOfTheSame(t *testing.T) {
	t.Parallel()
	w := withBackendTLS(t)
	var all []string
	for range 600 {
		all = append(all, backendCA(t))
	}
	w.relations["receive-ca-cert"] = nil
	for i := range 8 {
		id, name := fmt.Sprintf("receive-ca-cert:%d", 10+i), fmt.Sprintf("evil%d", i)
		w.relations["receive-ca-cert"] = append(w.relations["receive-ca-cert"], id)
		w.remotes[id], w.units[id] = name, []string{name + "/0"}
		w.bags[id] = map[string]map[string]string{own: {}, name: {"certificates": quoted(t, all[:550]), "version": "1"}, name + "/0": {}}
	}
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if n := len(w.state["record"]); n == 0 || n >= 64<<10 {
		t.Errorf("on record are %d bytes", n)
	}
	object := w.objects[authoritiesMap]
	if object == nil {
		t.Fatal("there is no ConfigMap")
	}
	notes, _ := object["metadata"].(map[string]any)["annotations"].(map[string]any)
	if n := len(fmt.Sprint(notes)); n >= 32<<10 {
		t.Errorf("the ConfigMap is annotated with %d bytes", n)
	}
}
