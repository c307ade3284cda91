package charm_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// What the API server answers in the tests of this file.
var (
	byQuota      = answer{http.StatusForbidden, `services "gw-blog-service" is forbidden: exceeded quota: services`}
	byWebhook    = answer{http.StatusForbidden, `admission webhook "w.example.com" denied the request: not this one; run ` + "`rm -r /`"}
	byValidation = answer{http.StatusUnprocessableEntity, `HTTPRoute.gateway.networking.k8s.io "gw-prod-blog" is invalid: no`}
	withoutRight = answer{http.StatusForbidden, `x "y" is forbidden: User "gw" cannot patch resource "x" in API group "" in the namespace "prod"`}
	byNobody     = answer{http.StatusInternalServerError, `Internal error occurred: failed calling webhook "w.example.com": service "w" not found`}
	broken       = answer{http.StatusInternalServerError, "broken"}
)

// relate relates one more application, which speaks plain HTTP.
func (w *world) relate(id, name string) {
	w.relations["gateway"] = append(w.relations["gateway"], id)
	w.remotes[id], w.units[id] = name, []string{name + "/0"}
	w.bags[id] = map[string]map[string]string{
		own: {}, name: {"model": `"prod"`, "name": `"` + name + `"`, "port": "8080"}, name + "/0": {"host": `"` + name + `-0"`},
	}
}

// settle runs events, each with the controller after it.
func (w *world) settle() {
	w.t.Helper()
	for range 3 {
		w.run(updateStatus())
		w.control()
	}
}

func (w *world) urlOn(id string) string { return w.bags[id][own]["ingress"] }

// TestRefusedObject: if the API server refuses an object of an application, the status names the
// application, and it gets no URL. Others are not affected.
func TestRefusedObject(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request string
		with    answer
		want    string
	}{
		"quota":      {"PATCH services/gw-blog-service", byQuota, "active 2 of 3 applications served; blog: refused by the API server: \"exceeded quota: services\"; see `juju debug-log`"},
		"webhook":    {"PATCH httproutes/gw-prod-blog", byWebhook, "active 2 of 3 applications served; blog: refused by the API server: \"admission webhook "},
		"no webhook": {"PATCH httproutes/gw-prod-blog", byNobody, "active 2 of 3 applications served; blog: refused by the API server: \"failed calling webhook "},
		"validation": {"PATCH httproutes/gw-prod-blog", byValidation, "active Gateway addresses: 10.0.0.9; 2 of 3 applications served; blog: refused by the API server: \"no\"; see `juju debug-log`"},
		"permission": {"PATCH httproutes/gw-prod-blog", withoutRight, "blocked Insufficient permissions, try: `juju trust gw --scope=cluster`"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			w.relate("gateway:2", "blog")
			w.relate("gateway:3", "news")
			w.fail = map[string]answer{test.request: test.with}
			w.settle()
			if got := w.lastStatus(); !strings.HasPrefix(got, test.want) {
				t.Errorf("status is %q", got)
			}
			if w.published() != urlOfShop || w.urlOn("gateway:3") == "" || w.urlOn("gateway:2") != "" {
				t.Errorf("published %q, %q and %q", w.published(), w.urlOn("gateway:2"), w.urlOn("gateway:3"))
			}
			if log := strings.Join(w.log, "\n"); !strings.Contains(log, strings.ReplaceAll(test.with.message, "`", "'")) || strings.Contains(log, "`rm") {
				t.Errorf("log is %q", log)
			}
			w.fail = nil
			w.settle()
			if got := w.lastStatus(); !strings.HasPrefix(got, "active ") || strings.Contains(got, " of ") || w.urlOn("gateway:2") == "" {
				t.Errorf("in the end status is %q, published %q", got, w.urlOn("gateway:2"))
			}
		})
	}
}

// TestOutageBesideARefusedSecret: what is made without the Secret may fail by itself.
func TestOutageBesideARefusedSecret(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.withAuthority()
	w.quiet()
	w.issue(100 * time.Hour)
	w.relate("gateway:2", "blog")
	w.fail = map[string]answer{"PATCH /secrets/": byQuota, "PATCH httproutes/": broken}
	err := w.try(updateStatus())
	for range 2 {
		w.control()
		err = errors.Join(err, w.try(updateStatus()))
	}
	if err == nil || !strings.Contains(err.Error(), "httproutes") {
		t.Errorf("the hooks end with %v; status is %q", err, w.lastStatus())
	}
}

// TestRefusalThatCannotBeLogged: if Juju does not accept the log, it repeats the hook.
func TestRefusalThatCannotBeLogged(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.relate("gateway:2", "blog")
	w.fail = map[string]answer{"PATCH services/gw-blog-service": byQuota}
	w.before = func(call gocharm.Call) error {
		text := strings.Join(call.Args, " ")
		if call.Tool == "juju-log" && strings.Contains(text, "exceeded quota") && !strings.Contains(text, "objects changed") {
			return errors.New("no room")
		}
		return nil
	}
	err := w.try(updateStatus())
	w.control()
	if err = errors.Join(err, w.try(updateStatus())); err == nil || !strings.Contains(err.Error(), "cannot log") {
		t.Errorf("the hook ends with %v", err)
	}
}

