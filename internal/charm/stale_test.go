package charm_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

var domain = regexp.MustCompile(`"domain": "([^"]*)"`)

// told is what stands in our side of the relations: the URL, the answer on
// gateway-route, the domains of the records.
func (w *world) told() string {
	url := "-"
	if text := w.bags["gateway:1"][own]["ingress"]; text != "" {
		url = strings.TrimSuffix(strings.TrimPrefix(text, `{"url": "`), `"}`)
	}
	answer := "-"
	if bag := w.bags["gateway-route:3"][own]; bag["gateway_address"] != "" {
		answer = strings.Trim(bag["gateway_address"]+bag["https_mode"], `"`)
	}
	var domains []string
	for _, match := range domain.FindAllStringSubmatch(w.bags["dns-record:4"][own]["dns_entries"], -1) {
		domains = append(domains, match[1])
	}
	slices.Sort(domains)
	return fmt.Sprintf("%s, %s, %v", url, answer, domains)
}

// TestStaleDataAreWithdrawn makes published data untrue in every way, and true again.
func TestStaleDataAreWithdrawn(t *testing.T) {
	t.Parallel()
	const all = `http://web.example.com/prod-shop, 10.0.0.9""disabled, [a.example.com web.example.com]`
	set := func(option string, value any) func(*world) { return func(w *world) { w.config[option] = value } }
	tests := map[string]struct {
		spoil, cure func(*world)
		want        string
	}{
		"ingress data turn bad": {
			spoil: func(w *world) { w.bags["gateway:1"]["shop"]["port"] = "0" },
			cure:  func(w *world) { w.bags["gateway:1"]["shop"]["port"] = "8080" },
			want:  `-, 10.0.0.9""disabled, [a.example.com web.example.com]`,
		},
		"ingress data are taken back": {
			spoil: func(w *world) { w.bags["gateway:1"]["shop"] = map[string]string{} },
			cure: func(w *world) {
				w.bags["gateway:1"]["shop"] = map[string]string{"model": `"prod"`, "name": `"shop"`, "port": "8080"}
			},
			want: `-, 10.0.0.9""disabled, [a.example.com web.example.com]`,
		},
		"every unit's data turn bad": {
			spoil: func(w *world) { w.bags["gateway:1"]["shop/0"]["host"] = "raw" },
			cure:  func(w *world) { w.bags["gateway:1"]["shop/0"]["host"] = `"shop-0"` },
			want:  `-, 10.0.0.9""disabled, [a.example.com web.example.com]`,
		},
		"an older relation asks for the path, whose holder keeps it": {
			spoil: func(w *world) {
				w.relations["gateway"] = []string{"gateway:0", "gateway:1"}
				w.remotes["gateway:0"], w.units["gateway:0"] = "shop", []string{"shop/0"}
				w.bags["gateway:0"] = map[string]map[string]string{own: {}, "shop": w.bags["gateway:1"]["shop"], "shop/0": {"host": `"shop-0"`}}
			},
			cure: func(w *world) { w.relations["gateway"] = []string{"gateway:1"} },
			want: all,
		},
		"gateway-route data turn bad": {
			spoil: func(w *world) { w.bags["gateway-route:3"]["routes"]["hostname"] = `"10.0.0.1"` },
			cure:  func(w *world) { w.bags["gateway-route:3"]["routes"]["hostname"] = `"a.example.com"` },
			want:  `http://web.example.com/prod-shop, -, [web.example.com]`,
		},
		"the listener of a gateway-route host is another's": {
			spoil: func(w *world) { w.bags["gateway-route:3"]["routes"]["hostname"] = `"web-example.com"` },
			cure:  func(w *world) { w.bags["gateway-route:3"]["routes"]["hostname"] = `"a.example.com"` },
			want:  `http://web.example.com/prod-shop, -, [web.example.com]`,
		},
		"HTTPS is enforced without certificates": {
			spoil: set("enforce-https", true), cure: set("enforce-https", false),
			want: `-, -, [web.example.com]`,
		},
		"another host": {
			spoil: set("external-hostname", "b.example.com"), cure: set("external-hostname", "web.example.com"),
			want: `http://b.example.com/prod-shop, 10.0.0.9""disabled, [a.example.com b.example.com]`,
		},
		"no host": {
			spoil: set("external-hostname", ""), cure: set("external-hostname", "web.example.com"),
			want: `http://10.0.0.9/prod-shop, 10.0.0.9""disabled, [a.example.com]`,
		},
		"no host and no address": {
			spoil: func(w *world) { w.config["external-hostname"], w.withoutAddress = "", true },
			cure:  func(w *world) { w.config["external-hostname"], w.withoutAddress = "web.example.com", false },
			want:  `-, 10.0.0.9""disabled, [a.example.com web.example.com]`,
		},
		// Gateways lose their addresses for a moment when controllers restart: good names and
		// records stay until there are others.
		"no address": {
			spoil: func(w *world) { w.withoutAddress = true }, cure: func(w *world) { w.withoutAddress = false },
			want: all,
		},
		"an option is wrong": {
			spoil: set("external-hostname", "10.0.0.1"), cure: set("external-hostname", "web.example.com"),
			want: all,
		},
		"no permission": {
			spoil: func(w *world) { w.refuse = true }, cure: func(w *world) { w.refuse = false },
			want: all,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			w.withRoutes()
			w.quiet()
			if diff := cmp.Diff(all, w.told()); diff != "" {
				t.Fatalf("told at first (-want +got):\n%s", diff)
			}
			test.spoil(w)
			w.control()
			if slices.Contains(moved, name) {
				w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
			}
			w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
			if diff := cmp.Diff(test.want, w.told()); diff != "" {
				t.Errorf("told after one hook (-want +got):\n%s", diff)
			}
			w.quiet()
			if diff := cmp.Diff(test.want, w.told()); diff != "" {
				t.Errorf("told in the end (-want +got):\n%s", diff)
			}
			test.cure(w)
			w.control()
			if slices.Contains(moved, name) {
				w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
			}
			w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
			if diff := cmp.Diff(all, w.told()); diff != "" {
				t.Errorf("told after the cure (-want +got):\n%s", diff)
			}
		})
	}
}

