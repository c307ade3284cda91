package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// Statuses, from what causes them to what cures them, as unit and application show
// them. Those of the cluster as a whole are in package status below; those of
// certificates in the stories of these (tls_errors_test.go, tls_trouble_test.go,
// tls_revocation_test.go, tls_validity_test.go, tls_provider_test.go).

// The kinds of objects that the tests spoil, or see judged.
var (
	ourGateways = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
	ourRoutes   = ourGateways.GroupVersion().WithResource("httproutes")
	ourSecrets  = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	ourServices = schema.GroupVersionResource{Version: "v1", Resource: "services"}
)

// awaitShown waits for a status of the unit, checks that the application shows the
// same, and gives the message.
func (f *fixture) awaitShown(kind, message string) string {
	f.t.Helper()
	f.awaitStatus(kind, message)
	message = f.here(message) // Not before: the Gateway may have got its address meanwhile.
	if app := f.Juju.Status().Application(charm); app.Status != kind || app.Message != message {
		f.t.Errorf("the application shows %s %q, the unit %s %q", app.Status, app.Message, kind, message)
	}
	return message
}

// cure does what a message says.
func (f *fixture) cure(message string, choices map[string]string) {
	f.t.Helper()
	f.must(f.Obey(f.ctx, message, choices))
}

// TestStatusWithoutTrust runs the commands of the messages one after the other, from a bare
// deployment to a served application.
func TestStatusWithoutTrust(t *testing.T) {
	t.Parallel()
	f := newModel(t, "untrusted")
	f.must(f.Deploy(f.ctx, charm, map[string]any{"external-hostname": "untrusted.example.com"}, false))
	f.must(f.Settle(f.ctx))
	f.cure(f.awaitShown("blocked", "Insufficient permissions, try: `juju trust gateway-api-integrator --scope=cluster`"), nil)
	message := f.awaitShown("blocked", "Certificates relation is needed if enforce-https is enabled. Try `juju integrate gateway-api-integrator:certificates CA`")
	_, err := f.AddAuthority("our-ca")
	f.must(err)
	f.cure(message, map[string]string{"CA": "our-ca"})
	f.awaitShown("active", active)
}

// TestStatusWithoutCertificates is cured by an authority of any name.
func TestStatusWithoutCertificates(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "uncertified", map[string]any{"external-hostname": "uncertified.example.com"})
	message := f.awaitShown("blocked", "Certificates relation is needed if enforce-https is enabled. Try `juju integrate gateway-api-integrator:certificates CA`")
	_, err := f.AddAuthority("our-ca")
	f.must(err)
	f.cure(message, map[string]string{"CA": "our-ca"})
	f.awaitShown("active", active)
}

// TestStatusOfOptions sets each option to what cannot be, and to what the message asks
// for.
func TestStatusOfOptions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "options", map[string]any{"external-hostname": "options.example.com"}).withAuthority()
	f.awaitShown("active", active)
	for _, test := range []struct{ option, wrong, message, choice string }{
		{"external-hostname", "10.0.0.1", "is an IP address; `juju config gateway-api-integrator external-hostname=NAME`", "options.example.com"},
		{"gateway-class", "No Class", "is no name of a class; `juju config gateway-api-integrator gateway-class=CLASS`", class()},
		{"hsts-max-age", "-1", "must be 0 to 2^53-1; `juju config gateway-api-integrator hsts-max-age=SECONDS`", "3600"},
		{"routing-mode", "port", "must be path or subdomain; `juju config gateway-api-integrator routing-mode=path`", ""},
	} {
		f.configure(map[string]any{test.option: test.wrong})
		message := f.awaitShown("blocked", "invalid configuration: "+test.option+" "+test.message)
		f.cure(message, map[string]string{"NAME": test.choice, "CLASS": test.choice, "SECONDS": test.choice})
		f.awaitShown("active", active)
	}

	f.configure(map[string]any{"routing-mode": "subdomain", "external-hostname": ""})
	f.cure(f.awaitShown("blocked", "external-hostname must be set for routing-mode subdomain; `juju config gateway-api-integrator external-hostname=NAME`"),
		map[string]string{"NAME": "options.example.com"})
	f.awaitShown("active", active)
	f.configure(map[string]any{"gateway-class": "missing"})
	f.cure(f.awaitShown("blocked", fmt.Sprintf("Gateway class must be one of: [%s]; `juju config gateway-api-integrator gateway-class=%[1]s`", class())), nil)
	f.awaitShown("active", active)
}

