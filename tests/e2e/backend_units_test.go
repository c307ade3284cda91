package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// Traefik verifies one name for a Service, Envoy up to five: behind the one each unit of
// an application that speaks TLS has a Service of its own, behind the other from six
// units on.

// oneService reports whether so many units, each with a host of its own, share a Service.
func oneService(units int) bool {
	names := traits().VerifiedNames
	return names > 1 && units <= names
}

// policiesOf names what an application vault of so many units has for TLS, if each has a
// host of its own.
func (f *fixture) policiesOf(units int) []string {
	all := []string{"ConfigMap/" + charm + "-backend-ca"}
	if oneService(units) {
		return append(all, "BackendTLSPolicy/"+charm+"-vault-service")
	}
	for unit := range units {
		all = append(all, fmt.Sprintf("BackendTLSPolicy/%s-vault-%d-service", charm, unit))
	}
	return all
}

// turns is a client, the only one of its URL: each unit has its turn.
type turns struct {
	*lab.Probe
	f    *fixture
	mu   sync.Mutex
	seen map[string]bool // the units that have answered, "" for the gateway itself
	busy int             // requests that were answered with 503, and accepted
}

// turns starts it. An answer that accept has an error for has failed.
func (f *fixture) turns(url string, accept func(lab.Response) error) *turns {
	f.t.Helper()
	f.awaitAnswer(url, 200)
	all := &turns{f: f, seen: map[string]bool{}}
	all.Probe = f.ProbeWith(url, f.ca.Pool(), func(response lab.Response) error {
		all.mu.Lock()
		defer all.mu.Unlock()
		all.seen[response.Echo.Unit] = true
		err := accept(response)
		if err == nil && response.Code == 503 {
			all.busy++
		}
		return err
	})
	f.t.Cleanup(all.Stop)
	return all
}

// await waits until each of the units has answered, and no other, so often that none is
// left out.
func (c *turns) await(units ...string) {
	c.f.t.Helper()
	// Names may be late once more if they change again meanwhile.
	patience := lab.Patience + 2*traits().LateNames
	c.f.must(cluster.Eventually(c.f.ctx, patience, func(ctx context.Context) error {
		c.mu.Lock()
		clear(c.seen)
		c.mu.Unlock()
		if err := c.AwaitMore(ctx, enough(len(units))); err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if got := slices.Sorted(maps.Keys(c.seen)); !slices.Equal(got, units) {
			return fmt.Errorf("%v answer, not %v", got, units)
		}
		return nil
	}))
}

// enough is how many requests it takes for each of so many units to answer, and to see that one
// more would. By lot, ten for each: then one in 20,000 times one is left out.
func enough(units int) int {
	if traits().DrawsLots {
		return 10 * (units + 1)
	}
	return 2 + 4*units
}

// awaitUnits waits until so many units answer.
func (f *fixture) awaitUnits(app *lab.App, units int) {
	f.t.Helper()
	client := f.turns(app.URL(charm), routed)
	client.await(unitsOf(app.Name, units)...)
	client.Stop()
}

// removeLast takes away the last unit, so that so many are left: it leaves the relation,
// and is not asked any more, and then its pod ends. A Service for all leads to the pod
// until then.
func (c *turns) removeLast(app *lab.TLSApp, left int) {
	c.f.t.Helper()
	c.f.must(c.f.Juju.RemoveUnit(c.f.ctx, fmt.Sprintf("%s/%d", app.Name, left)))
	c.f.must(c.f.Settle(c.f.ctx))
	if !oneService(left) {
		c.await(unitsOf(app.Name, left)...)
	}
	c.f.must(app.Pods[left].Stop(c.f.ctx))
	c.await(unitsOf(app.Name, left)...)
	c.f.awaitObjectsOfTLS(c.f.policiesOf(left)...)
}

// end stops the client and reports.
func (c *turns) end(story string) {
	c.f.t.Helper()
	c.f.ending(story, c.Probe)()
	c.f.t.Logf("%s: %d of them were answered with 503", story, c.busy)
}

func unitsOf(name string, count int) []string {
	var all []string
	for unit := range count {
		all = append(all, fmt.Sprintf("%s/%d", name, unit))
	}
	return all
}

// awaitObjectsOfTLS waits until what routes have been led away from is gone, with
// update-status as the clock.
func (f *fixture) awaitObjectsOfTLS(want ...string) {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		if got := f.objectsOfTLS(); !slices.Equal(got, want) {
			return fmt.Errorf("there is %v, not %v", got, want)
		}
		return nil
	}))
}

// newTLSUnits makes a model with an application that speaks TLS, of so many units that are
// known to the charm, and with the authority that has signed for them.
func newTLSUnits(t *testing.T, model string, units int) (*fixture, *lab.Authority, *lab.TLSApp) {
	t.Helper()
	f := newFixture(t, model, map[string]any{"external-hostname": model + ".example.com"}).withAuthority()
	signer := f.authority("backend")
	f.withCASource("authorities", signer)
	app := f.withTLSApp("vault", units, signer)
	f.awaitStatus("active", active)
	f.awaitUnits(app.App, units)
	return f, signer, app
}

