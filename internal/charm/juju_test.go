package charm_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

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
