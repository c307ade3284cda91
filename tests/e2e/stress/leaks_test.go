package stress_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// watchedLog is the log of the units, of which it keeps the end.
type watchedLog struct {
	mu    sync.Mutex
	fresh strings.Builder // what has not been looked at
	lines []string
	keys  map[string]bool // a line of each private key there ever was
}

// Write adds to the log.
func (l *watchedLog) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fresh.Write(text)
}

const keptLines = 60

func (l *watchedLog) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.fresh.String()
	l.fresh.Reset()
	l.lines = append(l.lines, strings.Split(strings.TrimRight(text, "\n"), "\n")...)
	l.lines = slices.Clone(l.lines[max(0, len(l.lines)-keptLines):])
	return text
}

func (l *watchedLog) tail() string {
	l.take()
	return strings.Join(l.lines, "\n")
}

// check looks for private keys where everybody can read: in the log, the statuses and
// the databags.
func (l *watchedLog) check(w *world, cluster live) {
	w.t.Helper()
	l.learn(w, cluster)
	l.clean(w, "the log", l.take())
	status := w.Juju.Status()
	l.clean(w, "juju status", status.String())
	for _, relation := range status.Relations {
		for _, end := range []string{relation.Provider, relation.Requirer} {
			app, _, _ := strings.Cut(end, ":")
			entities := []string{app}
			for _, unit := range status.Application(app).Units {
				entities = append(entities, unit.Name)
			}
			for _, entity := range entities {
				l.clean(w, "the databag of "+entity, strings.Join(slices.Collect(maps.Values(w.Juju.RelationData(relation.ID, entity))), "\n"))
			}
		}
	}
}

// learn takes note of the private keys that there are.
func (l *watchedLog) learn(w *world, cluster live) {
	if l.keys == nil {
		l.keys = map[string]bool{}
	}
	for _, secret := range w.Juju.Secrets() {
		for _, revision := range secret.Revisions {
			l.keys[telling(revision["private-key"])] = true
		}
	}
	for _, secret := range cluster.secrets {
		l.keys[telling(string(secret.Data[corev1.TLSPrivateKeyKey]))] = true
	}
	delete(l.keys, "")
}

// telling is a line of a key that no other has: one in the middle.
func telling(key string) string {
	lines := strings.Split(strings.TrimSpace(key), "\n")
	return lines[len(lines)/2]
}

func (l *watchedLog) clean(w *world, where, text string) {
	w.t.Helper()
	if strings.Contains(text, "PRIVATE KEY") {
		w.fatalf("a private key stands in %s", where)
	}
	for key := range l.keys {
		if strings.Contains(text, key) {
			w.fatalf("some of a private key stands in %s", where)
		}
	}
}

// checkRun looks at the arguments and the output of a hook. Contents of secrets are
// masked there.
func (w *world) checkRun(run jujutest.HookRun) {
	w.t.Helper()
	text, err := json.Marshal(run.Calls)
	w.must(err)
	w.log.clean(w, "the calls of "+run.Name, string(text))
	w.log.clean(w, "the output of "+run.Name, run.Output)
}

func sorted[V any](all map[string]V) []string { return slices.Sorted(maps.Keys(all)) }
