package plan_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A remote is what others may fill freely: the databags of every relation, the options and what the
// Gateway's controller reports.
type remote struct {
	hostname, class, mode string
	enforce               bool
	web, webUnit          string // bags, as recorded.Flatten writes them
	api, apiUnit          string
	route, dns, provider  string
	address, reason       string
}

// fixtureOf reads real keys, requests and certificates.
func fixtureOf(f *testing.F) (fixture struct {
	PrivateKey string        `json:"private_key"`
	Own        state.Databag `json:"requirer_databag"`
	SelfSigned state.Databag `json:"provider_self_signed"`
	Reversed   state.Databag `json:"provider_self_signed_reversed"`
	Revoked    state.Databag `json:"provider_revoked"`
	Error      state.Databag `json:"provider_error"`
},
) {
	f.Helper()
	recorded.Into(f, "../relation/tlscertificates/testdata/tls_fixture.json", &fixture)
	return fixture
}

// FuzzMake makes a plan from remote data, like a hook: nothing that others write may crash it, or
// get past validation into an object, a status or a log.
func FuzzMake(f *testing.F) {
	fixture := fixtureOf(f)
	add := func(r remote) {
		f.Add(r.hostname, r.class, r.mode, r.enforce, r.web, r.webUnit, r.api, r.apiUnit, r.route, r.dns, r.provider, r.address, r.reason)
	}
	const (
		web  = "model=\"prod\"\nname=\"web\"\nport=8080"
		unit = "host=\"web-0\"\nip=\"10.1.2.3\""
		api  = "model=\"other\"\nname=\"api\"\nport=50051\nscheme=\"h2c\"\nstrip-prefix=true"
	)
	good := remote{
		hostname: "gw.example.com", mode: "path", enforce: true, web: web, webUnit: unit, api: api, apiUnit: unit,
		route: `hostname="r.example.com"`, provider: recorded.Flatten(fixture.SelfSigned), address: "10.43.45.1", reason: "Programmed",
	}
	add(good)
	for _, bag := range []state.Databag{fixture.Reversed, fixture.Revoked, fixture.Error} {
		with := good
		with.provider = recorded.Flatten(bag)
		add(with)
	}
	// The certificates make an input long; inputs about something else do without.
	good.provider = ""
	for _, ip := range hostileAddresses {
		with := good
		with.apiUnit = fmt.Sprintf("host=\"api-0\"\nip=%q\ningress-address=%s", ip, ip)
		add(with)
	}
	for _, name := range []string{"requirer", "provider"} {
		for _, bag := range recorded.Bags(f, recorded.Text(f, "../relation/ingress/testdata/ingress_"+name+".txt")) {
			with := good
			with.web, with.api, with.mode = recorded.Flatten(bag), recorded.Flatten(bag), "subdomain"
			add(with)
		}
	}
	for _, bag := range recorded.Bags(f, recorded.Text(f, "../relation/gatewayroute/testdata/gateway_route.txt")) {
		with := good
		with.route, with.address = recorded.Flatten(bag), "fd00::1"
		add(with)
	}
	old := good
	old.route, old.webUnit, old.apiUnit = "hostname=\"r.example.com\"\nmodel=\"prod\"\nname=\"web\"\nport=8080\npaths=[\"/\"]", "host=\"web\"\ningress-address=10.1.2.3", "ingress-address=fe80::1"
	add(old)
	old.web = "service-hostname=web\nservice-name=web\nservice-port=8080"
	add(old)
	for _, bag := range recorded.Bags(f, recorded.Text(f, "../relation/dnsrecord/testdata/dns_record.txt")) {
		with := good
		with.dns = recorded.Flatten(bag)
		add(with)
	}
	f.Fuzz(func(t *testing.T, hostname, class, mode string, enforce bool, web, webUnit, api, apiUnit, route, dns, provider, address, reason string) {
		s := state.State{Application: "gateway", Model: "prod", Now: time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)}
		s.Config, s.Problems = state.ParseConfig(map[string]any{
			state.OptionExternalHostname: hostname, state.OptionGatewayClass: class, state.OptionRoutingMode: mode, state.OptionEnforceHTTPS: enforce,
		})
		s.Requirers = []state.Requirer{
			state.NewRequirer(1, "web", recorded.Unflatten(web), []state.UnitBag{{Bag: recorded.Unflatten(webUnit)}}),
			state.NewRequirer(2, "api", recorded.Unflatten(api), []state.UnitBag{{Bag: recorded.Unflatten(apiUnit)}, {Number: 1, Bag: recorded.Unflatten(webUnit)}}),
		}
		s.RouteRequirers = []state.RouteRequirer{state.NewRouteRequirer(3, "router", recorded.Unflatten(route))}
		s.DNSProviders = []state.DNSProvider{{RelationID: 4, Application: "bind", Reply: recorded.Unflatten(dns)}}
		var remarks []string
		if provider != "" {
			s.Certificates, remarks = state.NewCertificates("certificates:5", state.PrivateKey(fixture.PrivateKey), fixture.Own, recorded.Unflatten(provider), s.Now)
		}
		s.Cluster = clusterOf(address, reason)
		p := plan.Make(s)
		for _, remark := range append(remarks, p.Remarks...) {
			checkText(t, "remark", remark, 2000)
			if found := notOurs(remark); found != "" {
				t.Errorf("somebody else's command %q in the log: %q", found, remark)
			}
		}
		if len(p.Remarks) > 200 {
			t.Errorf("%d remarks", len(p.Remarks))
		}
		checkText(t, "status", p.Status.Message, 4*120)
		if found := notOurs(p.Status.Message); found != "" {
			t.Errorf("somebody else's command %q in the status: %q", found, p.Status.Message)
		}
		if n := len([]rune(p.Status.Message)); n == 0 || n > 120 {
			t.Errorf("status of %d characters", n)
		}
		checkObjects(t, p.Objects)
		if problem := checkAddresses(p); problem != "" {
			t.Error(problem)
		}
	})
}

