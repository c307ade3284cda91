package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// Traefik verifies one name for a Service, Envoy up to five: behind the one each unit of
// an application that speaks TLS has a Service of its own, behind the other from six
// units on.

// policiesOf names what an application vault of so many units has for TLS, if each has a
// host of its own.
func (f *fixture) policiesOf(units int) []string {
	all := []string{"ConfigMap/" + charm + "-backend-ca"}
	if onEnvoy() && units <= 5 {
		return append(all, "BackendTLSPolicy/"+charm+"-vault-service")
	}
	for unit := range units {
		all = append(all, fmt.Sprintf("BackendTLSPolicy/%s-vault-%d-service", charm, unit))
	}
	return all
}

// awaitUnits waits until each unit of an application has answered, and no other, so
// often that none is left out.
func (f *fixture) awaitUnits(url string, units ...string) {
	f.t.Helper()
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		reached := map[string]bool{}
		for range 6 * len(units) {
			response, err := f.Get(ctx, url, f.ca.Pool())
			if err != nil || response.Code != 200 {
				return fmt.Errorf("answer %d, %w", response.Code, err)
			}
			reached[response.Echo.Unit] = true
		}
		if got := slices.Sorted(maps.Keys(reached)); !slices.Equal(got, units) {
			return fmt.Errorf("reached %v, not %v", got, units)
		}
		return nil
	}))
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

func unitsOf(name string, count int) []string {
	var all []string
	for unit := range count {
		all = append(all, fmt.Sprintf("%s/%d", name, unit))
	}
	return all
}

// TestTLSBackendScaled: an application that speaks TLS is scaled up and down under load.
func TestTLSBackendScaled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tlsscaled", map[string]any{"external-hostname": "tlsscaled.example.com"}).withAuthority()
	signer := f.authority("backend")
	f.withCASource("authorities", signer)
	app := f.withTLSApp("vault", 1, signer)
	f.awaitStatus("active", active)
	watched := f.watch("an application on TLS is scaled", app.URL(charm))
	for count := 2; count <= 3; count++ {
		f.must(app.AddUnit(f.ctx))
		f.must(f.Settle(f.ctx))
		f.awaitUnits(app.URL(charm), unitsOf("vault", count)...)
		f.awaitStatus("active", active)
		f.awaitObjectsOfTLS(f.policiesOf(count)...)
		watched.more()
	}
	for count := 2; count >= 1; count-- {
		f.must(f.Juju.RemoveUnit(f.ctx, fmt.Sprintf("vault/%d", count)))
		f.must(f.Settle(f.ctx))
		f.awaitUnits(app.URL(charm), unitsOf("vault", count)...)
		f.must(app.Pods[count].Stop(f.ctx))
		f.awaitObjectsOfTLS(f.policiesOf(count)...)
		watched.more()
	}
	f.awaitStatus("active", active)
	watched.end()
}

// TestTLSBackendUnits: units that have hosts of their own come to share one, and back,
// under load; so the application has one Service, then one for each unit. Envoy takes six
// units for that.
func TestTLSBackendUnits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tlsunits", map[string]any{"external-hostname": "tlsunits.example.com"}).withAuthority()
	signer := f.authority("backend")
	f.withCASource("authorities", signer)
	units := 2
	if onEnvoy() {
		units = 6
	}
	app := f.withTLSApp("vault", units, signer)
	f.awaitStatus("active", active)
	f.awaitUnits(app.URL(charm), unitsOf("vault", units)...)
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
		f.awaitUnits(app.URL(charm), unitsOf("vault", units)...)
	}
	watched := f.watch("units come to share a host, and back", app.URL(charm))
	write(func(int) string { return shared })
	f.awaitObjectsOfTLS("ConfigMap/"+charm+"-backend-ca", "BackendTLSPolicy/"+charm+"-vault-service")
	watched.more()
	write(func(unit int) string { return f.HostOf("vault", unit) })
	f.awaitObjectsOfTLS(f.policiesOf(units)...)
	watched.end()
}

// TestTLSBackendOneUnit: what is wrong with one of three units, its certificate or its
// pod, costs its share of the requests and no more.
func TestTLSBackendOneUnit(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tlsone", map[string]any{"external-hostname": "tlsone.example.com"}).withAuthority()
	signer := f.authority("backend")
	f.withCASource("authorities", signer)
	app := f.withTLSApp("vault", 3, signer)
	f.awaitStatus("active", active)
	f.awaitUnits(app.URL(charm), unitsOf("vault", 3)...)

	app.HangUp.Store(true) // Or connections that are verified are used on.
	f.must(app.Certify(1, signer, "other.example.com"))
	for range 10 {
		_, _ = f.Get(f.ctx, app.URL(charm), f.ca.Pool())
	}
	t.Logf("a wrong certificate: answers %v", f.answers(app, 60, unverified()))
	t.Logf("status: %v", f.Juju.Status().Unit(charm+"/0"))
	f.must(app.Certify(1, signer, f.HostOf("vault", 1)))
	f.awaitUnits(app.URL(charm), unitsOf("vault", 3)...)

	f.must(app.Pods[2].Stop(f.ctx)) // Its unit still stands in the relation.
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
	t.Logf("a pod is gone: answers %v", f.answers(app, 60, 500, 502, 503))
	t.Logf("status: %v", f.Juju.Status().Unit(charm+"/0"))
	f.must(f.Juju.RemoveUnit(f.ctx, "vault/2"))
	f.must(f.Settle(f.ctx))
	f.awaitUnits(app.URL(charm), unitsOf("vault", 2)...)
	f.awaitStatus("active", active)
}

// answers asks so often, and checks that two thirds at least succeed, of at least two
// units, and that the rest has one of these codes.
func (f *fixture) answers(app *lab.TLSApp, count int, failing ...int) map[string]int {
	f.t.Helper()
	all := map[string]int{}
	for range count {
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
	if len(all) < 2 || all["failed"] > count/3+2 {
		f.t.Errorf("answers: %v", all)
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
	f.awaitUnits(url, "a")
	watched := f.watch("units of another model that speak TLS come and go", url)
	b := add("b")
	f.awaitUnits(url, "a", "b")
	f.awaitStatus("active", active)
	add("c")
	f.awaitUnits(url, "a", "b", "c")
	watched.more()
	f.must(f.Juju.RemoveUnit(f.ctx, b))
	f.must(f.Settle(f.ctx))
	f.awaitUnits(url, "a", "c")
	f.must(remote.StopPod(f.ctx, pods[1]))
	watched.end()

	// One whose certificate is for another name is not spoken to.
	unit, err := remote.AddUnit(f.ctx)
	f.must(err)
	pod, err := remote.StartTLSPod(f.ctx, "d", signer, "other.tlsfar.svc")
	f.must(err)
	f.must(remote.WriteHost(unit, "d.tlsfar.svc", pod.IP))
	f.must(f.Settle(f.ctx))
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		response, err := f.Get(ctx, url, f.ca.Pool())
		if err == nil && response.Code != unverified() {
			err = errors.New("served")
		}
		if response.Echo.Unit == "d" {
			t.Error("the unit answers that cannot be verified")
		}
		return err
	}))
}
