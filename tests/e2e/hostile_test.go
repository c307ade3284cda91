package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// Neighbours that want what another application has. Each has the older relation, and asks
// for the other's place, listener or name when that is served. Not one request may fail, or
// be answered by the neighbour.

// guard watches a URL, which none but that unit may answer.
func (f *fixture) guard(story, url, unit string) *watch {
	f.t.Helper()
	f.awaitEcho(url, func(echo lab.Echo) bool { return echo.Unit == unit })
	w := &watch{Probes: &lab.Probes{All: []*lab.Probe{f.ProbeWith(url, f.ca.Pool(), by(unit))}}, f: f, story: story}
	f.t.Cleanup(w.Stop)
	return w
}

// abroad adds an application of another model that is served. Its pod answers as EVIL.
func (f *fixture) abroad(model, name string) *lab.Remote {
	f.t.Helper()
	remote, err := f.AddRemote(name, model, model, 8080)
	f.must(err)
	f.must(f.Relate(f.ctx, remote.Alias+":ingress", charm))
	unit, err := remote.AddUnit(f.ctx)
	f.must(err)
	pod, err := remote.StartPod(f.ctx, "EVIL", false)
	f.must(err)
	f.must(remote.Write(unit, pod.IP))
	f.must(f.Settle(f.ctx))
	return remote
}

// claim has an application of another model call itself by other names.
func (f *fixture) claim(remote *lab.Remote, model, name string) {
	f.t.Helper()
	remote.Request["model"], remote.Request["name"] = fmt.Sprintf("%q", model), fmt.Sprintf("%q", name)
	f.must(f.Juju.SetApplicationData(remote.Relation, remote.Alias, remote.Request))
	f.must(f.Settle(f.ctx))
	f.updateStatus()
}

// hijack has an older neighbour ask for the place of web, in both modes of routing.
func hijack(t *testing.T, story string, modes map[string]string, attack func(f *fixture, model string) (try func(), told func() string)) {
	t.Helper()
	for mode, model := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			host := model + ".example.com"
			f := newFixture(t, model, map[string]any{"external-hostname": host, "routing-mode": mode}).withAuthority()
			try, told := attack(f, model)
			web := f.app("web", 8080, nil)
			url := fmt.Sprintf("https://%s/%s-web", host, model)
			if mode == "subdomain" {
				url = fmt.Sprintf("https://%s-web.%s/", model, host)
			}
			if got := web.URL(charm); got != url {
				t.Fatalf("web is told %q", got)
			}
			guarded := f.guard(story+", "+mode, url, "web/0")
			try()
			guarded.more()
			// The next leader finds out the same.
			second, err := f.Juju.AddUnit(f.ctx, charm)
			f.must(err)
			f.must(f.Settle(f.ctx))
			f.must(f.Juju.SetLeader(charm, second))
			f.must(f.Settle(f.ctx))
			guarded.end()
			if got := web.URL(charm); got != url {
				t.Errorf("web is told %q", got)
			}
			if got := told(); got != "" {
				t.Errorf("the neighbour is told %q", got)
			}
		})
	}
}

// TestHijackByAnotherModel: an application of another model claims to be web of ours, and uses
// names that give the same joined name.
func TestHijackByAnotherModel(t *testing.T) {
	t.Parallel()
	hijack(t, "an application of another model claims web's place", map[string]string{"path": "hj-far", "subdomain": "hj-sub"}, func(f *fixture, model string) (func(), func() string) {
		f.model(model + "-abroad")
		evil := f.abroad(model+"-abroad", "evil")
		first, rest, _ := strings.Cut(model, "-")
		return func() {
			f.claim(evil, model, "web")
			f.claim(evil, first, rest+"-web")
			f.claim(evil, model+"-abroad", "evil")
			f.claim(evil, first, rest+"-web")
		}, func() string { return evil.URL(charm) }
	})
}

// TestHijackByOurModel: an application of our own model claims to be of another, with names that
// give the same joined name as those of web. Juju knows better, and its addresses are not used.
func TestHijackByOurModel(t *testing.T) {
	t.Parallel()
	hijack(t, "an application of our model claims web's place", map[string]string{"path": "hj-own", "subdomain": "hj-osub"}, func(f *fixture, model string) (func(), func() string) {
		evil := f.app("evil", 8081, nil)
		first, rest, _ := strings.Cut(model, "-")
		return func() {
			request := map[string]string{"model": fmt.Sprintf("%q", first), "name": fmt.Sprintf("%q", rest+"-web"), "port": "8081"}
			f.must(f.Juju.SetApplicationData(evil.Relation, "evil", request))
			f.must(f.Settle(f.ctx))
			f.updateStatus()
			f.awaitStatusBeginning("active " + active + "; 1 of 2 applications served; evil: it claims to be of model " + first)
			if got := f.addressesIn(); len(got) > 0 {
				f.t.Errorf("EndpointSlices of the charm: %v", got)
			}
		}, func() string { return evil.URL(charm) }
	})
}

