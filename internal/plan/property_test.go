package plan_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestMakeOnRandomWalks changes worlds at random, plans after every step, and checks each plan. The
// plan is then applied, sometimes only half of it.
func TestMakeOnRandomWalks(t *testing.T) {
	t.Parallel()
	const length = 60
	for seed := range uint64(*walks) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			walk(t, newWorld(seed), length)
		})
	}
}

// TestMakeWithAsManyHostsAsThereIsRoomFor changes the host of more applications than a Gateway has
// listeners for, one of them without a certificate, and changes it back.
func TestMakeWithAsManyHostsAsThereIsRoomFor(t *testing.T) {
	t.Parallel()
	for _, enforce := range []bool{true, false} {
		w := newWorld(1)
		w.requirers = nil
		for len(w.requirers) < 34 {
			w.addRequirer()
		}
		w.config.EnforceHTTPS, w.config.RoutingMode = enforce, state.RoutingSubdomain
		s := w.state()
		w.hook(s, plan.Make(s), 0) // Requests exist now.
		secure := 0
		for _, issued := range []int{31, 0, 10, 20, 32} {
			if issued == 0 {
				w.config.ExternalHostname = "b.example.com"
			}
			for i := range w.orders {
				if o := w.orders[i]; i < len(w.orders)-32+issued && o.state == state.CertificatePending {
					o.state, o.from, o.till = state.CertificateIssued, w.now, w.now.Add(90*24*time.Hour)
				}
			}
			for range 2 {
				s := w.state()
				p := plan.Make(s)
				if problem := broken(w, s, p); problem != "" {
					t.Fatalf("enforce %t, %d issued: %s", enforce, issued, problem)
				}
				w.hook(s, p, 0)
			}
			now := len(w.secureApplications())
			if now < secure {
				t.Errorf("enforce %t, %d issued: %d served over HTTPS, after %d", enforce, issued, now, secure)
			}
			if secure = now; issued == 0 && secure != 31 {
				t.Errorf("enforce %t: %d served over HTTPS during the change", enforce, secure)
			}
		}
		if secure != 32 {
			t.Errorf("enforce %t: %d served over HTTPS in the end", enforce, secure)
		}
	}
}

// mostHooks is how many hooks it takes at most until nothing changes any more: a Gateway with 64
// listeners has room for a few moves at a time.
const mostHooks = 40

func walk(t *testing.T, w *world, length int) {
	var trail []string
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("%s\n%s\nafter: %s", fmt.Sprintf(format, args...), describe(w), strings.Join(trail, ", "))
	}
	rough := false // Something that takes traffic away has not been noticed yet.
	for range length {
		before, routesBefore, reached := w.secureApplications(), w.secureRoutes(), w.reached()
		step := pick(w, steps...)
		step.do(w)
		// Addresses without a certificate are served over plain HTTP if HTTPS is optional.
		rough = rough || !step.gentle || w.config.ExternalHostname == "" && w.noAddresses && !w.config.EnforceHTTPS
		// If a hook broke off, only the provider knows of what it put into Secrets.
		rough = rough || w.unrecorded && w.garbage
		old := w.keepsOld()
		kill := 0
		if w.random.IntN(6) == 0 {
			kill = pick(w, killedAtRoutes, killedAtPublish)
		}
		trail = append(trail, strings.TrimSuffix(fmt.Sprintf("%s/%d", step.name, kill), "/0"))
		s := w.state()
		p := w.make(&s)
		if problem := cmp.Or(broken(w, s, p), checkEditor(w, p)); problem != "" {
			fail("%s", problem)
		}
		w.hook(s, p, kill)
		w.unrecorded = kill != 0
		if w.crowd.greedy != "" {
			fail("%s", w.crowd.greedy)
		}
		if lost := w.cutOff(reached); !rough && lost != "" {
			fail("%s cannot be reached while the controller is at it", lost)
		}
		if kill != 0 {
			continue
		}
		if lost := w.lost(before); !rough && lost != "" {
			fail("%s is served over HTTPS no more", lost)
		}
		if lost := w.lostRoute(routesBefore); !rough && lost != "" {
			fail("%s has no HTTPS listener any more", lost)
		}
		if !w.alike && w.lostOld(old) {
			fail("the route of version 0 is gone")
		}
		if stale := w.stale(p); stale != "" {
			fail("%s is not served, and goes on being told otherwise", stale)
		}
		rough = rough && w.garbage || w.alike
		hooks := 0
		// The place that an application has left goes one hook later, and makes room for others
		// that are to move.
		for last := ""; ; last = outline(p) {
			s = w.state()
			p = w.make(&s)
			w.hook(s, p, 0)
			if hooks++; outline(p) == last || hooks == mostHooks {
				break
			}
		}
		s = w.state()
		again := w.make(&s)
		if first, second := outline(p), outline(again); first != second && !p.KeepObjects {
			fail("planned on its own outcome, the objects differ (-first +second):\n%s", gocmp.Diff(first, second))
		}
		if r := again.Relations.Requests; r != nil && (len(r.Create) > 0 || len(r.Keep) != len(w.orders)) {
			fail("planned on its own outcome, the requests differ: %+v", *r)
		}
	}
}

