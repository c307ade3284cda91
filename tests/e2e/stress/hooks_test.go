package stress_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// unrelated stands for the id of no relation.
const unrelated = -1

// A view is what the charm could see when a hook began.
type view struct {
	at      time.Time
	enforce bool
	// relations are the certificates relations that it may have seen, one of them
	// or, where unrelated is among them, none.
	relations []int
	// revoked are the certificates that the provider lists as revoked, in DER.
	revoked map[string]bool
	// apps are the applications that it must have seen.
	apps []string
	// hostname is external-hostname.
	hostname string
}

// knowledge is what the charm must know by now.
type knowledge struct {
	// last is the view of the last hook of a leader that was carried through, nil
	// before the first, and tried those of the leaders' hooks since that were not.
	last  *view
	tried []view
	// active says that the last one ended with status active.
	active bool
	// tampered says that somebody has changed the cluster since.
	tampered bool
	// issued are the certificates that were issued on each relation, in DER.
	issued map[int]map[string]bool
	// seen and left are the relations that each unit has heard of, and those that
	// it has seen break.
	seen, left map[string][]int
	// known are all hosts there ever were.
	known map[string]bool

	// interrupted says that the middleman has done something to the hook.
	interrupted bool

	before  string // who led when the hook began
	current view   // of the hook that runs
	runs    []jujutest.HookRun
}

func newKnowledge() knowledge {
	return knowledge{issued: map[int]map[string]bool{}, seen: map[string][]int{}, left: map[string][]int{}, known: map[string]bool{}}
}

// views are all that may be behind what the cluster is like.
func (k *knowledge) views() []view {
	if k.last == nil {
		return nil
	}
	return append([]view{*k.last}, k.tried...)
}

// beginHook takes note of what a hook will see.
func (w *world) beginHook() {
	w.runs = nil
	w.before = w.leader()
	w.current = view{at: time.Now(), enforce: w.enforce, hostname: w.hostname, revoked: map[string]bool{}}
	for _, relation := range w.Juju.Status().Relations {
		if relation.Interface == "tls-certificates" {
			app, _, _ := strings.Cut(relation.Provider, ":")
			w.noteRevoked(w.Juju.RelationData(relation.ID, app)["certificates"])
		}
	}
}

// step runs a hook, and looks whether all is safe after it.
func (w *world) step() bool {
	w.beginHook()
	ran, err := w.Step(w.ctx)
	if _, failed := errors.AsType[*jujutest.HookError](err); !failed {
		w.must(err)
	}
	w.interrupted = w.middle.disarm()
	for _, run := range w.runs {
		w.afterHook(run)
	}
	w.must(w.middle.found)
	if ran {
		w.checkSafe()
	}
	return ran
}

// noteRevoked reads a provider's `certificates` as leniently as can be.
func (w *world) noteRevoked(certificates string) {
	var entries []json.RawMessage
	_ = json.Unmarshal([]byte(certificates), &entries) // Garbage has nothing to say.
	for _, entry := range entries {
		var one struct {
			Certificate string
			Revoked     bool
		}
		if json.Unmarshal(entry, &one) != nil || !one.Revoked {
			continue
		}
		if leaf := parseLeaf([]byte(one.Certificate)); leaf != nil {
			w.current.revoked[string(leaf.Raw)] = true
		}
	}
}

// observe takes note of a hook; it must not run anything.
func (w *world) observe(run jujutest.HookRun) {
	w.hooks++
	w.runs = append(w.runs, run)
}

// afterHook learns from a hook what the charm must know.
func (w *world) afterHook(run jujutest.HookRun) {
	after := w.leader()
	result := "ok"
	if run.Err != nil {
		result = run.Err.Error()
	}
	if w.interrupted {
		result += ", interrupted"
	}
	w.note("    %s %s, %d calls: %s (led by %q, then %q)%s%s", run.Unit, run.Name, len(run.Calls), result, w.before, after, statusOf(run), kept(run))
	w.checkRun(run)
	if !strings.HasPrefix(run.Unit, charm+"/") {
		if run.Err != nil {
			w.fatalf("hook %s of %s failed: %v\n%s", run.Name, run.Unit, run.Err, run.Output)
		}
		return
	}
	if id, ok := relationID(run); ok && run.Err == nil {
		switch {
		case strings.HasSuffix(run.Name, "-relation-created"):
			w.seen[run.Unit] = append(w.seen[run.Unit], id)
		case strings.HasSuffix(run.Name, "-relation-broken"):
			w.left[run.Unit] = append(w.left[run.Unit], id)
		}
	}
	if run.Unit != w.before && run.Unit != after {
		if run.Err != nil && !w.excused(run) {
			w.fatalf("hook %s of %s failed: %v\n%s", run.Name, run.Unit, run.Err, run.Output)
		}
		return
	}
	seen := w.viewOf(run)
	status := statusOf(run)
	// One that cannot tell whether a relation is a ghost changes nothing.
	held := strings.Contains(status, "Waiting for a relation that Juju lists")
	if run.Err == nil && run.Unit == w.before && w.before == after && !w.interrupted && !held {
		if run.Kind == "hook" && status != "" && !strings.Contains(status, "Standby") {
			w.last, w.tried, w.tampered = &seen, nil, false
			w.middle.makeUp()
			w.active = strings.Contains(status, " active") && !strings.Contains(status, "applications served")
			w.unjudged = strings.Contains(status, "Waiting for the controller of gateway class")
		}
		return
	}
	if !w.excused(run) && run.Err != nil && w.before == after {
		w.fatalf("hook %s of %s failed: %v\n%s", run.Name, run.Unit, run.Err, run.Output)
	}
	w.tried = append(w.tried, seen)
}