// TestTLSBackendScaled: an application that speaks TLS is scaled up and down under load.
func TestTLSBackendScaled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tlsscaled", map[string]any{"external-hostname": "tlsscaled.example.com"}).withAuthority()
	signer := f.authority("backend")
	f.withCASource("authorities", signer)
	app := f.withTLSApp("vault", 1, signer)
	f.awaitStatus("active", active)
	client := f.turns(app.URL(charm), routed)
	for count := 2; count <= 3; count++ {
		f.must(app.AddUnit(f.ctx))
		f.must(f.Settle(f.ctx))
		client.await(unitsOf("vault", count)...)
		f.awaitStatus("active", active)
		f.awaitObjectsOfTLS(f.policiesOf(count)...)
	}
	for count := 2; count >= 1; count-- {
		client.removeLast(app, count)
	}
	f.awaitStatus("active", active)
	client.end("an application on TLS is scaled")
	if n := app.Plain.Load(); n > 0 {
		t.Errorf("%d requests came in clear", n)
	}
}

// TestTLSBackendSixUnits: with the sixth unit no policy has room for all names, and each unit gets
// a Service of its own behind any controller. When the sixth unit goes, Envoy has one Service for
// all again.
func TestTLSBackendSixUnits(t *testing.T) {
	t.Parallel()
	const units = 5
	f, _, app := newTLSUnits(t, "tlssix", units)
	// Five names that are new at once cost requests of their own behind Envoy.
	fresh := f.turns(app.URL(charm), routed)
	fresh.await(unitsOf("vault", units)...)
	fresh.end("5 units at once")
	f.awaitObjectsOfTLS(f.policiesOf(units)...)
	client := f.turns(app.URL(charm), routed)
	client.await(unitsOf("vault", units)...)
	f.must(app.AddUnit(f.ctx))
	f.must(f.Settle(f.ctx))
	client.await(unitsOf("vault", units+1)...)
	f.awaitObjectsOfTLS(f.policiesOf(units + 1)...)
	f.awaitStatus("active", active)
	client.removeLast(app, units)
	f.awaitStatus("active", active)
	client.end("from 5 units to 6 and back")
	if n := app.Plain.Load(); n > 0 {
		t.Errorf("%d requests came in clear", n)
	}
}

// TestTLSBackendUnits: units that have hosts of their own change to a shared host, and back, under
// load. So behind Traefik the application has one Service, and then one for each unit again.
func TestTLSBackendUnits(t *testing.T) {
	t.Parallel()
	const units = 2
	f, signer, app := newTLSUnits(t, "tlsunits", units)
	client := f.turns(app.URL(charm), lab.Succeeds)
	client.await(unitsOf("vault", units)...)
	f.awaitObjectsOfTLS(f.policiesOf(units)...)
	const shared = "vault.example.com"
	for unit := range app.Pods {
		f.must(app.Certify(unit, signer, shared, f.HostOf("vault", unit)))
	}
	write := func(host func(unit int) string) {
		t.Helper()
		for unit, pod := range app.Pods {
			f.must(f.Juju.SetUnitData(app.Relation, fmt.Sprintf("vault/%d", unit), map[string]string{"host": strconv.Quote(host(unit)), "ip": strconv.Quote(pod.IP)}))
		}
		f.must(f.Settle(f.ctx))
		f.awaitStatus("active", active)
		client.await(unitsOf("vault", units)...)
	}
	write(func(int) string { return shared })
	f.awaitObjectsOfTLS("ConfigMap/"+charm+"-backend-ca", "BackendTLSPolicy/"+charm+"-vault-service")
	write(func(unit int) string { return f.HostOf("vault", unit) })
	f.awaitObjectsOfTLS(f.policiesOf(units)...)
	client.end("units come to share a host, and back")
}

// TestTLSBackendOneUnit: a problem of one of several units, with its certificate or its pod, costs
// its share of the requests and no more. If all units share a Service, a pod that is gone costs
// nothing.
func TestTLSBackendOneUnit(t *testing.T) {
	t.Parallel()
	for _, units := range []int{3, 6} {
		model := fmt.Sprintf("tlsone%d", units)
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			f, signer, app := newTLSUnits(t, model, units)
			f.oneUnit(app, signer, units)
		})
	}
}

