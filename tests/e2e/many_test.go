package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// counting begins to record what the charm writes. The function it gives tells what it
// has written since, sorted: requests that change something in the cluster, without the
// charm's name ("patch services/-web-service"), and the relations ("relation-set 3").
func (f *fixture) counting() func() []string {
	f.t.Helper()
	user := cluster.ServiceAccount(f.Model, charm)
	f.must(shared.ResetRequestCounts(user))
	var sets []string
	f.run = func(run jujutest.HookRun) {
		for _, call := range run.Calls {
			if i := slices.Index(call.Args, "-r"); call.Tool == "relation-set" && i >= 0 {
				_, number, _ := strings.Cut(call.Args[i+1], ":")
				sets = append(sets, "relation-set "+number)
			}
		}
	}
	return func() []string {
		f.t.Helper()
		requests, err := shared.Requests(user)
		f.must(err)
		writes := sets
		for _, r := range requests {
			if !slices.Contains([]string{"get", "list", "watch"}, r.Verb) {
				writes = append(writes, r.Verb+" "+r.Resource+"/"+strings.TrimPrefix(r.Name, charm))
			}
		}
		slices.Sort(writes)
		sets = nil
		f.must(shared.ResetRequestCounts(user))
		return writes
	}
}

// dozen relates twelve applications, and gives them with their URLs.
func (f *fixture) dozen() (apps []*lab.App, urls []string) {
	f.t.Helper()
	for i := range 12 {
		app, err := f.AddApp(f.ctx, fmt.Sprintf("app%02d", i), 8080, 1)
		f.must(err)
		f.must(f.Relate(f.ctx, app.Name+":ingress", charm))
		apps = append(apps, app)
	}
	f.must(f.Settle(f.ctx))
	for _, app := range apps {
		urls = append(urls, app.URL(charm))
	}
	return apps, urls
}

// TestDozen: one application among a dozen comes, changes, breaks and goes, over HTTPS and without
// TLS. Only its own objects and its own relation are written, and the others are served all the
// time.
func TestDozen(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "dozen", map[string]any{"external-hostname": "dozen.example.com", "enforce-https": false}).withAuthority()
	_, urls := f.dozen()
	const message = active + " (enforce-https is set to false)"
	f.awaitStatus("active", message)
	watched := f.watch("a dozen applications", append(urls, "http://dozen.example.com/dozen-app00")...)

	written := f.counting()
	app, err := f.AddApp(f.ctx, "one", 8080, 1)
	f.must(err)
	f.must(f.Relate(f.ctx, "one:ingress", charm))
	f.must(f.Settle(f.ctx))
	const (
		service = "services/-one-service"
		secure  = "httproutes/-dozen-one"
		clear   = "httproutes/-dozen-one-http"
	)
	url := fmt.Sprintf("relation-set %d", app.Relation)
	all := []string{"patch " + clear, "patch " + secure, "patch " + service, url}
	gone := []string{"delete " + clear, "delete " + secure, "delete " + service, url}
	check := func(what string, want []string) {
		t.Helper()
		want = slices.Sorted(slices.Values(want))
		if diff := cmp.Diff(want, written()); diff != "" {
			t.Errorf("%s: written (-want +got):\n%s", what, diff)
		}
	}
	check("added", all)
	f.awaitAnswer(app.URL(charm), 200)
	for _, change := range []struct {
		data map[string]string
		want []string
	}{
		{map[string]string{"strip-prefix": "true"}, []string{"patch " + clear, "patch " + secure}},
		{map[string]string{"redirect-https": "true"}, []string{"patch " + clear}},
		{map[string]string{"redirect-https": "", "strip-prefix": ""}, []string{"patch " + clear, "patch " + secure}},
		{map[string]string{"scheme": `"h2c"`}, []string{"patch " + service}},
		{map[string]string{"scheme": "", "port": "8081"}, []string{"patch " + clear, "patch " + secure, "patch " + service}},
		{map[string]string{"healthcheck-params": `{"path": "/"}`}, nil},
		{map[string]string{"port": "0"}, gone},
		{map[string]string{"port": `"8080"`}, nil},
		{map[string]string{"port": "8080"}, all},
	} {
		f.must(f.Juju.SetApplicationData(app.Relation, "one", change.data))
		f.must(f.Settle(f.ctx))
		check(fmt.Sprint(change.data), change.want)
	}
	f.awaitAnswer(app.URL(charm), 200)
	f.must(f.Unrelate(f.ctx, "one:ingress", charm))
	f.must(f.Settle(f.ctx))
	check("removed", gone[:3])
	f.awaitAnswer("https://dozen.example.com/dozen-one", 404)
	f.awaitStatus("active", message)
	watched.end()
}