// outline describes what a plan serves, for comparison: Secrets, listeners and routes.
func outline(p plan.Plan) string {
	var text strings.Builder
	for _, object := range p.Objects {
		if data, ok := secretData(object); ok {
			fmt.Fprintf(&text, "Secret %s: %s, %s\n", object.GetName(), data["tls.crt"], data["tls.key"])
		}
		switch object := object.(type) {
		case *gatewayv1.Gateway:
			for _, listener := range object.Spec.Listeners {
				fmt.Fprintf(&text, "listener %s\n", listener.Name)
			}
		case *gatewayv1.HTTPRoute:
			fmt.Fprintf(&text, "route %s:", object.Name)
			for _, parent := range object.Spec.ParentRefs {
				fmt.Fprintf(&text, " %s%s", *parent.SectionName, *object.Spec.Rules[0].Matches[0].Path.Value)
			}
			fmt.Fprint(&text, " to")
			for _, backend := range object.Spec.Rules[0].BackendRefs {
				fmt.Fprintf(&text, " %s", backend.Name)
			}
			fmt.Fprintln(&text)
		}
	}
	return text.String()
}

func describe(w *world) string {
	var text strings.Builder
	fmt.Fprintf(&text, "config %+v, problems %v, related %t, garbage %t, key %d, %d applications\n",
		w.config, w.problems, w.related, w.garbage, w.key, len(w.requirers))
	for _, r := range w.routeRequirers {
		fmt.Fprintf(&text, "%s: %q, hostless %t, waiting %t, problem %q\n", r.Application, r.Hostnames, r.Hostless, r.Waiting, r.Problem)
	}
	for _, o := range w.orders {
		fmt.Fprintf(&text, "request %d for %v with key %d: %s until %s\n", o.number, o.hosts, o.key, o.state, o.till)
	}
	text.WriteString(w.describeForeign())
	for name, chain := range w.secrets {
		fmt.Fprintf(&text, "Secret %s: %s\n", name, chain)
	}
	return text.String()
}

// secureApplications returns the applications with a route at an HTTPS listener.
func (w world) secureApplications() []string {
	var all []string
	for _, route := range w.routes {
		for _, parent := range route.Spec.ParentRefs {
			if forwards(route) && strings.HasPrefix(string(*parent.SectionName), "gateway-https") {
				all = append(all, applicationOf(route))
			}
		}
	}
	return all
}

// lost returns the first application that was served over HTTPS and no longer is, although it is
// still related and there is room for it.
func (w *world) lost(before []string) string {
	now := w.secureApplications()
	for i, application := range before {
		if i < 32 && (len(w.requirers) <= 32 && len(w.routeRequirers) == 0 || w.roomy()) && !slices.Contains(now, application) {
			return application
		}
	}
	return ""
}

