package e2e_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// profiles are the versions of Juju that a test goes through, by a part of a model's name.
func profiles() map[string]jujutest.Profile {
	return map[string]jujutest.Profile{"3-6": jujutest.Juju36, "4-0": jujutest.Juju40, "3-1": jujutest.OldJuju3}
}

func withProfile(profile jujutest.Profile) func(*lab.Options) {
	return func(o *lab.Options) { o.Profile = profile }
}

// A bookkeeper follows which calls hooks make about the databags that the charm writes.
type bookkeeper struct {
	*fixture
	runs []jujutest.HookRun
}

func newBookkeeper(t *testing.T, model, host string, profile jujutest.Profile) *bookkeeper {
	t.Helper()
	b := &bookkeeper{fixture: newFixture(t, model, map[string]any{"external-hostname": host, "enforce-https": false}, withProfile(profile))}
	b.run = func(run jujutest.HookRun) { b.runs = append(b.runs, run) }
	return b
}

// settle runs hooks until none is left, and gives them.
func (b *bookkeeper) settle() []jujutest.HookRun {
	b.t.Helper()
	b.runs = nil
	b.must(b.Settle(b.ctx))
	return b.runs
}

func (b *bookkeeper) updateStatus() []jujutest.HookRun {
	b.t.Helper()
	b.must(b.Juju.UpdateStatus(b.ctx, charm))
	return b.settle()
}

func (b *bookkeeper) configure(option string, value any) []jujutest.HookRun {
	b.t.Helper()
	b.must(b.Juju.SetConfig(b.ctx, charm, map[string]any{option: value}))
	return b.settle()
}

// readsOwn counts the times that hooks read what the charm has written to its relations.
func readsOwn(runs []jujutest.HookRun) int {
	count := 0
	for _, run := range runs {
		for _, call := range run.Calls {
			if call.Tool == "relation-get" && call.Args[len(call.Args)-1] == charm {
				count++
			}
		}
	}
	return count
}

// writes returns the position, from 1, of the call that writes to a relation; 0 for none.
func writes(run jujutest.HookRun) int {
	return 1 + slices.IndexFunc(run.Calls, func(call jujutest.ToolCall) bool { return call.Tool == "relation-set" })
}

// TestOwnDataAreTrusted goes through what can make the charm's own relation data differ from what
// it knows of them: hooks that are killed, changes that Juju cannot apply, other leaders,
// operators, relations that are made again.
func TestOwnDataAreTrusted(t *testing.T) {
	t.Parallel()
	for version, profile := range profiles() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			domain := "-" + version + ".example.com"
			b := newBookkeeper(t, "ledger-"+version, "first"+domain, profile)
			app := b.app("web", 8080, nil)
			b.awaitStatus("active", active+" (enforce-https is set to false)")
			url := func(host string) string { return fmt.Sprintf("http://%s%s/ledger-%s-web", host, domain, version) }
			told := func(want string) {
				t.Helper()
				if got := app.URL(charm); got != want {
					t.Errorf("the application is told %s, not %s", got, want)
				}
			}
			told(url("first"))
			// A record for a new host is asked for at once; the application is told of it when
			// the controller has accepted its route.
			names, err := b.AddDNS("bind")
			b.must(err)
			b.must(b.Relate(b.ctx, charm, "bind"))
			b.settle()
			asked := func(host string) {
				t.Helper()
				entries, err := names.Asked()
				b.must(err)
				if !slices.ContainsFunc(entries, func(e lab.DNSEntry) bool { return e.Domain == host+domain }) {
					t.Errorf("records are asked for %v, not for %s", entries, host+domain)
				}
			}
			nothingIsRead := func() {
				t.Helper()
				// The first may read what the last hook wrote. A later one writes when an old
				// host is left, and is read then.
				reads := 0
				for range 5 {
					if reads = readsOwn(b.updateStatus()); reads == 0 {
						return
					}
				}
				t.Errorf("hooks that change nothing go on reading their own data, the last one %d times", reads)
			}
			nothingIsRead()

			// An operator writes. The next hook does not look; one that he causes does.
			b.must(b.Juju.SetApplicationData(app.Relation, charm, map[string]string{"ingress": `{"url": "http://example.net/"}`}))
			b.updateStatus()
			told("http://example.net/")
			b.configure("hsts-max-age", 5)
			told(url("first"))

			// A hook is killed right after it wrote; then Juju cannot apply its changes.
			b.must(b.Juju.KillAfterTool(charm+"/0", "relation-set"))
			killed := b.configure("external-hostname", "second"+domain)
			if first := killed[0]; first.ExitCode != 137 || writes(first) == 0 {
				t.Errorf("the first hook ended with %d, its write being call %d of %d", first.ExitCode, writes(first), len(first.Calls))
			}
			asked("second")
			b.must(b.Juju.FailNextFlush(charm+"/0", errors.New("no quorum")))
			if failed := b.configure("external-hostname", "third"+domain); failed[0].Err == nil || writes(failed[0]) == 0 {
				t.Errorf("the first hook ended with %v", failed[0].Err)
			}
			asked("third")
			nothingIsRead()

			// Juju carries out a part of its changes, and then cannot go on.
			for _, step := range []jujutest.FlushStep{jujutest.FlushState, jujutest.FlushRelations} {
				host := fmt.Sprint("step", step)
				b.must(b.Juju.FailFlushAt(charm+"/0", step, errors.New("no quorum")))
				if failed := b.configure("external-hostname", host+domain); failed[0].Err == nil || writes(failed[0]) == 0 {
					t.Errorf("the first hook ended with %v", failed[0].Err)
				}
				asked(host)
				nothingIsRead()
			}

			// Another unit leads, and then the first again.
			second, err := b.Juju.AddUnit(b.ctx, charm)
			b.must(err)
			b.settle()
			b.must(b.Juju.SetLeader(charm, second))
			b.settle()
			b.configure("external-hostname", "fourth"+domain)
			asked("fourth")
			b.must(b.Juju.SetLeader(charm, charm+"/0"))
			b.settle()
			b.configure("external-hostname", "third"+domain)
			asked("third")
			b.awaitAnswer(url("third"), 200)

			// The relation is made anew.
			b.must(b.Unrelate(b.ctx, "web:ingress", charm))
			b.settle()
			b.must(b.Relate(b.ctx, "web:ingress", charm))
			b.settle()
			b.awaitStatus("active", active+" (enforce-https is set to false)")
			told(url("third"))
			b.awaitAnswer(url("third"), 200)
		})
	}
}