// TestSameNameTwice relates an application by two endpoints, and both relations ask for
// one path. The older keeps it; when it goes, the newer has it in the same hook.
func TestSameNameTwice(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "twins", map[string]any{"external-hostname": "twins.example.com"}).withAuthority()
	f.must(f.Juju.AddScripted("twin", jujutest.ScriptedMetadata{
		Requires: map[string]string{"public": "ingress", "admin": "ingress"},
	}, 1))
	pod, err := shared.AddPod(f.ctx, f.Model, "twin", 0, cluster.Pod{Port: 8080, Handler: lab.EchoHandler("twin/0")})
	f.must(err)
	t.Cleanup(func() { _ = pod.Stop(context.Background()) })
	related := map[string]int{}
	for _, endpoint := range []string{"public", "admin"} {
		id, err := f.Juju.Integrate(f.ctx, "twin:"+endpoint, charm)
		f.must(err)
		f.must(f.Juju.SetUnitData(id, "twin/0", map[string]string{"host": `"twin-0"`, "ip": fmt.Sprintf("%q", pod.IP)}))
		f.must(f.Juju.SetApplicationData(id, "twin", map[string]string{
			"model": `"twins"`, "name": `"twin"`, "port": "8080", "strip-prefix": fmt.Sprint(endpoint == "admin"),
		}))
		f.must(f.Settle(f.ctx))
		related[endpoint] = id
	}
	const url, published = "https://twins.example.com/twins-twin", `{"url": "https://twins.example.com/twins-twin"}`
	f.awaitStatus("active", active+"; 1 of 2 applications served; twin: path /twins-twin belongs to twin")
	f.logged(fmt.Sprintf("twin (relation %d): not served: path /twins-twin belongs to twin", related["admin"]))
	told := func(endpoint string) string { return f.Juju.RelationData(related[endpoint], charm)["ingress"] }
	if told("public") != published || told("admin") != "" {
		t.Errorf("published %q and %q", told("public"), told("admin"))
	}
	watched := f.watch("two relations for one path", url)
	if got := f.awaitAnswer(url, 200).Echo; got.Path != "/twins-twin" {
		t.Errorf("the newer relation has its way: %+v", got)
	}
	written := f.counting()
	f.must(f.Juju.RemoveRelation(f.ctx, "twin:public", charm))
	f.stepUntil("gateway-relation-broken")
	want := []string{"patch httproutes/-twins-twin", fmt.Sprintf("relation-set %d", related["admin"])}
	if diff := cmp.Diff(want, written()); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	if told("admin") != published {
		t.Errorf("the newer relation is told %q", told("admin"))
	}
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	f.awaitEcho(url, func(echo lab.Echo) bool { return echo.Path == "/" })
	watched.end()
}

// TestForeignNamesakes relates two applications that are called the same, of two models
// that are called the same. The older keeps the path, even while it has no unit; when it
// goes, the newer has it in that hook.
func TestForeignNamesakes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "namesakes", map[string]any{"external-hostname": "namesakes.example.com"}).withAuthority()
	f.model("abroad")
	const url = "https://namesakes.example.com/abroad-web"
	var remotes []*lab.Remote
	var units []string
	for _, key := range []string{"older", "newer"} {
		r, err := f.AddRemote("web", "abroad", key, 8080)
		f.must(err)
		f.must(f.Relate(f.ctx, r.Alias+":ingress", charm))
		unit, err := r.AddUnit(f.ctx)
		f.must(err)
		pod, err := r.StartPod(f.ctx, unit, false)
		f.must(err)
		f.must(r.Write(unit, pod.IP))
		f.must(f.Settle(f.ctx))
		remotes, units = append(remotes, r), append(units, unit)
	}
	older, newer := remotes[0], remotes[1]
	f.logged(fmt.Sprintf("%s (relation %d): not served: path /abroad-web belongs to %s", newer.Alias, newer.Relation, older.Alias))
	f.awaitStatusBeginning("active 1 of 2 applications served; " + newer.Alias[:14] + "…")
	served := func(unit string) {
		t.Helper()
		f.awaitEcho(url, func(echo lab.Echo) bool { return echo.Unit == unit })
	}
	served(units[0])
	f.must(older.RemoveUnit(f.ctx, units[0]))
	f.must(f.Settle(f.ctx))
	// Who serves nobody does not hold the place.
	if newer.URL(charm) != url || older.URL(charm) != "" {
		t.Errorf("the older one has no unit, and is told %q, the newer one %q", older.URL(charm), newer.URL(charm))
	}
	served(units[1])
	f.must(f.Juju.RemoveRelation(f.ctx, older.Alias+":ingress", charm))
	f.stepUntil("gateway-relation-broken")
	if newer.URL(charm) != url {
		t.Errorf("the newer one is told %q", newer.URL(charm))
	}
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	served(units[1])
}

// awaitEcho waits until a URL is answered as it should be by an application.
func (f *fixture) awaitEcho(url string, good func(lab.Echo) bool) {
	f.t.Helper()
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		response, err := f.Get(ctx, url, f.ca.Pool())
		if err == nil && !(response.Code == 200 && good(response.Echo)) {
			err = fmt.Errorf("%s is answered %+v", url, response)
		}
		return err
	}))
}

// logged sees that the log has a line that ends so.
func (f *fixture) logged(line string) {
	f.t.Helper()
	if !strings.Contains(f.log.String(), line+"\n") {
		f.t.Errorf("the log does not say %q", line)
	}
}

// stepUntil runs hooks one by one until one of that name has run.
func (f *fixture) stepUntil(hook string) {
	f.t.Helper()
	f.ran = nil
	for !slices.Contains(f.ran, charm+"/0 "+hook) {
		more, err := f.Step(f.ctx)
		f.must(err)
		if !more {
			f.t.Fatalf("no %s among %v", hook, f.ran)
		}
	}
}

// model makes another model for the time of the test.
func (f *fixture) model(name string) {
	f.t.Helper()
	f.must(shared.CreateModel(f.ctx, name))
	f.t.Cleanup(func() { _ = shared.DestroyModel(context.Background(), name) })
}