// TestStatusOfALostSecret deletes the Secret of a listener. Traefik 3.6 refuses the whole Gateway
// for that, other controllers the listener. The next hook makes it again; the hook after that sees
// the result.
func TestStatusOfALostSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "secretless", map[string]any{"external-hostname": "secretless.example.com"}).withAuthority()
	f.app("web", 8080, nil)
	f.awaitShown("active", active)
	f.must(shared.Dynamic().Resource(ourSecrets).Namespace("secretless").Delete(f.ctx, charm+"-secret-secretless.example.com", metav1.DeleteOptions{}))
	f.awaitCondition(ourGateways, charm, "False InvalidCertificateRef")
	if traits().RefusesGateway {
		f.awaitCondition(ourGateways, charm, "False ListenersNotValid")
	}
	f.updateStatus()
	unit := f.Juju.Status().Unit(charm + "/0")
	what, cure := "HTTPS listener of secretless.example.com cannot use its Secret: ", "; see `kubectl -n secretless describe gateway`"
	if unit.Status != "blocked" || !strings.HasPrefix(unit.Message, what) || !strings.HasSuffix(unit.Message, cure) {
		t.Errorf("status is %s %q, not %q%q", unit.Status, unit.Message, what, cure)
	}
	f.awaitShown("active", active)
}

// TestStatusOfALostBackend deletes the Service that a route refers to. The hook that sees it
// puts it right, also where the controller overlooks that a Service comes; it, or the next
// one, sees that.
func TestStatusOfALostBackend(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "backendless", map[string]any{"external-hostname": "backendless.example.com"}).withAuthority()
	url := f.app("web", 8080, nil).URL(charm)
	f.awaitShown("active", active)
	route := charm + "-backendless-web"
	f.must(shared.Dynamic().Resource(ourServices).Namespace("backendless").Delete(f.ctx, charm+"-web-service", metav1.DeleteOptions{}))
	if traits().OverlooksServices {
		f.touch(ourRoutes, route) // It overlooks that one goes, too.
	}
	f.awaitCondition(ourRoutes, route, "False BackendNotFound")
	f.updateStatus()
	unit := f.Juju.Status().Unit(charm + "/0")
	want := "Route of web has no backend: BackendNotFound: "
	if told := unit.Status == "waiting" && strings.HasPrefix(unit.Message, want); !told && unit.Status != "active" {
		t.Errorf("status is %s %q, neither waiting %q… nor active", unit.Status, unit.Message, want)
	}
	f.awaitShown("active", active)
	f.awaitAnswer(url, 200)
}

// touch changes an object of the charm's as somebody else may, so that its controller looks at it.
func (f *fixture) touch(resource schema.GroupVersionResource, name string) {
	f.t.Helper()
	patch := []byte(`{"metadata": {"annotations": {"example.com/touched": "yes"}}}`)
	_, err := shared.Dynamic().Resource(resource).Namespace(f.Model).Patch(f.ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "somebody"})
	f.must(err)
}

// awaitCondition waits until the controller has written a condition, "status reason",
// into an object's status.
func (f *fixture) awaitCondition(resource schema.GroupVersionResource, name, want string) {
	f.t.Helper()
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		live, err := shared.Dynamic().Resource(resource).Namespace(f.Model).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
		for _, part := range []string{"parents", "listeners"} {
			all, _, _ := unstructured.NestedSlice(live.Object, "status", part)
			for _, one := range all {
				of, _ := one.(map[string]any)["conditions"].([]any)
				conditions = append(conditions, of...)
			}
		}
		for _, one := range conditions {
			c, _ := one.(map[string]any)
			if fmt.Sprint(c["status"], " ", c["reason"]) == want {
				return nil
			}
		}
		return fmt.Errorf("%s has conditions %v, not %q", name, conditions, want)
	}))
}