// TestModelsOfOneName serves an application of another controller's model that has the name of
// ours, beside one of ours of another name. Juju 3.1 does not tell the two models apart: there it
// is left out, because it may be anybody.
func TestModelsOfOneName(t *testing.T) {
	t.Parallel()
	for version, profile := range profiles() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			model, host := "same-"+version, "same-"+version+".example.com"
			f := newFixture(t, model, map[string]any{"external-hostname": host}, withProfile(profile)).withAuthority()
			local := f.app("web", 8080, nil)
			f.model(model + "-abroad")
			remote, err := f.AddRemote("shop", model+"-abroad", "controller of "+model, 8080)
			f.must(err)
			remote.Request["model"] = fmt.Sprintf("%q", model)
			f.must(f.Relate(f.ctx, remote.Alias+":ingress", charm))
			url := fmt.Sprintf("https://%s/%s-shop", host, model)
			serve := func() string {
				t.Helper()
				unit, err := remote.AddUnit(f.ctx)
				f.must(err)
				pod, err := remote.StartPod(f.ctx, unit, false)
				f.must(err)
				f.must(remote.Write(unit, pod.IP))
				f.must(f.Settle(f.ctx))
				return unit
			}
			first := serve()
			if profile == jujutest.OldJuju3 {
				f.awaitStatusBeginning("active " + active + "; 1 of 2 applications served; " + remote.Alias[:14] + "…")
				if got := remote.URL(charm); got != "" {
					t.Errorf("told %q", got)
				}
				f.awaitAnswer(url, 404)
				f.awaitAnswer(local.URL(charm), 200)
				return
			}
			f.awaitStatus("active", active)
			if got := remote.URL(charm); got != url {
				t.Errorf("told %s, not %s", got, url)
			}
			from := func(unit string) func(lab.Echo) bool {
				return func(echo lab.Echo) bool { return echo.Unit == unit }
			}
			f.awaitEcho(url, from(first))
			second := serve() // Its units come and go as those of any other model.
			f.awaitEcho(url, from(second))
			f.must(remote.RemoveUnit(f.ctx, first))
			f.must(f.Settle(f.ctx))
			f.awaitEcho(url, from(second))
			f.awaitEcho(local.URL(charm), from("web/0"))
		})
	}
}
