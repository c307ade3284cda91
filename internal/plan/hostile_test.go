package plan_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestMakeAmongHostiles lets random neighbours ask for what others have: an application that is
// served, and asks for nothing else, stays served, without others at its place.
func TestMakeAmongHostiles(t *testing.T) {
	t.Parallel()
	const length = 60
	for seed := range uint64(*walks) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(seed)
			w.requirers, w.config.EnforceHTTPS, w.config.HostsPerRelation = nil, w.random.IntN(2) == 0, pick(w, 0, 32)
			for range 4 {
				w.addNeighbour()
			}
			var trail []string
			for range length {
				step := pick(w, hostileSteps...)
				trail = append(trail, step.name)
				before := w.neighbours()
				step.do(w)
				s := w.state()
				p := w.make(&s)
				listeners, problem := checkGateway(w, p)
				if problem == "" {
					problem = checkAnswers(s, p, listeners)
				}
				w.hook(s, p, 0)
				if problem == "" && (step.name != "mode" && step.name != "host" || w.roomForAll()) {
					problem = w.robbed(before)
				}
				if problem == "" {
					problem = cmp.Or(w.exposed(), w.promised(before))
				}
				if problem != "" {
					t.Fatalf("%s\n%s%s\nafter: %s", problem, describe(w), w.describeNeighbours(), strings.Join(trail, ", "))
				}
			}
		})
	}
}

var hostileSteps = []step{
	{"claim", true, (*world).claim},
	{"claim again", true, (*world).claim},
	{"imposter", true, (*world).pose},
	{"crowd", true, (*world).throng},
	{"dash", true, (*world).dash},
	{"label", true, (*world).label},
	{"Secret", true, (*world).nameSecret},
	{"version 0", true, (*world).keepOthers},
	{"provider", true, (*world).replaceProvider},
	{"a network is closed", true, (*world).excludeOne},
	{"other units", true, (*world).silenceOne},
	{"no address", true, (*world).loseAddress},
	{"listeners deleted", true, (*world).deleteListeners},
	{"hosts that are there", true, (*world).nameStanding},
	{"certificates unrelated", true, (*world).unrelate},
	{"unservable", true, (*world).unserve},
	{"one more host", true, (*world).nameOneMore},
	{"forged listeners", true, (*world).forgeListeners},
	{"forged route", true, (*world).forgeAnyRoute},
	{"leader", true, func(w *world) { w.crowd.allowance = state.Allowance{} }},
	{"add", true, (*world).addNeighbour},
	{"add route", true, (*world).addRoute},
	{"write route", true, func(w *world) {
		if n := len(w.routeRequirers); n > 0 {
			r := &w.routeRequirers[w.random.IntN(n)]
			*r = state.RouteRequirer{RelationID: r.RelationID, Application: r.Application, Hostnames: []string{pick(w, routeHosts[2:5]...)}}
		}
	}},
	{"remove", true, func(w *world) {
		if n := len(w.requirers); n > 6 {
			i := w.random.IntN(n)
			w.requirers = slices.Delete(w.requirers, i, i+1)
		}
	}},
	{"mode", true, func(w *world) { w.config.RoutingMode = pick(w, state.RoutingPath, state.RoutingSubdomain) }},
	{"host", true, func(w *world) { w.config.ExternalHostname = pick(w, "a.example.com", "b.example.com") }},
	{"issue", true, answer(state.CertificateIssued)},
	{"issue again", true, answer(state.CertificateIssued)},
	{"rest", true, func(*world) {}},
}

// roomForAll reports whether every application on ingress can have a host of its own beside the
// hosts with attached routes.
func (w *world) roomForAll() bool {
	hosts := map[string]bool{}
	for _, r := range w.routeRequirers {
		for _, host := range askedOf(r) {
			hosts[host] = true
		}
	}
	return len(w.requirers)+len(hosts) < 32
}

