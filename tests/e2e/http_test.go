package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestPlainHTTP shows enforce-https=false: by address, by host, and beside HTTPS.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	const message = active + " (enforce-https is set to false)"
	f := newFixture(t, "plain", map[string]any{"enforce-https": false})
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", message)
	if got := app.URL(charm); got != "http://"+f.Address()+"/plain-web" {
		t.Fatalf("published %s", got)
	}
	f.awaitAnswer(app.URL(charm), 200)

	f.must(f.Juju.SetConfig(f.ctx, charm, map[string]any{"external-hostname": "plain.example.com"}))
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", message)
	if got := app.URL(charm); got != "http://plain.example.com/plain-web" {
		t.Fatalf("published %s", got)
	}
	f.awaitAnswer(app.URL(charm), 200)
	// The charm's would keep browsers from coming in clear; the application's own would do so
	// for all that are served at the host.
	f.awaitHSTS(app.URL(charm))

	f.withAuthority()
	f.awaitStatus("active", message)
	if got := app.URL(charm); got != "https://plain.example.com/plain-web" {
		t.Fatalf("published %s", got)
	}
	f.awaitAnswer("https://plain.example.com/plain-web", 200)
	f.awaitAnswer("http://plain.example.com/plain-web", 200)
}

// TestOneBadApplication shows that nothing an application writes hurts another.
func TestOneBadApplication(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "bad", map[string]any{"external-hostname": "bad.example.com"}).withAuthority()
	good := f.app("good", 8080, nil)
	f.awaitStatus("active", active)
	f.unfailing(good.URL(charm), func() {
		bad := f.app("evil", 8080, map[string]string{"port": `"8080"`})
		f.awaitStatus("active", `1 of 2 applications served; evil: port: must be a whole number from 1 to 65535, not "\"8080\""`)
		for _, port := range []string{"8081", "NaN", strings.Repeat("9", 100000), "8082"} {
			f.must(f.Juju.SetApplicationData(bad.Relation, "evil", map[string]string{"port": port}))
			f.must(f.Settle(f.ctx))
		}
		f.awaitStatus("active", active)
		f.must(f.Unrelate(f.ctx, "evil:ingress", charm))
		f.must(f.Settle(f.ctx))
	})
}

// TestCrossModel shows an application of another model: its pods are in another
// namespace, where no selector of ours reaches.
func TestCrossModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "near", map[string]any{"external-hostname": "near.example.com"}).withAuthority()
	f.must(shared.CreateModel(f.ctx, "far"))
	t.Cleanup(func() { _ = shared.DestroyModel(context.Background(), "far") })
	pod, err := shared.AddPod(f.ctx, "far", "web", 0, cluster.Pod{Port: 8080, Handler: lab.EchoHandler("web/0")})
	f.must(err)
	const remote = "remote-0123456789abcdef0123456789abcdef"
	f.must(f.Juju.AddScripted(remote, jujutest.ScriptedMetadata{
		Requires: map[string]string{"ingress": "ingress"}, ModelUUID: cluster.ModelUUID("far"),
	}, 1))
	id, err := f.Juju.Integrate(f.ctx, remote+":ingress", charm)
	f.must(err)
	f.must(f.Juju.SetApplicationData(id, remote, map[string]string{"model": `"far"`, "name": `"web"`, "port": "8080"}))
	f.must(f.Settle(f.ctx))
	f.must(f.Juju.SetUnitData(id, remote+"/0", map[string]string{"host": `"web-0"`, "ip": fmt.Sprintf("%q", pod.IP)}))
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	if got := f.awaitAnswer("https://near.example.com/far-web", 200).Echo.Unit; got != "web/0" {
		t.Errorf("reached %q", got)
	}
}

// TestPort443 serves an application that speaks plain HTTP on the port of HTTPS.
func TestPort443(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "port443", map[string]any{"external-hostname": "port443.example.com"}).withAuthority()
	f.app("web", 443, nil)
	f.awaitStatus("active", active)
	f.awaitAnswer("https://port443.example.com/port443-web", 200)
}

// TestProcesses runs the charm with the hook tools as processes on PATH.
func TestProcesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "processes", map[string]any{"external-hostname": "processes.example.com"},
		func(o *lab.Options) { o.Processes = true }).withAuthority()
	f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	f.awaitAnswer("https://processes.example.com/processes-web", 200)
}

// TestNoChange counts the cost of a hook that finds everything as it should be, with ten
// applications.
func TestNoChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "rest", map[string]any{"external-hostname": "rest.example.com"}).withAuthority()
	for i := range 10 {
		f.app(fmt.Sprintf("web%c", 'a'+i), 8080, nil)
	}
	f.awaitStatus("active", active)
	var last jujutest.HookRun
	f.run = func(run jujutest.HookRun) { last = run }
	counts, requests := f.atRest()
	if requests != 8 {
		t.Errorf("%d API requests, want 8: %v", requests, counts)
	}
	for _, call := range last.Calls {
		if strings.HasSuffix(call.Tool, "-set") && call.Tool != "status-set" {
			t.Errorf("a hook that changes nothing calls %s %v", call.Tool, call.Args)
		}
	}
	t.Logf("%s with 10 applications: %v, %d hook tool calls, %d API requests", last.Name, last.Duration, len(last.Calls), requests)
}
