package charm_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/charm"
	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
)

// The hook tools and the API server in this file are the least that a run needs;
// whole runs against strict ones are in the tests module. Here stands what is
// hard to bring about there: what changes in the middle of a hook.

const own = "gw"

// now is the time of every run, but where a world is said to be later.
var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ourModel is the UUID of the charm's model.
const ourModel = "8419cd78-4993-4c3a-928e-c646226beeee"

// juju answers hook tools. It applies at once what Juju would buffer.
type juju struct {
	leader    bool
	config    map[string]any
	relations map[string][]string                     // ids by endpoint
	remotes   map[string]string                       // application by relation id
	units     map[string][]string                     // by relation id
	bags      map[string]map[string]map[string]string // by relation id and name
	models    map[string]string                       // UUID by relation id; ours unless it is there
	state     map[string]string
	secrets   map[string]string        // private key by label
	owned     map[string]string        // labels of what secret-ids lists, by id
	before    func(gocharm.Call) error // called before each tool; its error is the tool's
	dying     bool                     // our unit is being removed
	untold    bool                     // goal-state does not tell of it
	siblings  []string                 // our application's other units
	offers    map[string]string        // URLs of those that other models make us, by relation id
	suspended map[string]string        // applications of relations that are suspended, by endpoint
	ghosts    []string                 // relations, and units, that are listed, and not there any more
	leaving   map[string][]string      // relations that are listed no more, by endpoint, and still there

	params map[string]any // of the action

	status, log, failed []string
	results             []string // of actions, such as "requested=web.example.com"
	calls               []string // such as "relation-get gateway:1 shop/0", of the last run
}

func (*juju) Close() error { return nil }

func (j *juju) Run(_ context.Context, call gocharm.Call) ([]byte, error) {
	if i := slices.Index(call.Args, "-r"); i >= 0 {
		j.calls = append(j.calls, call.Tool+" "+call.Args[i+1]+" "+call.Args[len(call.Args)-1])
	} else {
		j.calls = append(j.calls, call.Tool)
	}
	if j.before != nil {
		if err := j.before(call); err != nil {
			return nil, err
		}
	}
	last := call.Args[len(call.Args)-1]
	relation := ""
	if i := slices.Index(call.Args, "-r"); i >= 0 {
		relation = call.Args[i+1]
	}
	switch call.Tool {
	case "is-leader":
		return json.Marshal(j.leader)
	case "config-get":
		return json.Marshal(j.config)
	case "relation-ids":
		return json.Marshal(append([]string{}, j.relations[last]...))
	case "relation-list":
		if last == "--app" {
			return json.Marshal(j.remotes[relation])
		}
		return json.Marshal(append([]string{}, j.units[relation]...))
	case "relation-model-get":
		return json.Marshal(map[string]string{"uuid": cmp.Or(j.models[relation], ourModel)})
	case "relation-get":
		if slices.Contains(j.ghosts, relation) || slices.Contains(j.ghosts, last) {
			return nil, denied(call)
		}
		return json.Marshal(j.bags[relation][last])
	case "goal-state":
		return json.Marshal(j.goals())
	case "relation-set":
		return nil, json.Unmarshal(call.Stdin, ptr(j.bags[relation][own]))
	case "state-get":
		return json.Marshal(j.state)
	case "state-set":
		return nil, json.Unmarshal(call.Stdin, &j.state)
	case "application-version-set":
		return nil, nil
	case "action-set":
		j.results = append(j.results, call.Args...)
		return nil, nil
	case "status-set":
		if call.Args[0] == "--application" {
			return nil, errors.New("the application's status is Juju's to find")
		}
		j.status = append(j.status, strings.Join(call.Args[1:], " "))
		return nil, nil
	case "juju-log":
		j.log = append(j.log, last)
		return nil, nil
	case "action-get":
		return json.Marshal(j.params)
	case "action-fail":
		j.failed = append(j.failed, last)
		return nil, nil
	case "secret-remove":
		for label := range j.secrets {
			if strings.Contains(label, "-record-") && strings.HasSuffix(last, idOf(label)) {
				delete(j.secrets, label)
			}
		}
		id := strings.TrimPrefix(last, "secret:")
		delete(j.secrets, j.owned[id])
		delete(j.owned, id)
		return nil, nil
	case "secret-ids":
		return json.Marshal(slices.Sorted(maps.Keys(j.owned)))
	case "state-delete":
		delete(j.state, last)
		return nil, nil
	}
	if strings.HasPrefix(call.Tool, "secret-") {
		return j.secret(call)
	}
	return nil, fmt.Errorf("%s: not here", call.Tool)
}

