package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// A killer kills the charm after one of its writes to the cluster.
type killer struct {
	kill func()
	mu   sync.Mutex
	left int // writes until then, 0 for never
}

// after has the n-th write from now on be the last.
func (k *killer) after(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = n
}

func (k *killer) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		k.mu.Lock()
		defer k.mu.Unlock()
		if r.Method == http.MethodGet || k.left == 0 {
			return
		}
		if k.left--; k.left == 0 {
			k.kill()
		}
	})
}

// relay is two units of the charm; whenever the leader is killed the other one leads.
type relay struct {
	*fixture
	*killer
	units  []string
	leader int
	killed bool // the last hook was
}

// until lets hooks run, and the authority answer, until one is killed.
func (r *relay) until() {
	r.t.Helper()
	for r.killed = false; !r.killed; {
		more, err := r.Step(r.ctx)
		var failed *jujutest.HookError
		if err != nil && !errors.As(err, &failed) {
			r.t.Fatal(err)
		}
		if more || r.killed {
			continue
		}
		if answered, err := r.Answer(r.ctx); err != nil || !answered {
			return // There was no hook that got so far.
		}
	}
}

// hand returns the leadership to the other unit, which finds what was left half done.
func (r *relay) hand() {
	r.t.Helper()
	r.leader = 1 - r.leader
	r.must(r.Juju.SetLeader(charm, r.units[r.leader]))
	r.must(r.Settle(r.ctx))
	r.must(r.Await(r.ctx, charm, func() error {
		leads, other := r.Juju.Status().Unit(r.units[r.leader]), r.Juju.Status().Unit(r.units[1-r.leader])
		if leads.Status+leads.Message != "active"+r.here(active) || other.Status+other.Message != "activeStandby" {
			return fmt.Errorf("the leader is %s %q, the other %s %q", leads.Status, leads.Message, other.Status, other.Message)
		}
		return nil
	}))
}

// TestLeaderKilled kills the leader in the middle of hooks that add an application with a
// host and a certificate of its own, and of those that remove it: at each write to the
// cluster, and between calls of hook tools. The other unit leads from then on and makes
// it whole; nobody else notices.
func TestLeaderKilled(t *testing.T) {
	t.Parallel()
	f := newSubdomains(t, "relay")
	r := &relay{fixture: f, units: []string{charm + "/0"}}
	r.killer = &killer{kill: func() {
		for _, unit := range r.units {
			_ = f.Juju.KillHook(unit) // Only one runs a hook.
		}
	}}
	proxy, err := f.Interpose(charm, r.wrap)
	f.must(err)
	t.Cleanup(proxy.Close)
	other, err := f.Juju.AddUnit(f.ctx, charm)
	f.must(err)
	r.units = append(r.units, other)
	steady, app := f.app("steady", 8080, nil), (*lab.App)(nil)
	f.awaitStatus("active", active)
	before, err := f.Objects(f.ctx, charm)
	f.must(err)
	watched := f.watch("the leader is killed, and the other unit leads", steady.URL(charm))
	f.run = func(run jujutest.HookRun) { r.killed = r.killed || run.ExitCode == 137 }
	app, err = f.AddApp(f.ctx, "app", 8080, 1)
	f.must(err)
	url := "https://" + f.host("app") + "/"

	kills := 0
	stage := func(name string, arm func()) {
		t.Helper()
		for _, added := range []bool{true, false} {
			arm()
			if added {
				f.must(f.Relate(f.ctx, "app:ingress", charm))
			} else {
				f.must(f.Unrelate(f.ctx, "app:ingress", charm))
			}
			r.until()
			if r.killed {
				kills++
			}
			r.after(0)
			f.Juju.ClearFaults()
			r.hand()
			objects, err := f.Objects(f.ctx, charm)
			f.must(err)
			if got := app.URL(charm); added && got != url {
				t.Errorf("%s: published %q", name, got)
			}
			if added {
				f.awaitAnswer(url, 200)
			}
			if diff := cmp.Diff(before, objects); !added && diff != "" {
				t.Errorf("%s: objects after the removal (-before +after):\n%s", name, diff)
			}
		}
		watched.more()
	}
	for _, n := range []int{1, 2, 3, 5} {
		stage(fmt.Sprintf("killed at write %d", n), func() { r.after(n) })
	}
	for _, n := range []int{1, 16} {
		stage(fmt.Sprintf("killed at call %d", n), func() {
			f.must(f.Juju.KillDuringHook(r.units[r.leader], n))
		})
	}
	if kills < 10 {
		t.Errorf("killed %d times only", kills)
	}
	t.Logf("killed %d times", kills)
	if got := f.requestedHosts(); !slices.Equal(got, []string{f.host("steady")}) {
		t.Errorf("certificates are requested for %v", got)
	}
	watched.end()
}