// addNeighbour adds an application of our model or another one. What its Service leads to
// identifies it.
func (w *world) addNeighbour() {
	if len(w.requirers) > 10 {
		return
	}
	w.relation++
	r := state.Requirer{RelationID: w.relation, Application: fmt.Sprintf("app%d", w.relation), Model: "prod", Port: 8080, Scheme: "http", HasUnits: true}
	if w.random.IntN(4) == 0 {
		r.Application += longName
	}
	r.Name = r.Application
	r.Addresses = []netip.Addr{netip.AddrFrom4([4]byte{10, 1, byte(w.relation >> 8), byte(w.relation)})}
	if w.random.IntN(3) > 0 {
		r.Application, r.Foreign, r.Model = fmt.Sprintf("remote-%d", w.relation), true, pick(w, "far", "prod", "prod-x")
	}
	w.requirers = append(w.requirers, r)
}

// claim lets an application of another model ask for what another application has: its place, by
// the same names or by others that join to it, or the name of one of its objects.
func (w *world) claim() {
	var others []*state.Requirer
	for i := range w.requirers {
		if w.requirers[i].Foreign {
			others = append(others, &w.requirers[i])
		}
	}
	if len(others) == 0 {
		return
	}
	evil, victim := pick(w, others...), pick(w, w.requirers...)
	joined := strings.TrimPrefix(victim.Path(), "/")
	switch w.random.IntN(5) {
	case 0: // the Service of an application of our model
		joined = victim.Name
	case 1: // what its route or Service is called if its name is taken
		var routes []string
		for _, route := range w.routes {
			routes = append(routes, strings.TrimPrefix(route.Name, "gateway-"))
		}
		joined += "-" + state.ShortHash(victim.Path())
		if len(routes) > 0 && w.random.IntN(2) == 0 {
			joined = pick(w, routes...)
		}
	case 2: // with another suffix
		joined += "-http"
	}
	if i := strings.IndexByte(joined, '-'); i > 0 {
		evil.Model, evil.Name = joined[:i], joined[i+1:]
	}
	if i := strings.LastIndexByte(joined, '-'); i > 0 && w.random.IntN(2) == 0 {
		evil.Model, evil.Name = joined[:i], joined[i+1:]
	}
}

// pose lets an application of our model claim to be another one, or to be of another model.
func (w *world) pose() {
	i := w.random.IntN(len(w.requirers))
	evil, victim := &w.requirers[i], pick(w, w.requirers...)
	if evil.Foreign {
		return
	}
	if evil.Name != evil.Application || evil.Model != "prod" {
		evil.Model, evil.Name = "prod", evil.Application
		return
	}
	evil.Model, evil.Name, _ = strings.Cut(strings.TrimPrefix(victim.Path(), "/"), "-")
}

// throng lets an application on gateway-route ask for more hosts than there are listeners.
func (w *world) throng() {
	if len(w.routeRequirers) == 0 {
		return
	}
	r := &w.routeRequirers[w.random.IntN(len(w.routeRequirers))]
	*r = state.RouteRequirer{RelationID: r.RelationID, Application: r.Application}
	if w.random.IntN(3) == 0 {
		r.Hostless = true // Perhaps one more than it is told of.
		return
	}
	for i := range 8 + w.random.IntN(25) {
		r.Hostnames = append(r.Hostnames, fmt.Sprintf("c%d.example.org", i))
	}
}

// dash lets an application name a host whose listener has the same name as that of another host.
func (w *world) dash() {
	if len(w.routeRequirers) == 0 {
		return
	}
	host := w.config.ExternalHostname
	if n := len(w.requirers); w.config.RoutingMode == state.RoutingSubdomain {
		host = w.requirers[w.random.IntN(n)].Label() + "." + host
	}
	r := &w.routeRequirers[w.random.IntN(len(w.routeRequirers))]
	*r = state.RouteRequirer{RelationID: r.RelationID, Application: r.Application, Hostnames: []string{strings.Replace(host, ".", "-", 1)}}
}

// label lets an application of another model take a name that equals the label of another's host,
// which may have been cut.
func (w *world) label() {
	evil, victim := &w.requirers[w.random.IntN(len(w.requirers))], pick(w, w.requirers...)
	label := victim.Label()
	if i := pick(w, strings.IndexByte(label, '-'), strings.LastIndexByte(label, '-')); evil.Foreign && evil.RelationID != victim.RelationID && i > 0 {
		evil.Model, evil.Name = label[:i], label[i+1:]
	}
}