// moved names the cases in which an application moves to another host. What it had at the
// old one goes with the hook after that.
var moved = []string{"no host", "another host", "another mode"}

// requested are the hosts for which certificates are requested, sorted.
func (w *world) requested() []string {
	w.t.Helper()
	var entries []struct {
		PEM string `json:"certificate_signing_request"`
	}
	if text := w.bags["certificates:2"][own]["certificate_signing_requests"]; text != "" {
		if err := json.Unmarshal([]byte(text), &entries); err != nil {
			w.t.Fatal(err)
		}
	}
	hosts := []string{}
	for _, entry := range entries {
		block, _ := pem.Decode([]byte(entry.PEM))
		if block == nil {
			w.t.Fatalf("no request: %q", entry.PEM)
		}
		request, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			w.t.Fatal(err)
		}
		hosts = append(hosts, request.DNSNames...)
	}
	slices.Sort(hosts)
	return hosts
}

// TestStaleRequestsAreWithdrawn removes the need for hosts in every way.
func TestStaleRequestsAreWithdrawn(t *testing.T) {
	t.Parallel()
	const shop, routed = "prod-shop.web.example.com", "a.example.com"
	tests := map[string]struct {
		spoil func(*world)
		want  []string
	}{
		"ingress data turn bad":           {func(w *world) { w.bags["gateway:1"]["shop"]["port"] = "0" }, []string{routed}},
		"ingress data are taken back":     {func(w *world) { w.bags["gateway:1"]["shop"] = nil }, []string{routed}},
		"the ingress relation goes":       {func(w *world) { w.relations["gateway"] = nil }, []string{routed}},
		"gateway-route data turn bad":     {func(w *world) { w.bags["gateway-route:3"]["routes"]["hostname"] = "raw" }, []string{shop}},
		"gateway-route names another":     {func(w *world) { w.bags["gateway-route:3"]["routes"]["hostname"] = `"c.example.com"` }, []string{"c.example.com", shop}},
		"the gateway-route relation goes": {func(w *world) { w.relations["gateway-route"] = nil }, []string{shop}},
		"another host":                    {func(w *world) { w.config["external-hostname"] = "b.example.com" }, []string{routed, "prod-shop.b.example.com"}},
		"another mode":                    {func(w *world) { w.config["routing-mode"] = "path" }, []string{routed, "web.example.com"}},
		"an option is wrong":              {func(w *world) { w.config["external-hostname"] = "10.0.0.1" }, []string{routed, shop}},
		"no address":                      {func(w *world) { w.withoutAddress = true }, []string{routed, shop}},
		"HTTPS is enforced":               {func(w *world) { w.config["enforce-https"] = true }, []string{routed, shop}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config["routing-mode"] = "subdomain"
			w.withAuthority()
			w.withRoutes()
			w.quiet()
			if diff := cmp.Diff([]string{routed, shop}, w.requested()); diff != "" {
				t.Fatalf("requested at first (-want +got):\n%s", diff)
			}
			before := w.bags["certificates:2"][own]["certificate_signing_requests"]
			test.spoil(w)
			w.control()
			if slices.Contains(moved, name) {
				w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
			}
			w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
			if diff := cmp.Diff(test.want, w.requested()); diff != "" {
				t.Errorf("requested after one hook (-want +got):\n%s", diff)
			}
			written := w.bags["certificates:2"][own]["certificate_signing_requests"]
			if same := slices.Equal(test.want, []string{routed, shop}); same != (written == before) {
				t.Errorf("the requests were rewritten: %t", !same)
			}
			w.quiet()
			if diff := cmp.Diff(test.want, w.requested()); diff != "" {
				t.Errorf("requested in the end (-want +got):\n%s", diff)
			}
		})
	}
}