func routesOf(p plan.Plan) []gatewayv1.HTTPRoute {
	var all []gatewayv1.HTTPRoute
	for _, object := range p.Objects {
		if route, ok := object.(*gatewayv1.HTTPRoute); ok {
			all = append(all, *route.DeepCopy())
		}
	}
	return all
}

func forwards(route gatewayv1.HTTPRoute) bool { return len(route.Spec.Rules[0].BackendRefs) > 0 }

// broken returns what is wrong with a plan; empty for nothing.
func broken(w *world, s state.State, p plan.Plan) string {
	if n := len([]rune(p.Status.Message)); n == 0 || n > 120 || !namesACure(p.Status) {
		return fmt.Sprintf("a status of %d characters, or without a cure: %q", n, p.Status.Message)
	}
	if found := posing(p); found != "" {
		return "others pose as the charm: " + found
	}
	listeners, problem := checkGateway(w, p)
	if problem != "" {
		return problem
	}
	if problem := checkRoutes(s, p, listeners); problem != "" {
		return problem
	}
	if problem := checkAnswers(s, p, listeners); problem != "" {
		return problem
	}
	if problem := checkForeign(w, p); problem != "" {
		return problem
	}
	if problem := checkBackends(w, s, p); problem != "" {
		return problem
	}
	if problem := checkAddresses(p); problem != "" {
		return problem
	}
	return checkRequests(s, p)
}

// checkGateway checks the Secrets and the listeners, and returns the listeners by name.
func checkGateway(w *world, p plan.Plan) (map[gatewayv1.SectionName]gatewayv1.Listener, string) {
	secrets, listeners, names := map[string]map[string][]byte{}, map[gatewayv1.SectionName]gatewayv1.Listener{}, map[string]bool{}
	for _, object := range p.Objects {
		name := object.GetObjectKind().GroupVersionKind().Kind + " " + object.GetName()
		if names[name] || len(object.GetName()) > 253 {
			return nil, "two objects of one name, or too long: " + name
		}
		names[name] = true
		if data, ok := secretData(object); ok {
			secrets[object.GetName()] = data
		}
		gateway, ok := object.(*gatewayv1.Gateway)
		if !ok {
			continue
		}
		if n := len(gateway.Spec.Listeners); n == 0 || n > 64 {
			return nil, fmt.Sprintf("%d listeners", n)
		}
		for _, listener := range gateway.Spec.Listeners {
			if _, taken := listeners[listener.Name]; taken || len(listener.Name) > 253 {
				return nil, "two listeners of one name, or too long: " + string(listener.Name)
			}
			listeners[listener.Name] = listener
			if problem := checkSecret(w, listener, secrets); problem != "" {
				return nil, problem
			}
		}
	}
	return listeners, ""
}

// checkSecret checks the certificate that a listener presents.
func checkSecret(w *world, listener gatewayv1.Listener, secrets map[string]map[string][]byte) string {
	if listener.Protocol != gatewayv1.HTTPSProtocolType {
		return ""
	}
	secret := secrets[string(listener.TLS.CertificateRefs[0].Name)]
	if secret == nil {
		return "listener without its Secret: " + string(listener.Name)
	}
	chain := string(secret["tls.crt"])
	reader := world{secrets: map[string][]byte{"": []byte(chain)}}
	held := reader.holder("")
	switch {
	case string(keyOf(held.key)) != string(secret["tls.key"]):
		return "a Secret with a key that is not its certificate's: " + chain
	case !w.good(held):
		return "a certificate is served that may not be: " + chain
	case !w.related:
		return "a certificate is served without a certificates relation: " + chain
	case listener.Hostname != nil && !slices.Contains(held.hosts, string(*listener.Hostname)):
		return "the certificate is for another host: " + chain + " at " + string(*listener.Hostname)
	}
	return ""
}