// clusterOf returns a cluster with a class, and a Gateway with any report of its controller.
func clusterOf(address, reason string) state.Cluster {
	class := gatewayv1.GatewayClass{}
	class.Name = "traefik"
	class.Status.Conditions = []metav1.Condition{{Type: "Accepted", Status: "True"}}
	gateway := &gatewayv1.Gateway{}
	gateway.Name = "gateway"
	gateway.Status.Conditions = []metav1.Condition{
		{Type: "Accepted", Status: "True", Reason: reason, Message: reason},
		{Type: "Programmed", Status: "True", Reason: reason, Message: reason},
	}
	// Which of them is bad news depends on the text, so all are tried.
	if bad := len(reason) % 3; bad < 2 {
		gateway.Status.Conditions[bad].Status = "False"
	}
	gateway.Status.Addresses = addressesOf(address)
	return state.Cluster{Classes: []gatewayv1.GatewayClass{class}, Gateway: gateway, Owner: &state.Owner{Name: "gateway", UID: "uid"}}
}

var (
	objectName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	labelName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	routePath  = regexp.MustCompile(`^/[a-z0-9-]*$`)
)

// checkText checks that text is one line, fit for a terminal.
func checkText(t *testing.T, what, text string, most int) {
	t.Helper()
	if len(text) > most || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("%s not fit to show: %q", what, text)
	}
}

func checkObjects(t *testing.T, objects []plan.Object) {
	t.Helper()
	for _, object := range objects {
		kind, name := object.GetObjectKind().GroupVersionKind().Kind, object.GetName()
		if !objectName.MatchString(name) || kind == "Service" && !labelName.MatchString(name) {
			t.Errorf("%s of the name %q", kind, name)
		}
		for key, value := range object.GetLabels() {
			if !labelName.MatchString(value) {
				t.Errorf("%s %s has the label %s: %q", kind, name, key, value)
			}
		}
		if _, err := json.Marshal(object); err != nil {
			t.Errorf("%s %s: %v", kind, name, err)
		}
		switch object := object.(type) {
		case *gatewayv1.Gateway:
			for _, listener := range object.Spec.Listeners {
				if !objectName.MatchString(string(listener.Name)) || listener.Hostname != nil && !objectName.MatchString(string(*listener.Hostname)) {
					t.Errorf("listener %q for %v", listener.Name, listener.Hostname)
				}
			}
		case *gatewayv1.HTTPRoute:
			checkRoute(t, object)
		}
		if data, ok := secretData(object); ok {
			if _, err := tls.X509KeyPair(data["tls.crt"], data["tls.key"]); err != nil {
				t.Errorf("Secret %s: %v", name, err)
			}
			if bytes.Contains(data["tls.crt"], []byte("PRIVATE")) {
				t.Errorf("Secret %s has a key among its certificates", name)
			}
		}
	}
}

func checkRoute(t *testing.T, route *gatewayv1.HTTPRoute) {
	t.Helper()
	for _, rule := range route.Spec.Rules {
		for _, match := range rule.Matches {
			if !routePath.MatchString(*match.Path.Value) {
				t.Errorf("route %s at %q", route.Name, *match.Path.Value)
			}
		}
		for _, filter := range rule.Filters {
			text, err := json.Marshal(filter)
			if err != nil || bytes.Contains(text, []byte(`\n`)) || bytes.Contains(text, []byte(`\r`)) {
				t.Errorf("route %s has the filter %s, %v", route.Name, text, err)
			}
		}
		for _, backend := range rule.BackendRefs {
			if !labelName.MatchString(string(backend.Name)) || backend.Port == nil || *backend.Port < 1 {
				t.Errorf("route %s leads to %+v", route.Name, backend)
			}
		}
	}
}
