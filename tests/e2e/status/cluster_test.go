package status_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

var gateways = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}

// TestNoGatewayAPI takes the CRDs away, and lets them come.
func TestNoGatewayAPI(t *testing.T) {
	shared.StopTraefik()
	f := newFixture(t, "crds", nil)
	f.must(shared.RemoveCRDs(f.ctx))
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
	f.expect("blocked Gateway API resources are not installed in the cluster; try `k8s enable gateway`, or install its CRDs")

	// What `k8s enable gateway` does: first the CRDs, then a controller.
	f.must(shared.InstallCRDs(f.ctx, cluster.DefaultBundle))
	f.await("blocked There is no GatewayClass in the cluster; try `k8s enable gateway`, or install a Gateway API controller")
	f.must(shared.StartTraefik(f.ctx))
	f.await(active)
}

// TestClasses goes through what can be wrong with the class.
func TestClasses(t *testing.T) {
	const another, strange = "another", "strange"
	f := newFixture(t, "classes", map[string]any{"gateway-class": "missing"})
	f.obey(f.await("blocked Gateway class must be one of: [traefik]; `juju config gateway-api-integrator gateway-class=traefik`"), nil)
	f.await(active)

	// Several, and none is asked for.
	f.must(shared.CreateGatewayClass(f.ctx, another, "traefik.io/gateway-controller"))
	f.t.Cleanup(func() { _ = shared.DeleteGatewayClass(context.Background(), another) })
	f.must(f.Juju.ResetConfig(f.ctx, charm, "gateway-class"))
	f.must(f.Settle(f.ctx))
	f.obey(f.await("blocked Gateway class must be one of: [another,traefik]; `juju config gateway-api-integrator gateway-class=CLASS`"),
		map[string]string{"CLASS": "traefik"})
	f.await(active)

	// One that no controller takes.
	f.must(shared.CreateGatewayClass(f.ctx, strange, "example.com/nobody"))
	f.t.Cleanup(func() { _ = shared.DeleteGatewayClass(context.Background(), strange) })
	f.configure("gateway-class", strange)
	f.await("waiting Waiting for a controller to accept gateway class strange")
	f.judge(strange, metav1.ConditionFalse, "InvalidParameters", "no such parameters")
	f.await("blocked Gateway class strange is not accepted: InvalidParameters: no such paramete…; see `kubectl describe gatewayclass strange`")
	f.judge(strange, metav1.ConditionFalse, "UnsupportedVersion", "bundle v1.6")
	f.await("blocked Gateway class strange is not accepted: UnsupportedVersion: bundle v1.6; install the CRDs that its controller knows")
	f.configure("gateway-class", "traefik")
	f.await(active)
}

// TestNoClassAccepted has classes, and no controller that takes one.
func TestNoClassAccepted(t *testing.T) {
	shared.StopTraefik()
	f := newFixture(t, "unaccepted", nil)
	f.must(shared.DeleteGatewayClass(f.ctx, cluster.TraefikClass))
	f.must(shared.CreateGatewayClass(f.ctx, "strange", "example.com/nobody"))
	f.await("blocked No gateway class is accepted by a controller: [strange]; see `kubectl describe gatewayclass`")
	f.must(shared.DeleteGatewayClass(f.ctx, "strange"))
	f.must(shared.StartTraefik(f.ctx))
	f.await(active)
}

// TestNobodyJudges has a class whose controller is gone: the Gateway stays as it was
// born.
func TestNobodyJudges(t *testing.T) {
	shared.StopTraefik()
	f := newFixture(t, "unjudged", nil)
	f.expect("waiting Waiting for the controller of gateway class traefik to accept the Gateway")
	f.must(shared.StartTraefik(f.ctx))
	f.await(active)
}

// TestPortNotOffered has a controller that listens on port 80 only. Traefik refuses the
// whole Gateway for it; the status names the listener.
func TestPortNotOffered(t *testing.T) {
	restart := func(offered bool) {
		shared.StopTraefik()
		shared.OfferHTTPS(offered)
		if err := shared.StartTraefik(context.Background()); err != nil {
			t.Error(err)
		}
	}
	restart(false)
	t.Cleanup(func() {
		if t.Failed() {
			restart(true)
		}
	})
	f := newFixture(t, "ports", nil)
	f.await("blocked HTTPS listener of ports.example.com is not accepted: PortUnavailable: Cannot find en…; let the controller offer port 443")
	restart(true)
	f.await(active)
}

