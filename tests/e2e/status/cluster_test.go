package status_test

import (
	"context"
	"errors"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

var gateways = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}

// TestNoGatewayAPI takes the CRDs away, and lets them come.
func TestNoGatewayAPI(t *testing.T) {
	withoutTraefik(t, func() error { return shared.InstallCRDs(context.Background(), cluster.DefaultBundle) })
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
	f.await("blocked Gateway class strange is not accepted: InvalidParameters: \"no such parame…\"; see `kubectl describe gatewayclass strange`")
	f.judge(strange, metav1.ConditionFalse, "UnsupportedVersion", "bundle v1.6")
	f.await("blocked Gateway class strange is not accepted: UnsupportedVersion: \"bundle v1.6\"; install the CRDs that its controller knows")
	f.configure("gateway-class", "traefik")
	f.await(active)
}

// TestNoClassAccepted has classes, and no controller that takes one.
func TestNoClassAccepted(t *testing.T) {
	withoutTraefik(t, func() error { return shared.DeleteGatewayClass(context.Background(), "strange") })
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
	withoutTraefik(t, func() error { return nil })
	f := newFixture(t, "unjudged", nil)
	f.expect("waiting Waiting for the controller of gateway class traefik to accept the Gateway; checked again at update-status")
	f.must(shared.StartTraefik(f.ctx))
	f.await(active)
}

// withoutTraefik stops Traefik. If the test fails, which was to start it again, the next
// one has the cluster as it was: mend puts back what else the test takes away.
func withoutTraefik(t *testing.T, mend func() error) {
	shared.StopTraefik()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		shared.StopTraefik()
		if err := mend(); err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
		if err := shared.StartTraefik(context.Background()); err != nil {
			t.Error(err)
		}
	})
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
	f.await("blocked HTTPS listener of ports.example.com is not accepted: PortUnavailable: \"Cannot find…\"; let the controller offer port 443")
	restart(true)
	f.await(active)
}

// TestNoAddress has a controller with no address to give. Of all hooks one may look for
// it, right after it has written the Gateway, and that look is bounded. Any event finds
// the address.
func TestNoAddress(t *testing.T) {
	unaddressed(t)
	f := newFixture(t, "unaddressed", nil)
	begun := time.Now()
	f.await("waiting Waiting for gateway address")
	looks := f.looks(func() {
		for range 3 {
			f.must(f.Juju.UpdateStatus(f.ctx, charm))
			f.must(f.Settle(f.ctx))
		}
	})
	if looks != 0 {
		t.Errorf("update-status looks for an address, %d times", looks)
	}
	if took := time.Since(begun); took > lab.Patience {
		t.Errorf("hooks that find no address took %s", took)
	}
	f.expect("waiting Waiting for gateway address")
	if url := f.app.URL(charm); url != "https://unaddressed.example.com/unaddressed-web" {
		t.Errorf("published %q", url)
	}
	f.must(shared.SetAddresses(f.ctx, address))
	f.await(active)
}

// TestBoundedLook lets hooks find no address and write a Gateway: each looks once, for
// 3 seconds, and ends.
func TestBoundedLook(t *testing.T) {
	unaddressed(t)
	f := newFixture(t, "look", map[string]any{"enforce-https": false})
	for _, host := range []string{"one", "two"} {
		begun := time.Now()
		// Two hooks write the Gateway: for the host, and when its certificate has come.
		if looks := f.looks(func() { f.configure("external-hostname", host+".look.example.com") }); looks > 2 {
			t.Errorf("two hooks that wrote a Gateway watched it %d times", looks)
		}
		if took := time.Since(begun); took > lab.Patience {
			t.Errorf("hooks that wrote a Gateway which gets no address took %s", took)
		}
	}
	f.await("waiting Waiting for gateway address")
	f.must(shared.SetAddresses(f.ctx, address))
	f.await(active + " (enforce-https is set to false)")
}

// unaddressed leaves the controller with no address to give. If the test fails, the next
// one has it again.
func unaddressed(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			if err := shared.SetAddresses(context.Background(), address); err != nil {
				t.Error(err)
			}
		}
	})
	if err := shared.SetAddresses(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// looks counts how often the charm watches its Gateway meanwhile.
func (f *fixture) looks(do func()) int {
	f.t.Helper()
	user := cluster.ServiceAccount(f.Model, charm)
	f.must(shared.ResetRequestCounts(user))
	do()
	counts, err := shared.RequestCount(user)
	f.must(err)
	if counts["list gateways"] == 0 {
		f.t.Errorf("no hook read the Gateway: %v", counts)
	}
	return counts["watch gateways"]
}

// TestDeletedGateway holds the deleted Gateway by a finalizer, as some controllers do.
func TestDeletedGateway(t *testing.T) {
	f := newFixture(t, "deleted", nil)
	f.await(active)
	ours := shared.Dynamic().Resource(gateways).Namespace("deleted")
	hold := func(finalizers ...string) {
		// Traefik may write its status between the two.
		f.must(cluster.Eventually(f.ctx, lab.Patience, func(ctx context.Context) error {
			live, err := ours.Get(ctx, charm, metav1.GetOptions{})
			if err != nil {
				return err
			}
			live.SetFinalizers(finalizers)
			_, err = ours.Update(ctx, live, metav1.UpdateOptions{})
			return err
		}))
	}
	hold("example.com/held")
	f.must(ours.Delete(f.ctx, charm, metav1.DeleteOptions{}))
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
	f.expect("waiting Somebody deleted the Gateway; waiting until it is gone to create it again; see its finalizers if this lasts")
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

// TestOutage stops the API server: the leader's hook fails, and the application does not go
// on saying that all is well.
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
	if app.Status != "error" || app.Message != `hook failed: "update-status"` {
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