// TestRemoveApplication removes the charm with all its relations, while it may write to the cluster
// and while it may not: nothing of it is left, and nothing is written to a relation that breaks.
func TestRemoveApplication(t *testing.T) {
	t.Parallel()
	for _, trusted := range []bool{true, false} {
		name := map[bool]string{true: "uninstalled", false: "uninstalled-untrusted"}[trusted]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newSubdomains(t, name)
			_, err := f.Juju.AddUnit(f.ctx, charm)
			f.must(err)
			f.app("one", 8080, nil)
			two := f.app("two", 8080, nil)
			f.configurator("routes", f.Model, "routes."+name+".example.com")
			_, err = f.AddDNS("bind")
			f.must(err)
			f.must(f.Relate(f.ctx, charm, "bind"))
			f.must(f.Settle(f.ctx))
			f.awaitStatus("active", active)
			f.awaitAnswer(two.URL(charm), 200)
			if len(f.labelled(certificateSecrets)) == 0 {
				t.Error("there is no secret to leave behind")
			}
			if !trusted {
				f.must(shared.Untrust(f.ctx, f.Model, charm))
			}
			broken := map[string]bool{} // relations, of each unit
			f.run = func(run jujutest.HookRun) {
				relation := variable(run.Env, "JUJU_RELATION_ID")
				if strings.HasSuffix(run.Name, "-relation-broken") {
					broken[run.Unit+relation] = true
				}
				for _, call := range run.Calls {
					i := slices.Index(call.Args, "-r")
					if call.Tool == "relation-set" && i >= 0 && broken[run.Unit+call.Args[i+1]] {
						t.Errorf("%s %s writes to %s, which is broken", run.Unit, run.Name, call.Args[i+1])
					}
				}
				if run.ExitCode != 0 || run.Err != nil {
					t.Errorf("%s %s: exit %d, %v", run.Unit, run.Name, run.ExitCode, run.Err)
				}
			}
			f.must(f.Remove(f.ctx, charm))
			if len(broken) == 0 {
				t.Error("no relation was broken")
			}
			f.awaitNothing()
			if got := labels(f.Juju.Secrets()); len(got) > 0 {
				t.Errorf("secrets left in Juju: %v", got)
			}
		})
	}
}

// TestLeadershipMovesAsCertificatesGo: no unit leads while the certificates relation breaks. The
// next leader removes all secrets.
func TestLeadershipMovesAsCertificatesGo(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "moves", map[string]any{"external-hostname": "moves.example.com"}).withAuthority()
	other, err := f.Juju.AddUnit(f.ctx, charm)
	f.must(err)
	f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	f.must(f.Juju.LoseLeadershipDuringHook(charm+"/0", 1, ""))
	f.must(f.Juju.RemoveRelation(f.ctx, charm, "ca"))
	if ran := f.settle(); !slices.Contains(ran, other+" certificates-relation-broken") {
		t.Errorf("ran %v", ran)
	}
	f.must(f.Juju.SetLeader(charm, other))
	f.must(f.Settle(f.ctx))
	if got := labels(f.labelled(certificateSecrets)); len(got) > 0 {
		t.Errorf("left over: %v", got)
	}
}

// variable returns the value of a variable in an environment.
func variable(environment []string, name string) string {
	for _, entry := range environment {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}
