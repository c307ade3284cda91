package plan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

const (
	settingsKey = "gateway-api-integrator.charm.juju.is/settings"
	unjudgedKey = "gateway-api-integrator.charm.juju.is/unjudged"
	toldKey     = plan.AnnotationTold
)

// FuzzMakeOnCluster makes a plan from the objects in the cluster, which others may have edited and
// an older charm may have left behind: our own notes there count only if they are as we write them.
func FuzzMakeOnCluster(f *testing.F) {
	const (
		badHostname = 1 << iota
		badMode
		badAge
		subdomains
		silence
	)
	var fixture struct {
		Root, Intermediate string
	}
	recorded.Into(f, "../relation/tlscertificates/testdata/tls_fixture.json", &fixture)
	now := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	known := state.NewAuthorities(fixture.Root, "", now)
	if len(known.PEM) != 1 {
		f.Fatalf("the fixture's root is %q", known.PEM)
	}
	sum := sha256.Sum256([]byte(known.PEM[0]))
	told := fmt.Sprintf(`{"11":["%s"]}`, hex.EncodeToString(sum[:8]))

	const settings = `{"external-hostname":"web.example.com","hsts-max-age":31536000}`
	f.Add(settings, told, fixture.Root+"\n"+fixture.Intermediate, "web.example.com", "traefik", `{"since":"2026-12-31T12:00:00Z","observed":1}`, byte(silence))
	f.Add(settings, "", "", "", "", "x", byte(badHostname))
	f.Add(`{"external-hostname":"","hsts-max-age":5,"routing-mode":"subdomain"}`, `{"11":[""]}`, "-----BEGIN", "old.example.com", "gone", `{"since":"2999-01-01T00:00:00+23:59","observed":-1}`, byte(badMode))
	f.Add(`{"external-hostname":"A\n*.b","hsts-max-age":-1,"routing-mode":"x"}`, "[]", "", "*.example.com", "../x", `{"since":5}`, byte(badHostname|badAge))
	f.Add(`{"external-hostname":null} `, `null`, "", "web.example.com", "traefik", `{"since":"-0001-01-01T00:00:00Z","observed":9}`, byte(badHostname|subdomains))
	f.Add(``, `{"11":null,"12":["x"]}`, "", "", "traefik", "", byte(subdomains))
	age := regexp.MustCompile(`^max-age=(0|[1-9][0-9]{0,9})$`)
	f.Fuzz(func(t *testing.T, settings, told, bundle, listener, class, note string, options byte) {
		s := state.State{Application: "gateway", Model: "prod", Now: now, Cluster: clusterOf("10.43.45.1", "Programmed")}
		wrong := func(flag byte, option string, value any) any {
			if options&flag != 0 {
				return []any{option}
			}
			return value
		}
		mode := any("path")
		if options&subdomains != 0 {
			mode = "subdomain"
		}
		s.Config, s.Problems = state.ParseConfig(map[string]any{
			state.OptionExternalHostname: wrong(badHostname, state.OptionExternalHostname, nil),
			state.OptionRoutingMode:      wrong(badMode, state.OptionRoutingMode, mode),
			state.OptionHSTSMaxAge:       wrong(badAge, state.OptionHSTSMaxAge, 60),
			state.OptionEnforceHTTPS:     false,
		})
		s.Requirers = []state.Requirer{
			state.NewRequirer(1, "web", state.Databag{"model": `"prod"`, "name": `"web"`, "port": "80"}, nil),
			state.NewRequirer(2, "vault", state.Databag{"model": `"prod"`, "name": `"vault"`, "port": "8200", "scheme": `"https"`},
				[]state.UnitBag{{Bag: state.Databag{"host": `"vault.example"`}}}),
		}
		s.CAProviders = []state.CAProvider{{RelationID: 11, Application: "ca", Written: options&silence == 0, Certificates: known.PEM}}
		s.Cluster.Authorities = state.NewAuthorities(bundle, told, now)
		live := s.Cluster.Gateway
		live.Annotations = map[string]string{settingsKey: settings, unjudgedKey: note}
		live.Spec.GatewayClassName = gatewayv1.ObjectName(class)
		if listener != "" {
			host := gatewayv1.Hostname(listener)
			live.Spec.Listeners = []gatewayv1.Listener{{Name: "gateway-http", Hostname: &host, Port: 80, Protocol: gatewayv1.HTTPProtocolType}}
		}

		p := plan.Make(s)
		for _, remark := range p.Remarks {
			checkText(t, "remark", remark, 2000)
		}
		checkText(t, "status", p.Status.Message, 4*120)
		checkObjects(t, p.Objects)
		for _, url := range p.Relations.URLs {
			if normal, err := ingress.NormalizeURL(url.URL); url.URL != "" && (err != nil || normal != url.URL) {
				t.Errorf("published: %q, %v", url.URL, err)
			}
		}
		for _, object := range p.Objects {
			switch object.GetObjectKind().GroupVersionKind().Kind {
			case "HTTPRoute":
				for _, value := range headersOf(object.(*gatewayv1.HTTPRoute), "Strict-Transport-Security") {
					if !age.MatchString(value) {
						t.Errorf("route %s has the header %q", object.GetName(), value)
					}
				}
			case "ConfigMap":
				checkBundle(t, object, bundle+"\n"+strings.Join(known.PEM, ""))
			case "Gateway":
				// Our own notes are read as they were meant.
				written := object.GetAnnotations()[settingsKey]
				live.Annotations[settingsKey] = written
				noted := object.GetAnnotations()[unjudgedKey]
				if noted != "" && !regexp.MustCompile(`^{"since":"[0-9TZ:.-]+","observed":[0-9]+}$`).MatchString(noted) {
					t.Errorf("the note %q is written as %q", note, noted)
				}
				live.Annotations[unjudgedKey] = noted
				live.Spec.GatewayClassName = object.(*gatewayv1.Gateway).Spec.GatewayClassName
				live.Spec.Listeners = object.(*gatewayv1.Gateway).Spec.Listeners
				for _, again := range plan.Make(s).Objects {
					if kind := again.GetObjectKind().GroupVersionKind().Kind; kind == "Gateway" && again.GetAnnotations()[settingsKey] != written {
						t.Errorf("the settings %s are written again as %s", written, again.GetAnnotations()[settingsKey])
					} else if kind == "Gateway" && again.GetAnnotations()[unjudgedKey] != noted {
						t.Errorf("the note %s is written again as %s", noted, again.GetAnnotations()[unjudgedKey])
					}
				}
			}
		}
	})
}

func headersOf(route *gatewayv1.HTTPRoute, name string) []string {
	var values []string
	for _, rule := range route.Spec.Rules {
		for _, filter := range rule.Filters {
			if filter.ResponseHeaderModifier == nil {
				continue
			}
			for _, header := range filter.ResponseHeaderModifier.Set {
				if string(header.Name) == name {
					values = append(values, header.Value)
				}
			}
		}
	}
	return values
}

// checkBundle checks that the ConfigMap holds only certificates that were in the cluster, or that a
// provider tells now.
func checkBundle(t *testing.T, object plan.Object, from string) {
	t.Helper()
	var configMap struct{ Data map[string]string }
	text, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(text, &configMap)
	}
	if err != nil {
		t.Fatal(err)
	}
	stood := map[string]bool{}
	for rest := []byte(from); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		stood[string(block.Bytes)] = true
	}
	for rest := []byte(configMap.Data[plan.AuthoritiesKey]); len(rest) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" || !stood[string(block.Bytes)] {
			t.Fatalf("the bundle has %+v", block)
		}
	}
	if told := object.GetAnnotations()[toldKey]; !json.Valid([]byte(told)) {
		t.Errorf("told: %q", told)
	}
}