// TestNoAddress has a controller with no address to give. No hook waits for one: of all
// that run, one may look for it for three seconds, right after it has written the
// Gateway. Any event finds the address.
func TestNoAddress(t *testing.T) {
	if err := shared.SetAddresses(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, "unaddressed", nil)
	begun := time.Now()
	f.await("waiting Waiting for gateway address")
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
	if took := time.Since(begun); took > lab.Patience {
		t.Errorf("hooks that find no address took %s", took)
	}
	for range 3 {
		begun := time.Now()
		f.must(f.Juju.UpdateStatus(f.ctx, charm))
		f.must(f.Settle(f.ctx))
		if took := time.Since(begun); took > 2500*time.Millisecond {
			t.Errorf("update-status waits for an address, for %s", took)
		}
	}
	f.expect("waiting Waiting for gateway address")
	if url := f.app.URL(charm); url != "https://unaddressed.example.com/unaddressed-web" {
		t.Errorf("published %q", url)
	}
	f.must(shared.SetAddresses(f.ctx, address))
	f.await(active)
}

// TestBoundedLook lets the first hook find no address and write a Gateway: it ends
// after the bounded look.
func TestBoundedLook(t *testing.T) {
	if err := shared.SetAddresses(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, "look", map[string]any{"enforce-https": false})
	var longest time.Duration
	writes := 0
	begun := time.Time{}
	f.hook = func(jujutest.HookRun) {
		if !begun.IsZero() {
			longest = max(longest, time.Since(begun))
		}
		begun = time.Now()
	}
	for _, host := range []string{"one", "two"} { // Each writes the Gateway.
		begun = time.Now()
		f.configure("external-hostname", host+".look.example.com")
		writes++
	}
	if longest < time.Second || longest > 10*time.Second {
		t.Errorf("of %d hooks that wrote a Gateway which gets no address, the longest took %s: it is to look for 3 s", writes, longest)
	}
	f.expect("waiting Waiting for gateway address")
	f.must(shared.SetAddresses(f.ctx, address))
	f.await(active + " (enforce-https is set to false)")
}

// TestDeletedGateway holds the deleted Gateway by a finalizer, as some controllers do.
func TestDeletedGateway(t *testing.T) {
	f := newFixture(t, "deleted", nil)
	f.await(active)
	ours := shared.Dynamic().Resource(gateways).Namespace("deleted")
	hold := func(finalizers ...string) {
		live, err := ours.Get(f.ctx, charm, metav1.GetOptions{})
		f.must(err)
		live.SetFinalizers(finalizers)
		_, err = ours.Update(f.ctx, live, metav1.UpdateOptions{})
		f.must(err)
	}
	hold("example.com/held")
	f.must(ours.Delete(f.ctx, charm, metav1.DeleteOptions{}))
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
	f.expect("waiting Waiting for the Gateway to go: somebody has deleted it, and it is made anew")
	hold()
	f.must(cluster.Eventually(f.ctx, lab.Patience, func(ctx context.Context) error {
		_, err := ours.Get(ctx, charm, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New("the Gateway is still there"))
	}))
	f.await(active)
}

// TestOutage stops the API server: the leader's hook fails, and the application, which
// has a status of its own, does not go on saying that all is well.
func TestOutage(t *testing.T) {
	f := newFixture(t, "outage", nil)
	f.await(active)
	shared.StopAPIServer()
	failure := errors.Join(f.Juju.UpdateStatus(f.ctx, charm), f.Settle(f.ctx))
	f.must(shared.StartAPIServer(f.ctx))
	if failure == nil {
		t.Error("no hook failed")
	}
	status := f.Juju.Status()
	app := status.Application(charm)
	if app.Status != "waiting" || !strings.HasPrefix(app.Message, "Hook failed: cannot read the cluster: ") {
		t.Errorf("the application shows %s %q", app.Status, app.Message)
	}
	if unit := status.Unit(charm + "/0"); unit.Agent != "error" {
		t.Errorf("the unit's agent is %s", unit.Agent)
	}
	f.must(f.Settle(f.ctx))
	f.await(active)
}

// configure is `juju config`.
func (f *fixture) configure(option string, value any) {
	f.t.Helper()
	f.must(f.Juju.SetConfig(f.ctx, charm, map[string]any{option: value}))
	f.must(f.Settle(f.ctx))
}

// judge plays the controller of a class that none has.
func (f *fixture) judge(class string, status metav1.ConditionStatus, reason, message string) {
	f.t.Helper()
	classes := shared.Dynamic().Resource(gateways.GroupVersion().WithResource("gatewayclasses"))
	live, err := classes.Get(f.ctx, class, metav1.GetOptions{})
	f.must(err)
	f.must(unstructured.SetNestedSlice(live.Object, []any{map[string]any{
		"type": "Accepted", "status": string(status), "reason": reason, "message": message,
		"observedGeneration": live.GetGeneration(), "lastTransitionTime": "2026-01-01T00:00:00Z",
	}}, "status", "conditions"))
	_, err = classes.UpdateStatus(f.ctx, live, metav1.UpdateOptions{})
	f.must(err)
}