// checkRoutes checks where the routes are attached, and that every URL is true.
func checkRoutes(s state.State, p plan.Plan, listeners map[gatewayv1.SectionName]gatewayv1.Listener) string {
	served := map[string]bool{}
	redirects := map[string]bool{}
	for _, r := range s.Requirers {
		redirects["gateway-prod-"+r.Name] = r.RedirectHTTPS && s.Certificates.Related
	}
	for _, object := range p.Objects {
		route, ok := object.(*gatewayv1.HTTPRoute)
		if !ok {
			continue
		}
		if n := len(route.Spec.ParentRefs); n == 0 || n > 32 {
			return fmt.Sprintf("route %s has %d parents", route.Name, n)
		}
		if problem := unguarded(s, *route); problem != "" {
			return problem + ": " + route.Name
		}
		path := *route.Spec.Rules[0].Matches[0].Path.Value
		for _, parent := range route.Spec.ParentRefs {
			listener, ok := listeners[*parent.SectionName]
			if !ok && route.Name == oldRoute {
				continue // It waits for a certificate.
			}
			if !ok {
				return fmt.Sprintf("route %s has no listener %s", route.Name, *parent.SectionName)
			}
			if served[string(listener.Name)+path] {
				return fmt.Sprintf("two routes at %s%s", listener.Name, path)
			}
			served[string(listener.Name)+path] = true
			if !forwards(*route) || listener.Protocol == gatewayv1.HTTPSProtocolType {
				continue
			}
			if s.Config.EnforceHTTPS || redirects[applicationOf(*route)] {
				return "served in clear: " + route.Name
			}
		}
	}
	secure := world{routes: routesOf(p)}.secureApplications()
	for _, url := range p.Relations.URLs {
		i := slices.IndexFunc(s.Requirers, func(r state.Requirer) bool { return r.RelationID == url.RelationID })
		application := "gateway-prod-" + s.Requirers[i].Name
		if url.URL == "" && slices.Contains(secure, application) && s.Cluster.Gateway != nil && len(s.Cluster.Gateway.Status.Addresses) > 0 {
			return fmt.Sprintf("served over HTTPS, and not told so: %s, at one of %v", application, s.Cluster.Gateway.Status.Addresses)
		}
		if url.URL != "" && !reachable(url.URL, listeners, served) {
			return "nothing is served at " + url.URL
		}
	}
	return ""
}

func reachable(url string, listeners map[gatewayv1.SectionName]gatewayv1.Listener, served map[string]bool) bool {
	scheme, rest, _ := strings.Cut(url, "://")
	host, path, _ := strings.Cut(rest, "/")
	for name, listener := range listeners {
		if (listener.Hostname == nil || string(*listener.Hostname) == host) &&
			strings.EqualFold(string(listener.Protocol), scheme) && served[string(name)+"/"+path] {
			return true
		}
	}
	return false
}

// checkRequests checks that what is served is still requested, and that requests do not accumulate.
func checkRequests(s state.State, p plan.Plan) string {
	r := p.Relations.Requests
	if r == nil {
		return ""
	}
	asked := map[string]int{}
	for _, names := range r.Create {
		asked[strings.Join(names, ",")]++
	}
	for _, entry := range s.Certificates.Entries {
		if slices.Contains(r.Keep, entry.Request) {
			asked[strings.Join(entry.Hosts, ",")]++
		}
	}
	for names, n := range asked {
		if n > 4 {
			return fmt.Sprintf("%d requests for %s", n, names)
		}
	}
	for _, object := range p.Objects {
		secret, ok := secretData(object)
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(string(secret["tls.crt"]), "|")
		request := "CSR-" + number
		stands := slices.ContainsFunc(s.Certificates.Entries, func(e state.Certificate) bool {
			return e.Request == request && e.State == state.CertificateIssued
		})
		if stands && !slices.Contains(r.Keep, request) {
			return "the request is dropped that answers what is served: " + request
		}
	}
	return ""
}