// TestHijackAmongOthers: an application of another model asks for the place of one of a third
// model. It gets it when the holder has gone.
func TestHijackAmongOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "hjthird", map[string]any{"external-hostname": "hjthird.example.com"}).withAuthority()
	f.model("hjthird-evil")
	f.model("hjthird-far")
	evil := f.abroad("hjthird-evil", "evil")
	victim, err := f.AddRemote("web", "hjthird-far", "hjthird-far", 8080)
	f.must(err)
	f.must(f.Relate(f.ctx, victim.Alias+":ingress", charm))
	unit, err := victim.AddUnit(f.ctx)
	f.must(err)
	pod, err := victim.StartPod(f.ctx, unit, false)
	f.must(err)
	f.must(victim.Write(unit, pod.IP))
	f.must(f.Settle(f.ctx))
	const url = "https://hjthird.example.com/hjthird-far-web"
	guarded := f.guard("another model against a third", url, unit)
	f.claim(evil, "hjthird-far", "web")
	f.claim(evil, "hjthird", "far-web")
	guarded.end()
	if victim.URL(charm) != url || evil.URL(charm) != "" {
		t.Errorf("told %q and %q", victim.URL(charm), evil.URL(charm))
	}
	f.must(f.Juju.RemoveRelation(f.ctx, victim.Alias+":ingress", charm))
	f.must(f.Settle(f.ctx))
	if evil.URL(charm) != url {
		t.Errorf("when the holder has gone, the other is told %q", evil.URL(charm))
	}
}

// TestCrowdOut: an application on gateway-route adds more hosts than there is room for. It does not
// get them, keeps the host that it has, and others are not affected.
func TestCrowdOut(t *testing.T) {
	t.Parallel()
	const domain = ".crowdout.example.com"
	f := newFixture(t, "crowdout", map[string]any{"external-hostname": "shop" + domain, "hosts-per-relation": 32}).withAuthority()
	alpha := f.configurator("alpha", "crowdout", "alpha"+domain)
	beta := f.configurator("beta", "crowdout", "beta"+domain)
	web := f.app("web", 8080, nil)
	guarded := []*watch{
		f.guard("a crowd of hosts, beside its own kind", "https://beta"+domain+"/beta", "beta/0"),
		f.guard("a crowd of hosts, beside ingress", web.URL(charm), "web/0"),
		f.guard("a crowd of hosts, of one that is there", "https://alpha"+domain+"/alpha", "alpha/0"),
	}
	var crowd []string
	for i := range 31 {
		crowd = append(crowd, fmt.Sprintf("c%d%s", i, domain))
	}
	f.ask(alpha, "alpha"+domain, crowd...)
	f.updateStatus()
	f.logged(fmt.Sprintf("alpha (relation %d): hosts left out: %s; there is no listener left for %s: a Gateway serves 32 hosts at most",
		f.relationOf("alpha"), strings.Join(crowd, ", "), crowd[0]))
	for _, one := range guarded {
		one.end()
	}
	f.ask(beta, "beta"+domain)
	f.awaitAnswer("https://beta"+domain+"/beta", 200)
	if got := f.requestedHosts(); len(got) > 3 {
		t.Errorf("certificates are requested for %v", got)
	}
}

// TestDash: an application on gateway-route names a host whose listener would have the name of that
// of a host that is served.
func TestDash(t *testing.T) {
	t.Parallel()
	const host = "dash.example.com"
	f := newFixture(t, "dash", map[string]any{"external-hostname": host, "routing-mode": "subdomain"}).withAuthority()
	alpha := f.configurator("alpha", "dash", "alpha.example.com")
	web := f.app("web", 8080, nil)
	guarded := f.guard("a host of the same dashes", web.URL(charm), "web/0")
	f.ask(alpha, "dash-web-dash.example.com")
	f.updateStatus()
	f.logged(fmt.Sprintf("alpha (relation %d): not served: the listener of dash-web-dash.example.com would have the name of that of dash-web.%s", f.relationOf("alpha"), host))
	guarded.end()
}

// TestToggledName: an application of another model takes the name of the Service of one that is
// served, and gives it up, again and again.
func TestToggledName(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "toggle", map[string]any{"external-hostname": "toggle.example.com"}).withAuthority()
	f.model("toggle-abroad")
	evil := f.abroad("toggle-abroad", "evil")
	app := f.app("my-web", 8080, nil)
	guarded := f.guard("a name that is toggled", app.URL(charm), "my-web/0")
	for range 4 {
		f.claim(evil, "my", "web")
		guarded.more()
		f.claim(evil, "toggle-abroad", "evil")
		guarded.more()
	}
	guarded.end()
	f.awaitEcho("https://toggle.example.com/toggle-abroad-evil", func(echo lab.Echo) bool { return echo.Unit == "EVIL" })
}