// secret answers the tools for the secrets: of what is told by an id, the id is in owned.
func (j *juju) secret(call gocharm.Call) ([]byte, error) {
	label, id := "", ""
	for _, arg := range call.Args {
		name, value, isFlag := strings.Cut(arg, "=")
		switch {
		case name == "--label":
			label = value
		case !isFlag && !strings.HasPrefix(arg, "--"):
			id = arg
		}
	}
	label = cmp.Or(label, j.owned[id])
	key, found := j.secrets[label]
	_, owned := j.owned[id]
	switch {
	case call.Tool == "secret-add" && found:
		return nil, &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR secret with label already exists"}
	case call.Tool == "secret-add", call.Tool == "secret-set":
		j.secrets[label] = cmp.Or(call.Content["private-key"], call.Content["record"])
		return []byte("secret:" + idOf(label)), nil
	case !found && !owned && call.Tool == "secret-get" && id == "":
		return nil, &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: fmt.Sprintf("ERROR consumer label %q not found", label)}
	case !found && !owned:
		return nil, &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: fmt.Sprintf("ERROR secret %q not found", cmp.Or(id, label))}
	case call.Tool == "secret-info-get":
		return json.Marshal(map[string]any{cmp.Or(id, idOf(label)): map[string]any{"label": label, "owner": "application", "revision": 2}})
	}
	field := "private-key"
	if strings.Contains(label, "-record-") {
		field = "record"
	}
	return json.Marshal(map[string]string{field: key})
}

// theSecret is the id of a secret that is asked for by its label, but of one that holds a
// record: that is made of its label.
const theSecret = "d0ns8mh3t7s5d8ihj6eg"

func idOf(label string) string {
	if prefix, sum, isRecord := strings.Cut(label, "-record-"); isRecord && prefix != "" {
		return theSecret[:4] + sum
	}
	return theSecret
}

// goals answers goal-state. Users of our offers are not told of.
func (j *juju) goals() map[string]any {
	type goals = map[string]map[string]string
	life, relations := "active", map[string]goals{}
	if j.dying {
		life = gocharm.Dying
	}
	for endpoint, ids := range j.relations {
		relations[endpoint] = goals{}
		for _, id := range slices.Concat(ids, j.leaving[endpoint]) {
			if slices.Contains(j.ghosts, id) || strings.HasPrefix(j.remotes[id], "remote-") {
				continue
			}
			if offer := j.offers[id]; offer != "" {
				relations[endpoint][offer] = map[string]string{"status": "joined"}
				continue
			}
			for _, name := range append([]string{j.remotes[id]}, j.units[id]...) {
				if !slices.Contains(j.ghosts, name) {
					relations[endpoint][name] = map[string]string{"status": "joined"}
				}
			}
		}
	}
	for endpoint, application := range j.suspended {
		relations[endpoint] = goals{application: {"status": gocharm.Suspended}}
	}
	units := goals{own + "/0": {"status": life}}
	for _, sibling := range j.siblings {
		units[sibling] = map[string]string{"status": "active"}
	}
	if j.untold {
		units = nil
	}
	return map[string]any{"units": units, "relations": relations}
}

func ptr[T any](value T) *T { return &value }

func denied(call gocharm.Call) error {
	return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR permission denied"}
}

// apiServer keeps objects by path.
type apiServer struct {
	mutex          sync.Mutex
	objects        map[string]map[string]any
	requests       []string // such as "PATCH /api/v1/…"; of a watch "WATCH /api/v1/…"
	refuse         bool     // answer 403 to everything
	withoutAddress bool     // the Gateway has none
	slow           bool     // the Gateway's controller judges nothing while a hook waits for it
	controller     string   // its name, "c" unless it is said
	version        int
	// fail gives the answers to requests such as "PATCH httproutes/gw-prod-blog", of
	// which the path need only be a part; 0 breaks the connection.
	fail map[string]answer
}

// An answer of the API server that is none of success.
type answer struct {
	code    int
	message string
}

