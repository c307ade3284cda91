package charm_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/charm"
	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// The hook tools of juju_test.go and the API server of apiserver_test.go are the minimum that a run
// needs. Whole runs against strict ones are in the tests module. The tests here are for what is
// hard to cause there: changes in the middle of a hook.

const own = "gw"

// now is the time of every run, but where a world is said to be later.
var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ourModel is the UUID of the charm's model.
const ourModel = "8419cd78-4993-4c3a-928e-c646226beeee"

// A world is a model with the charm in it: an application related over gateway:1,
// served over plain HTTP.
type world struct {
	t *testing.T
	*juju
	*apiServer
	kubeconfig string
	later      time.Duration // how long after now it is
	keys       int           // how many private keys it has been given
	realKeys   bool          // the charm makes its private keys by itself
}

// made are the private keys that worlds are given, in this order: one takes as long to make as all
// else in a test.
var made struct {
	sync.Mutex
	keys []*rsa.PrivateKey
}

// newKey returns, for the world, a private key that it has not had.
func (w *world) newKey() (*rsa.PrivateKey, error) {
	made.Lock()
	defer made.Unlock()
	if w.keys == len(made.keys) {
		key, err := tlscertificates.NewKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		made.keys = append(made.keys, key)
	}
	w.keys++
	return made.keys[w.keys-1], nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, juju: &juju{
		leader:    true,
		config:    map[string]any{"enforce-https": false, "external-hostname": "web.example.com"},
		relations: map[string][]string{"gateway": {"gateway:1"}},
		remotes:   map[string]string{"gateway:1": "shop"},
		units:     map[string][]string{"gateway:1": {"shop/0"}},
		bags: map[string]map[string]map[string]string{"gateway:1": {
			own: {}, "shop": {"model": `"prod"`, "name": `"shop"`, "port": "8080"}, "shop/0": {"host": `"shop-0"`},
		}},
		state: map[string]string{}, secrets: map[string]string{},
	}, apiServer: newAPIServer()}
	w.objects[gatewayAPI+"/gatewayclasses/c"] = map[string]any{
		"metadata": map[string]any{"name": "c", "generation": 1},
		"spec":     map[string]any{"controllerName": "c"},
		"status":   map[string]any{"conditions": []any{condition("Accepted", 1)}},
	}
	server := httptest.NewServer(w.apiServer)
	t.Cleanup(server.Close)
	w.kubeconfig = filepath.Join(t.TempDir(), "config")
	config := fmt.Sprintf(`{"clusters":[{"name":"c","cluster":{"server":%q}}],"contexts":[{"name":"c","context":{"cluster":"c"}}],"current-context":"c"}`, server.URL)
	for path, text := range map[string]string{w.kubeconfig: config, filepath.Join(filepath.Dir(w.kubeconfig), "version"): "1"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// serving is a world in which the application is served and everything is quiet.
func serving(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for range 2 {
		w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
		w.control()
	}
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got := w.lastStatus(); !strings.HasPrefix(got, "active Gateway addresses: 10.0.0.9") {
		t.Fatalf("status is %q", got)
	}
	w.writes()
	return w
}

// run handles an event.
func (w *world) run(event gocharm.Event) {
	w.t.Helper()
	if err := w.try(event); err != nil {
		w.t.Errorf("%s: %v", event.Kind, err)
	}
}

// try handles an event that may fail.
func (w *world) try(event gocharm.Event) error {
	event.Unit, event.Model, event.ModelUUID, event.CharmDir = own+"/0", "prod", ourModel, filepath.Dir(w.kubeconfig)
	w.calls = nil
	c := charm.Charm{
		Event: event, Tools: gocharm.NewTools(w.juju), Now: now.Add(w.later),
		Connect: func(options kube.Options) (*kube.Client, error) {
			config, err := kube.Config(func(name string) string { return map[string]string{"KUBECONFIG": w.kubeconfig}[name] })
			if err != nil {
				return nil, err
			}
			return kube.NewClient(config, options)
		},
		NewKey: w.newKey,
	}
	if w.realKeys {
		c.NewKey = nil
	}
	return c.Run(w.t.Context())
}

// withAuthority relates a certificate authority, which writes nothing.
func (w *world) withAuthority() {
	w.relations["certificates"] = []string{"certificates:2"}
	w.remotes["certificates:2"] = "ca"
	w.bags["certificates:2"] = map[string]map[string]string{own: {}, "ca": {}}
}

func (w *world) lastStatus() string {
	if len(w.status) == 0 {
		return ""
	}
	return w.status[len(w.status)-1]
}