// nameSecret lets an application on gateway-route name a host whose Secret would have the name of
// another host's Secret.
func (w *world) nameSecret() {
	if len(w.routeRequirers) == 0 || w.gateway == nil {
		return
	}
	const prefix = "gateway-secret-"
	r := &w.routeRequirers[w.random.IntN(len(w.routeRequirers))]
	if host := listenerName(pick(w, w.gateway.Spec.Listeners...)); len(prefix+host) > 63 {
		*r = state.RouteRequirer{RelationID: r.RelationID, Application: r.Application, Hostnames: []string{strings.TrimPrefix(state.BoundedName(prefix+host, 63), prefix)}}
	}
}

// keepOthers lets an application on gateway-route speak version 0, and name an application on
// ingress.
func (w *world) keepOthers() {
	if len(w.routeRequirers) == 0 {
		return
	}
	r, victim := &w.routeRequirers[w.random.IntN(len(w.routeRequirers))], pick(w, w.requirers...)
	*r = state.RouteRequirer{RelationID: r.RelationID, Application: r.Application, Version0: true, Problem: "it speaks version 0", Backend: pick(w, victim.Name, victim.Model+"-"+victim.Name)}
}

// replaceProvider lets the operator replace the provider of certificates, while a neighbour asks
// for something else.
func (w *world) replaceProvider() {
	hook := func() {
		s := w.state()
		p := w.make(&s)
		w.hook(s, p, 0)
	}
	w.related, w.orders, w.key = false, nil, 0
	w.crowd.relations++
	hook()
	pick(w, w.claim, w.label, w.throng, w.dash)()
	hook()
	w.related = true
	for range 3 {
		hook()
		for _, o := range w.orders {
			if o.state != state.CertificateIssued {
				o.state, o.from, o.till = state.CertificateIssued, w.now, w.now.Add(90*24*time.Hour)
			}
		}
	}
}

// A neighbourhood says which applications are served as they ask.
type neighbourhood struct {
	requirers map[int]state.Requirer
	urls      map[int]string
	routes    map[int][]string // hosts
	told      map[int]bool     // relations on gateway-route, those with a part of their hosts included
}

// neighbours returns the applications that are told that they are served.
func (w *world) neighbours() neighbourhood {
	all := neighbourhood{map[int]state.Requirer{}, maps.Clone(w.urls), map[int][]string{}, maps.Clone(w.told)}
	for _, r := range w.requirers {
		if slices.Contains(r.Places(), state.PlaceOfURL(w.urls[r.RelationID])) {
			all.requirers[r.RelationID] = r
		}
	}
	for _, r := range w.routeRequirers {
		if w.told[r.RelationID] && r.Servable() && !w.partly[r.RelationID] {
			all.routes[r.RelationID] = askedOf(r)
		}
	}
	return all
}

// askedOf returns the hosts that an application on gateway-route asks for.
func askedOf(r state.RouteRequirer) []string {
	names := slices.Clone(r.Hostnames)
	if r.Hostless {
		names = append(names, "")
	}
	return names
}

// robbed says what an application has lost that was served and has asked for nothing else since.
func (w *world) robbed(before neighbourhood) string {
	now := w.neighbours()
	for _, r := range w.requirers {
		was, told := before.requirers[r.RelationID]
		same := was.Model == r.Model && was.Name == r.Name
		yields := r.Foreign && r.Model == "prod" && slices.ContainsFunc(w.requirers, func(other state.Requirer) bool { return !other.Foreign && other.Application == r.Name })
		if !told || !same || yields {
			continue
		}
		if _, told := now.requirers[r.RelationID]; !told {
			return fmt.Sprintf("%s (relation %d) is not served any more: %q", r.Application, r.RelationID, w.urls[r.RelationID])
		}
		if problem := w.ledAstray(r); problem != "" {
			return problem
		}
	}
	for _, r := range w.routeRequirers {
		if r.Hostless && r.Namespace == "" {
			continue // It depends on which hosts exist.
		}
		asked := askedOf(r)
		same := func(hosts []string) bool { // or one more
			return slices.Equal(hosts, asked) || len(asked) == len(hosts)+1 && slices.Equal(hosts, asked[:len(hosts)])
		}
		if hosts, told := before.routes[r.RelationID]; told && same(hosts) && !w.told[r.RelationID] {
			return fmt.Sprintf("%s with %v is not served any more", r.Application, hosts)
		}
	}
	return ""
}

