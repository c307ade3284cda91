package stress_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// An interruption is what happens to a hook at one of its writes to the cluster.
type interruption string

const (
	// killedAfter: the write is done, and the charm killed.
	killedAfter interruption = "killed after"
	// lostAfter: the write is done, but its answer lost, and so is all after it.
	lostAfter interruption = "answer lost after"
	// lostBefore: neither it nor anything after it gets through.
	lostBefore interruption = "API server lost before"
	// refusedAt: it is refused.
	refusedAt interruption = "refused at"
)

var interruptions = []interruption{killedAfter, lostAfter, lostBefore, refusedAt}

// A middleman stands between the charm and the API server. It looks at the cluster
// after each write of the charm's, since a hook may end there at any time.
type middleman struct {
	kill  func()
	check func() error

	busy  sync.RWMutex // held for reading during a request
	mu    sync.Mutex
	found error        // what check has found first
	kind  interruption // empty for none
	left  int          // writes until then
	cut   bool         // nothing gets through
	fired bool         // it has happened during this hook
	// refused says that a write was refused in a hook that none has made up for:
	// the charm goes on with what does not make others fail.
	refused bool
}

// interpose has the charm reach the API server by way of a middleman.
func (w *world) interpose() {
	w.middle = &middleman{kill: func() {
		for _, unit := range w.allUnits() {
			_ = w.Juju.KillHook(unit) // It may have ended.
		}
	}, check: w.unsafeNow}
	server, err := w.Interpose(charm, w.middle.wrap)
	w.must(err)
	w.t.Cleanup(server.Close)
}

// arm has the n-th write from now on interrupted.
func (m *middleman) arm(kind interruption, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kind, m.left = kind, n
}

// isRefused reports whether a write was refused, and not made up for.
func (m *middleman) isRefused() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused
}

// makeUp says that a hook was carried through.
func (m *middleman) makeUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused = false
}

// disarm ends whatever is wrong, when the last request has, and tells whether it has
// come to pass.
func (m *middleman) disarm() bool {
	m.busy.Lock()
	defer m.busy.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	fired := m.fired
	m.cut, m.fired = false, false
	return fired
}

func (m *middleman) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		m.busy.RLock()
		defer m.busy.RUnlock()
		switch m.next(r) {
		case killedAfter:
			next.ServeHTTP(discard{}, withoutEnd(r))
			m.kill()
			panic(http.ErrAbortHandler)
		case lostAfter:
			next.ServeHTTP(discard{}, withoutEnd(r))
			panic(http.ErrAbortHandler)
		case lostBefore:
			panic(http.ErrAbortHandler)
		case refusedAt:
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(rw, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"no more","code":403}`)
		default:
			next.ServeHTTP(rw, r)
			m.look(r)
		}
	})
}

// look takes note of what is unsafe after a write.
func (m *middleman) look(r *http.Request) {
	if r.Method == http.MethodGet {
		return
	}
	err := m.check()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.found == nil {
		m.found = err
	}
}

// withoutEnd keeps a request going whose client is gone.
func withoutEnd(r *http.Request) *http.Request {
	return r.WithContext(context.WithoutCancel(r.Context()))
}

// unsafeNow looks at the cluster in the middle of a hook. It is not known whose hook it
// is, so it may see any of the relations.
func (w *world) unsafeNow() error {
	l, err := w.look()
	if err != nil {
		return err
	}
	seen := w.current
	seen.relations = []int{unrelated}
	for id := range w.issued {
		seen.relations = append(seen.relations, id)
	}
	if err := w.unsafe(l, append(w.views(), seen)); err != nil {
		return fmt.Errorf("in the middle of a hook, %w", err)
	}
	return nil
}

// next says what happens to a request.
func (m *middleman) next(r *http.Request) interruption {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cut {
		return lostBefore
	}
	if r.Method == http.MethodGet || m.kind == "" {
		return ""
	}
	if m.left--; m.left > 0 {
		return ""
	}
	kind := m.kind
	m.refused = m.refused || kind == refusedAt
	m.kind, m.fired, m.cut = "", true, kind != refusedAt
	return kind
}

// discard is where an answer goes that nobody gets.
type discard struct{}

func (discard) Header() http.Header            { return http.Header{} }
func (discard) Write(text []byte) (int, error) { return len(text), nil }
func (discard) WriteHeader(int)                {}