func (f *fixture) oneUnit(app *lab.TLSApp, signer *lab.Authority, units int) {
	app.HangUp.Store(true) // Or connections that are verified are used on.
	f.must(app.Certify(1, signer, "other.example.com"))
	f.t.Logf("a wrong certificate: answers %v", f.answersWithout("vault/1", app, true, traits().Unverified))
	f.awaitStatus("active", active)
	f.must(app.Certify(1, signer, f.HostOf("vault", 1)))
	f.awaitUnits(app.App, units)

	last := units - 1
	f.must(app.Pods[last].Stop(f.ctx)) // Its unit still stands in the relation.
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
	name := fmt.Sprintf("vault/%d", last)
	f.t.Logf("a pod is gone: answers %v", f.answersWithout(name, app, !oneService(units), 500, 502, 503))
	f.awaitStatus("active", active)
	f.must(f.Juju.RemoveUnit(f.ctx, name))
	f.must(f.Settle(f.ctx))
	f.awaitUnits(app.App, last)
	f.awaitStatus("active", active)
}

// answersWithout waits until one of the units answers no more, asks twenty times for each
// of them, and checks that it does not, that the others do, and that its share of the
// requests, and no more, is answered with one of these codes; or that none is.
func (f *fixture) answersWithout(unit string, app *lab.TLSApp, fails bool, failing ...int) map[string]int {
	f.t.Helper()
	units := len(app.Pods)
	// By lot it may be long until a connection is used up that was verified before.
	f.awaitMany(app.URL(charm), 20*units, func(response lab.Response) error {
		if response.Echo.Unit == unit {
			return errors.New(unit + " still answers")
		}
		return nil
	})
	var all map[string]int
	f.must(eventually(f.ctx, func(context.Context) error { // Envoy first leaves it out, then counts it.
		if all = f.answers(app, failing); all["failed"] > 0 != fails {
			return fmt.Errorf("answers %v", all)
		}
		return nil
	}))
	share := 20 + 2
	if traits().DrawsLots {
		share = 2 * 20
	}
	answering := len(slices.DeleteFunc(unitsOf(app.Name, units), func(name string) bool { return all[name] == 0 }))
	if all[unit] > 0 || answering != units-1 || all["failed"] > share {
		f.t.Errorf("answers without %s: %v", unit, all)
	}
	return all
}

// answers asks twenty times for each unit, and counts which answer, and how often one of
// these codes comes.
func (f *fixture) answers(app *lab.TLSApp, failing []int) map[string]int {
	f.t.Helper()
	all := map[string]int{}
	for range 20 * len(app.Pods) {
		response, err := f.Get(f.ctx, app.URL(charm), f.ca.Pool())
		switch {
		case err == nil && response.Code == 200:
			all[response.Echo.Unit]++
		case err == nil && slices.Contains(failing, response.Code):
			all["failed"]++
		default:
			f.t.Errorf("answer %d, %v", response.Code, err)
		}
	}
	return all
}

// TestTLSBackendOfAnotherModel: units of another model that speak TLS come and go under
// load.
func TestTLSBackendOfAnotherModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tlsport", map[string]any{"external-hostname": "tlsport.example.com"}).withAuthority()
	f.model("tlsfar")
	signer := f.authority("backend")
	f.withCASource("authorities", signer)
	remote, err := f.AddRemote("web", "tlsfar", "tlsfar", 8443)
	f.must(err)
	remote.Request["scheme"] = `"https"`
	f.must(f.Relate(f.ctx, remote.Alias+":ingress", charm))
	pods := []*cluster.RunningPod{}
	add := func(name string) string {
		t.Helper()
		unit, err := remote.AddUnit(f.ctx)
		f.must(err)
		host := name + ".tlsfar.svc"
		pod, err := remote.StartTLSPod(f.ctx, name, signer, host)
		f.must(err)
		f.must(remote.WriteHost(unit, host, pod.IP))
		f.must(f.Settle(f.ctx))
		pods = append(pods, pod)
		return unit
	}
	add("a")
	f.awaitStatus("active", active)
	url := remote.URL(charm)
	client := f.turns(url, routed)
	client.await("a")
	b := add("b")
	client.await("a", "b")
	f.awaitStatus("active", active)
	add("c")
	client.await("a", "b", "c")
	f.must(f.Juju.RemoveUnit(f.ctx, b))
	f.must(f.Settle(f.ctx))
	client.await("a", "c")
	f.must(remote.StopPod(f.ctx, pods[1]))
	client.end("units of another model that speak TLS come and go")

	// One whose certificate is for another name is not spoken to.
	unit, err := remote.AddUnit(f.ctx)
	f.must(err)
	pod, err := remote.StartTLSPod(f.ctx, "d", signer, "other.tlsfar.svc")
	f.must(err)
	f.must(remote.WriteHost(unit, "d.tlsfar.svc", pod.IP))
	f.must(f.Settle(f.ctx))
	verified := func(response lab.Response) {
		t.Helper()
		if response.Echo.Unit == "d" {
			t.Error("the unit answers that cannot be verified")
		}
	}
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		response, err := f.Get(ctx, url, f.ca.Pool())
		if err == nil && response.Code != traits().Unverified {
			err = errors.New("served")
		}
		verified(response)
		return err
	}))
	for range 3 * 3 { // Its turn comes again.
		response, err := f.Get(f.ctx, url, f.ca.Pool())
		f.must(err)
		verified(response)
	}
}