// failing returns the answer to a request that is to fail.
func (a *apiServer) failing(method, path string) (answer, bool) {
	for request, with := range a.fail {
		wanted, part, _ := strings.Cut(request, " ")
		if method == wanted && strings.Contains(path, part) {
			return with, true
		}
	}
	return answer{}, false
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	method := r.Method
	if r.URL.Query().Has("watch") {
		method = "WATCH"
	}
	a.requests = append(a.requests, method+" "+r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	code, answer := http.StatusOK, any(nil)
	with, fails := a.failing(method, r.URL.Path)
	switch object := a.objects[r.URL.Path]; {
	case fails && with.code == 0:
		panic(http.ErrAbortHandler)
	case fails:
		reason := map[int]string{http.StatusForbidden: "Forbidden", http.StatusUnprocessableEntity: "Invalid"}[with.code]
		code, answer = with.code, failure(with.code, cmp.Or(reason, "InternalError"), with.message)
	case a.refuse:
		code, answer = http.StatusForbidden, failure(http.StatusForbidden, "Forbidden", "no right to "+r.URL.Path)
	case method == http.MethodPatch:
		answer = a.apply(r)
	case method == http.MethodDelete:
		delete(a.objects, r.URL.Path)
		answer = object
	case method == "WATCH": // It ends at once.
		if !a.slow {
			a.judge()
			for _, object := range a.below(r.URL.Path) {
				_ = json.NewEncoder(w).Encode(map[string]any{"type": "MODIFIED", "object": object})
			}
		}
		return
	case object != nil:
		answer = object
	case strings.Contains(r.URL.Path, "/statefulsets/"):
		code, answer = http.StatusNotFound, failure(http.StatusNotFound, "NotFound", "none")
	default:
		answer = map[string]any{"kind": "List", "apiVersion": "v1", "items": a.below(r.URL.Path)}
	}
	w.WriteHeader(code)
	if answer != nil {
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func failure(code int, reason, message string) map[string]any {
	return map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
}

func (a *apiServer) below(collection string) []any {
	items := []any{}
	for _, path := range slices.Sorted(maps.Keys(a.objects)) {
		if strings.HasPrefix(path, collection+"/") {
			items = append(items, a.objects[path])
		}
	}
	return items
}

// apply stands in for server-side apply by an object's only writer.
func (a *apiServer) apply(r *http.Request) map[string]any {
	body, _ := io.ReadAll(r.Body)
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return failure(http.StatusBadRequest, "BadRequest", err.Error())
	}
	metadata := object["metadata"].(map[string]any)
	a.version++
	metadata["resourceVersion"], metadata["generation"] = strconv.Itoa(a.version), 1
	if live := a.objects[r.URL.Path]; live != nil {
		before := live["metadata"].(map[string]any)
		metadata["generation"] = before["generation"]
		object["status"] = live["status"]
		if reflect.DeepEqual(live["spec"], object["spec"]) {
			metadata["resourceVersion"] = before["resourceVersion"]
		} else {
			metadata["generation"] = before["generation"].(int) + 1
		}
	}
	a.objects[r.URL.Path] = object
	return object
}

// writes are the requests that change something, since the last call.
func (a *apiServer) writes() []string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	writes := slices.DeleteFunc(a.requests, func(r string) bool {
		return !strings.HasPrefix(r, "PATCH") && !strings.HasPrefix(r, "DELETE")
	})
	a.requests = nil
	return writes
}

const gatewayAPI = "/apis/gateway.networking.k8s.io/v1"

// condition is one that is true at a generation.
func condition(kind string, generation any) map[string]any {
	return map[string]any{
		"type": kind, "status": "True", "reason": kind, "message": "", "observedGeneration": generation,
		"lastTransitionTime": "2025-12-31T23:00:00Z",
	}
}

// control plays the Gateway's controller: everything is found good as it is now.
func (a *apiServer) control() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.judge()
}

func (a *apiServer) judge() {
	for path, object := range a.objects {
		generation := object["metadata"].(map[string]any)["generation"]
		conditions := []any{condition("Accepted", generation), condition("Programmed", generation)}
		switch {
		case strings.Contains(path, "/gateways/"):
			var listeners []any
			for _, listener := range object["spec"].(map[string]any)["listeners"].([]any) {
				listeners = append(listeners, map[string]any{
					"name": listener.(map[string]any)["name"], "attachedRoutes": 1, "supportedKinds": []any{}, "conditions": conditions,
				})
			}
			addresses := []any{map[string]any{"value": "10.0.0.9"}}
			if a.withoutAddress {
				addresses = []any{}
			}
			object["status"] = map[string]any{
				"addresses": addresses, "conditions": conditions, "listeners": listeners,
			}
		case strings.Contains(path, "/httproutes/"):
			var parents []any
			for _, parent := range object["spec"].(map[string]any)["parentRefs"].([]any) {
				parents = append(parents, map[string]any{"controllerName": cmp.Or(a.controller, "c"), "parentRef": parent, "conditions": conditions[:1]})
			}
			object["status"] = map[string]any{"parents": parents}
		}
	}
}

// A world is a model with the charm in it: an application related over gateway:1,
// served over plain HTTP.
type world struct {
	t *testing.T
	*juju
	*apiServer
	kubeconfig string
	later      time.Duration // how long after now it is
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
	}, apiServer: &apiServer{objects: map[string]map[string]any{
		gatewayAPI + "/gatewayclasses/c": {
			"metadata": map[string]any{"name": "c", "generation": 1},
			"spec":     map[string]any{"controllerName": "c"},
			"status":   map[string]any{"conditions": []any{condition("Accepted", 1)}},
		},
	}}}
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