// kept tells which secrets a hook made or removed, by their labels or ids.
func kept(run jujutest.HookRun) string {
	var b strings.Builder
	for _, call := range run.Calls {
		if call.Tool == "secret-add" || call.Tool == "secret-remove" {
			fmt.Fprintf(&b, " [%s %s]", call.Tool, call.Args[0])
		}
	}
	return b.String()
}

// excused reports whether a hook failed because the test has made it.
func (w *world) excused(run jujutest.HookRun) bool {
	const killed = 128 + 9
	denied := slices.ContainsFunc(run.Calls, func(call jujutest.ToolCall) bool { return call.Tool == "relation-get" && call.Code != 0 })
	return run.ExitCode == killed || w.interrupted || denied || errors.Is(run.Err, errInjected)
}

// viewOf is what the unit could see in this hook.
func (w *world) viewOf(run jujutest.HookRun) view {
	seen := w.current
	id, _ := relationID(run)
	breaking := strings.HasSuffix(run.Name, "-relation-broken")
	for _, relation := range w.Juju.Status().Relations {
		left := slices.Contains(w.left[run.Unit], relation.ID) || breaking && id == relation.ID
		if relation.Interface == "tls-certificates" {
			if !left {
				seen.relations = append(seen.relations, relation.ID)
			}
			if !left && (relation.Removing || !slices.Contains(w.seen[run.Unit], relation.ID)) {
				seen.relations = append(seen.relations, unrelated)
			}
		}
		if relation.Interface == "ingress" && !relation.Removing && !left && slices.Contains(w.seen[run.Unit], relation.ID) {
			app, _, _ := strings.Cut(relation.Requirer, ":")
			seen.apps = append(seen.apps, app)
		}
	}
	// Of a ghost the charm may know, or not yet.
	if len(w.ghosts) > 0 {
		seen.relations = append(append(seen.relations, w.ghosts...), unrelated)
	}
	if len(seen.relations) == 0 {
		seen.relations = []int{unrelated}
	}
	return seen
}

// relationID is the relation that a hook is about.
func relationID(run jujutest.HookRun) (int, bool) {
	for _, variable := range run.Env {
		if value, ok := strings.CutPrefix(variable, "JUJU_RELATION_ID="); ok {
			id, err := strconv.Atoi(value[strings.LastIndexByte(value, ':')+1:])
			return id, err == nil
		}
	}
	return 0, false
}

// statusOf is the status that a hook has set, empty for none.
func statusOf(run jujutest.HookRun) string {
	status := ""
	for _, call := range run.Calls {
		if call.Tool == "status-set" {
			status = " → " + strings.Join(call.Args, " ")
		}
	}
	return status
}

// answer has the authorities answer, and takes note of what they issue.
func (w *world) answer() bool {
	answered, err := w.Answer(w.ctx)
	w.must(err)
	w.noteIssued()
	return answered
}

// noteIssued remembers what was issued on the present relation.
func (w *world) noteIssued() {
	if w.provider == nil {
		return
	}
	if w.issued[w.certificates] == nil {
		w.issued[w.certificates] = map[string]bool{}
	}
	for host := range w.known {
		for _, certificate := range w.provider.Issued(host) {
			if !w.issuedBefore(certificate.Raw) {
				w.issued[w.certificates][string(certificate.Raw)] = true
			}
		}
	}
}

// issuedBefore reports whether a certificate was issued on an earlier relation.
func (w *world) issuedBefore(der []byte) bool {
	for id, issued := range w.issued {
		if id != w.certificates && issued[string(der)] {
			return true
		}
	}
	return false
}

// runAll runs hooks and answers until nothing is left to do. It ends the test when that never comes: a hook that
// fails for ever, or two that answer each other without end.
func (w *world) runAll() {
	w.t.Helper()
	const most = 500
	for range most {
		if !w.step() && !w.answer() {
			return
		}
	}
	w.fatalf("there is no end of hooks and answers")
}