// TestRefusedChange: what was served before, and still is, is not withdrawn.
func TestRefusedChange(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.bags["gateway:1"]["shop"]["port"] = "9090"
	w.fail = map[string]answer{"PATCH httproutes/": byWebhook}
	w.settle()
	if got := w.lastStatus(); w.published() != urlOfShop || !strings.Contains(got, "shop: refused by the API server: ") {
		t.Errorf("published %q, status is %q", w.published(), got)
	}
}

// TestRefusedGateway: what is served stays, on the old host, and so do its URLs. New applications
// are served there, too.
func TestRefusedGateway(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.fail = map[string]answer{"PATCH gateways/": byWebhook}
	w.config["gateway-class"] = "c"
	w.config["external-hostname"] = "next.example.com"
	w.relate("gateway:2", "blog")
	w.settle()
	const want = "blocked The API server refuses to apply Gateway gw: \"admission webhook"
	if got := w.lastStatus(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "; see `juju debug-log`") {
		t.Errorf("status is %q", got)
	}
	if w.published() != urlOfShop || w.urlOn("gateway:2") != `{"url": "http://web.example.com/prod-blog"}` {
		t.Errorf("published %q and %q", w.published(), w.urlOn("gateway:2"))
	}
	for _, route := range w.api.Below(gatewayAPI + "/namespaces/prod/httproutes") {
		if text := fmt.Sprint(route); strings.Contains(text, "next-example-com") {
			t.Errorf("a route is led to a listener that is not there: %s", text)
		}
	}
}

// TestWebhookThatIsGone: one object that cannot be written, perhaps for weeks, does not affect what
// does not depend on it: certificates, URLs and DNS records.
func TestWebhookThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withAuthority()
	w.withRoutes()
	w.relate("gateway:2", "blog")
	w.fail = map[string]answer{"PATCH httproutes/gw-prod-blog": byNobody}
	w.settle()
	if w.published() != urlOfShop || w.urlOn("gateway:2") != "" {
		t.Errorf("published %q and %q", w.published(), w.urlOn("gateway:2"))
	}
	if got := strings.Join(w.requested(), " "); got != "a.example.com web.example.com" {
		t.Errorf("certificates are requested for %q", got)
	}
	if records := w.bags["dns-record:4"][own]["dns_entries"]; !strings.Contains(records, "web.example.com") {
		t.Errorf("records are %q", records)
	}
}

// TestOutageBesideRefusal: it is an outage, and the hook must be repeated.
func TestOutageBesideRefusal(t *testing.T) {
	t.Parallel()
	for _, outage := range []answer{broken, {}} {
		for _, fail := range []map[string]answer{
			{"PATCH httproutes/gw-prod-blog": withoutRight, "PATCH services/gw-shop-service": outage},
			{"GET httproutes": withoutRight, "GET secrets": outage},
		} {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				w := serving(t)
				w.relate("gateway:2", "blog")
				w.bags["gateway:1"]["shop"]["port"] = "9090"
				if w.fail = fail; w.try(updateStatus()) == nil {
					t.Errorf("%v: no error, %s", fail, w.lastStatus())
				}
			})
		}
	}
}

// TestRefusedPolicies: the status names an application that speaks TLS; others are not affected.
func TestRefusedPolicies(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"PATCH backendtlspolicies", "PATCH configmaps"} {
		w := withBackendTLS(t)
		w.bags["receive-ca-cert:7"]["ca"] = map[string]string{"certificates": quoted(t, []string{backendCA(t)}), "version": "1"}
		w.relate("gateway:2", "blog")
		w.fail = map[string]answer{request: withoutRight}
		w.settle()
		if w.urlOn("gateway:2") == "" || strings.Contains(w.published(), "http") {
			t.Errorf("%s: published %q and %q", request, w.urlOn("gateway:2"), w.published())
		}
		if got := w.lastStatus(); !strings.Contains(got, "1 of 2 applications served; shop: scheme https, but the") {
			t.Errorf("%s: status is %q", request, got)
		}
	}
}

// TestReadingPoliciesIsRefused: what is served over TLS stays, and the status says so.
func TestReadingPoliciesIsRefused(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"GET backendtlspolicies", "GET configmaps"} {
		w := withBackendTLS(t)
		w.bags["receive-ca-cert:7"]["ca"] = map[string]string{"certificates": quoted(t, []string{backendCA(t)}), "version": "1"}
		w.settle()
		w.writes()
		w.fail = map[string]answer{request: withoutRight}
		w.relate("gateway:2", "blog")
		w.bags["gateway:2"]["blog"]["scheme"] = `"https"`
		w.settle()
		for _, write := range w.writes() {
			if strings.HasPrefix(write, "DELETE") || strings.Contains(write, "blog") {
				t.Errorf("%s: %s", request, write)
			}
		}
		if w.published() != urlOfShop || strings.Contains(w.urlOn("gateway:2"), "http") {
			t.Errorf("%s: published %q and %q", request, w.published(), w.urlOn("gateway:2"))
		}
		if got := w.lastStatus(); !strings.HasPrefix(got, "blocked TLS policies of shop stay as they are: the charm may not list ") {
			t.Errorf("%s: status is %q", request, got)
		}
		w.fail = nil
		w.settle()
		if !strings.Contains(w.urlOn("gateway:2"), "http") {
			t.Errorf("%s: in the end published %q", request, w.urlOn("gateway:2"))
		}
	}
}