// promised says what an application was told in the last hook that does not exist.
func (w *world) promised(before neighbourhood) string {
	for _, r := range w.requirers {
		if url := w.urls[r.RelationID]; url != "" && before.urls[r.RelationID] == "" {
			if problem := w.ledAstray(r); problem != "" {
				return problem
			}
		}
	}
	for _, r := range w.routeRequirers {
		if before.told[r.RelationID] || !w.told[r.RelationID] || w.partly[r.RelationID] || len(r.Hostnames) > 8 {
			continue
		}
		for _, host := range r.Hostnames {
			if !slices.ContainsFunc(w.gateway.Spec.Listeners, func(l gatewayv1.Listener) bool { return listenerName(l) == host }) {
				return fmt.Sprintf("%s is told of a Gateway without a listener for %s", r.Application, host)
			}
		}
	}
	return ""
}

// exposed says that there is a route to an application that asks for none.
func (w *world) exposed() string {
	for _, route := range w.routes {
		if !forwards(route) {
			continue
		}
		behind := w.behind[string(route.Spec.Rules[0].BackendRefs[0].Name)]
		asks := func(r state.Requirer) bool {
			return !r.Foreign && behind == r.Application || r.Foreign && behind == fmt.Sprint(r.Addresses)
		}
		if !slices.ContainsFunc(w.requirers, asks) {
			return fmt.Sprintf("route %s leads to %s, which asks for none", route.Name, behind)
		}
	}
	return ""
}

// ledAstray says that the URL that an application was told leads to another application, or
// nowhere.
func (w *world) ledAstray(r state.Requirer) string {
	scheme, rest, _ := strings.Cut(w.urls[r.RelationID], "://")
	host, path, _ := strings.Cut(rest, "/")
	for _, route := range w.routes {
		for _, parent := range route.Spec.ParentRefs {
			i := slices.IndexFunc(w.gateway.Spec.Listeners, func(l gatewayv1.Listener) bool { return l.Name == *parent.SectionName })
			if i < 0 {
				continue
			}
			listener := w.gateway.Spec.Listeners[i]
			if listenerName(listener) != host || !strings.EqualFold(string(listener.Protocol), scheme) || *route.Spec.Rules[0].Matches[0].Path.Value != "/"+path {
				continue
			}
			service := string(route.Spec.Rules[0].BackendRefs[0].Name)
			want := r.Application
			if r.Foreign {
				want = fmt.Sprint(r.Addresses)
			}
			if got := w.behind[service]; got != want {
				return fmt.Sprintf("%s leads to %s, not %s", w.urls[r.RelationID], got, want)
			}
			return ""
		}
	}
	return "nothing is served at " + w.urls[r.RelationID]
}

// servicesBehind returns what each planned Service leads to: an application of our model, or
// addresses.
func servicesBehind(p plan.Plan) map[string]string {
	all := map[string]string{}
	for _, object := range p.Objects {
		if object.GetObjectKind().GroupVersionKind().Kind != "Service" {
			continue
		}
		var service struct {
			Spec struct{ Selector map[string]string }
		}
		text, err := json.Marshal(object)
		if err != nil || json.Unmarshal(text, &service) != nil {
			continue
		}
		all[object.GetName()] = service.Spec.Selector["app.kubernetes.io/name"]
		if len(service.Spec.Selector) == 0 {
			all[object.GetName()] = fmt.Sprint(addressesBehind(p, object.GetName()))
		}
	}
	return all
}

func (w *world) describeNeighbours() string {
	var text strings.Builder
	for _, r := range w.requirers {
		fmt.Fprintf(&text, "%d %s: %s/%s, foreign %t, told %q\n", r.RelationID, r.Application, r.Model, r.Name, r.Foreign, w.urls[r.RelationID])
	}
	return text.String()
}