// TestStatusOfApplications counts those that are served.
func TestStatusOfApplications(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "counted", map[string]any{"external-hostname": "counted.example.com"}).withAuthority()
	web := f.app("web", 8080, map[string]string{"port": ""})
	f.awaitShown("blocked", "Validation of ingress relation data failed. web: port missing; correct it there")
	f.must(f.Juju.SetApplicationData(web.Relation, "web", map[string]string{"model": "", "name": "", "port": ""}))
	f.must(f.Settle(f.ctx))
	f.awaitShown("waiting", "Waiting for ingress relation data from web")
	for i := range 4 {
		f.app(fmt.Sprintf("app%d", i), 8080, nil)
	}
	f.awaitShown("active", active+"; 4 of 5 applications served; no data yet from web")
	f.must(f.Juju.SetApplicationData(web.Relation, "web", map[string]string{"model": `"counted"`, "name": `"web"`}))
	f.must(f.Settle(f.ctx))
	f.awaitShown("active", active+"; 4 of 5 applications served; web: port missing")
	f.must(f.Juju.SetApplicationData(web.Relation, "web", map[string]string{"port": "8080"})) // There it is corrected.
	f.must(f.Settle(f.ctx))
	f.awaitShown("active", active)
}

// TestStatusOfRecords has a DNS server refuse in each of its ways.
func TestStatusOfRecords(t *testing.T) {
	t.Parallel()
	const host = "refused.example.com"
	f := newFixture(t, "records", map[string]any{"external-hostname": host}).withAuthority()
	f.app("web", 8080, nil)
	dns, err := f.AddDNS("bind")
	f.must(err)
	f.must(f.Relate(f.ctx, charm, "bind"))
	f.must(f.Settle(f.ctx))
	f.awaitShown("active", active)
	const record = "DNS record by bind: " + host + " (10.43.45.1): "
	for _, test := range []struct{ status, kind, message string }{
		{"permission_denied", "blocked", "permission denied; settle it at bind"},
		{"invalid_data", "blocked", "invalid data; settle it at bind"},
		{"conflict", "blocked", "conflict; settle it at bind"},
		{"failure", "waiting", "failure; all applications served"},
	} {
		dns.Status = test.status
		f.must(f.Settle(f.ctx))
		f.awaitShown(test.kind, record+test.message)
		dns.Status = "approved"
		f.must(f.Settle(f.ctx))
		f.awaitShown("active", active)
	}
}

// TestStatusOfStandby shows that the application has the worst status of its units, whichever
// leads, and of active units the first.
func TestStatusOfStandby(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "standby", map[string]any{"external-hostname": "standby.example.com"}).withAuthority()
	f.awaitShown("active", active)
	second, err := f.Juju.AddUnit(f.ctx, charm)
	f.must(err)
	f.must(f.Settle(f.ctx))
	check := func(leader, other, message, application string) {
		t.Helper()
		message, application = f.here(message), f.here(application)
		status := f.Juju.Status()
		if got := status.Unit(other).Message; got != "Standby" {
			t.Errorf("%s shows %q", other, got)
		}
		if got := status.Unit(leader).Message; got != message {
			t.Errorf("%s, which leads, shows %q, not %q", leader, got, message)
		}
		if got := status.Application(charm).Message; got != application {
			t.Errorf("the application shows %q, not %q", got, application)
		}
	}
	check(charm+"/0", second, active, active)
	f.must(f.Juju.SetLeader(charm, second))
	f.configure(map[string]any{"routing-mode": "port"})
	f.updateStatus()
	const invalid = "invalid configuration: routing-mode must be path or subdomain; `juju config gateway-api-integrator routing-mode=path`"
	check(second, charm+"/0", invalid, invalid)
	f.cure(f.Juju.Status().Application(charm).Message, nil)
	f.updateStatus()
	check(second, charm+"/0", active, "Standby")
}

// TestObeyTakesNoOrders keeps the tests honest: what is no command is not run.
func TestObeyTakesNoOrders(t *testing.T) {
	t.Parallel()
	f := newModel(t, "orders")
	for _, message := range []string{"Standby", "see `kubectl describe gatewayclass`", "x; `juju config gateway-api-integrator external-hostname=NA…"} {
		if err := f.Obey(f.ctx, message, nil); !errors.Is(err, lab.ErrNoCommand) {
			t.Errorf("%q: %v", message, err)
		}
	}
	if err := f.Obey(f.ctx, "x; `juju config gateway-api-integrator external-hostname=NAME`", nil); err == nil || !strings.Contains(err.Error(), "NAME") {
		t.Errorf("nobody has chosen: %v", err)
	}
}
