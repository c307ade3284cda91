package plan_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A world is what surrounds the planner: options, applications, a certificate authority and a
// cluster, as far as decisions depend on them. Steps change it at random, and hooks apply the
// plans.
type world struct {
	random *rand.Rand
	now    time.Time

	config    state.Config
	problems  []state.Problem
	requirers []state.Requirer
	relation  int  // number of the newest relation
	alike     bool // hosts were used whose listeners have the same name

	backends backends

	routeRequirers []state.RouteRequirer
	providers      []state.DNSProvider
	told           map[int]bool   // relations on gateway-route that are told of the Gateway
	urls           map[int]string // what relations on gateway are told
	partly         map[int]bool   // relations on gateway-route that have only some of their hosts

	crowd crowd

	related     bool
	noAddresses bool
	garbage     bool // the provider's data cannot be read
	key         int  // number of the present key, 0 for none
	keys        int  // number of the newest
	orders      []*order
	ordered     int // number of the newest

	secrets   map[string][]byte // tls.crt of each Secret: the number of its order
	gateway   *gatewayv1.Gateway
	routes    []gatewayv1.HTTPRoute
	services  map[string][]netip.Addr
	behind    map[string]string        // what each Service leads to
	foreign   map[string]state.Foreign // objects under names of ours that are not ours, by kind/name
	addresses []gatewayv1.GatewayStatusAddress
	away      bool    // the controller is absent: it judges nothing
	taken     []taken // what it took last
	record    *state.Record
	unedited  string // outline of what is to be planned nevertheless; empty for no edit
	// unrecorded says that the last hook broke off.
	unrecorded bool
	forged     int      // number of the newest forged certificate, negative
	between    []string // the applications reached when the last hook had written and the controller had not judged
}

// An order is one certificate signing request and its answer.
type order struct {
	number, key      int
	hosts            []string
	state            state.CertificateState
	made, from, till time.Time
}

func newWorld(seed uint64) *world {
	w := &world{
		random: rand.New(rand.NewPCG(seed, 0)),
		told:   map[int]bool{},
		urls:   map[int]string{},
		now:    time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		config: state.Config{ExternalHostname: "a.example.com", EnforceHTTPS: true, HSTSMaxAge: state.DefaultHSTSMaxAge, RoutingMode: state.RoutingPath},
	}
	w.related, w.relation = true, 1
	w.addresses = addressesOf("10.43.45.1")
	applications := 1 + w.random.IntN(4)
	if w.random.IntN(8) == 0 {
		applications = 30 + w.random.IntN(40) // Around the number of listeners.
	}
	speakTLS := w.random.IntN(2) == 0
	if speakTLS {
		w.backends.authorities, w.backends.features = []string{"CA-1\n"}, pick(w, nil, verifiesOne, verifiesOne)
	}
	w.backends.isolates = w.random.IntN(2) == 0
	for range applications {
		w.addRequirer()
		if speakTLS {
			w.changeScheme()
		}
	}
	return w
}

func addressesOf(values ...string) []gatewayv1.GatewayStatusAddress {
	var all []gatewayv1.GatewayStatusAddress
	for _, value := range values {
		kind := gatewayv1.IPAddressType
		if strings.Contains(value, "example") {
			kind = gatewayv1.HostnameAddressType
		}
		all = append(all, gatewayv1.GatewayStatusAddress{Type: &kind, Value: value})
	}
	return all
}

// pick returns one of several.
func pick[T any](w *world, of ...T) T { return of[w.random.IntN(len(of))] }

// longName makes the name of an application too long for those of its objects.
var longName = strings.Repeat("-long", 11)

func (w *world) addRequirer() {
	w.relation++
	name := "app" + strconv.Itoa(w.random.IntN(70))
	if w.random.IntN(10) == 0 {
		name += longName
	}
	if slices.ContainsFunc(w.requirers, func(r state.Requirer) bool { return r.Application == name }) {
		return
	}
	requirer := state.Requirer{
		RelationID: w.relation, Application: name, Model: "prod", Name: name, Port: 8080, Scheme: "http",
		StripPrefix: w.random.IntN(3) == 0, RedirectHTTPS: w.random.IntN(4) == 0,
	}
	if w.random.IntN(8) == 0 { // of another model with our model's name
		requirer.Foreign, requirer.Addresses = true, []netip.Addr{netip.MustParseAddr("10.1.0.5")}
	}
	w.requirers = append(w.requirers, requirer)
}

// A step changes the world.
type step struct {
	name string
	// gentle says that every application served over HTTPS has to stay so.
	gentle bool
	do     func(*world)
}

// answer lets the provider answer a request for which it has not issued a certificate.
func answer(with ...state.CertificateState) func(*world) {
	return func(w *world) {
		for _, o := range w.orders {
			if o.state != state.CertificateIssued && o.state != state.CertificateRevoked && w.random.IntN(2) == 0 {
				o.state, o.from, o.till = pick(w, with...), w.now, w.now.Add(90*24*time.Hour)
			}
		}
	}
}

func (w *world) anyOrder(do func(*order)) {
	if len(w.orders) > 0 {
		do(pick(w, w.orders...))
	}
}

func (w *world) anyRequirer(do func(*state.Requirer)) {
	if len(w.requirers) > 0 {
		do(&w.requirers[w.random.IntN(len(w.requirers))])
	}
}

var steps = []step{
	{"host", true, func(w *world) {
		w.config.ExternalHostname = pick(w, "", "a.example.com", "b.example.com", "c.example.org", strings.Repeat("long.", 35)+"example.com")
	}},
	{"host with a listener of the same name", false, func(w *world) {
		if w.random.IntN(10) > 0 {
			return
		}
		// Only one of the two can be served: later gaps prove nothing.
		w.config.ExternalHostname, w.alike = pick(w, "a-example.com", "a.example.com"), true
	}},
	{"invalid host", true, func(w *world) {
		if w.problems != nil {
			w.problems = nil
			return
		}
		w.config.ExternalHostname = ""
		w.problems = []state.Problem{{Option: state.OptionExternalHostname, Message: "is wrong"}}
	}},
	{"mode", true, func(w *world) { w.config.RoutingMode = pick(w, state.RoutingPath, state.RoutingSubdomain) }},
	{"enforce", true, func(w *world) { w.config.EnforceHTTPS = !w.config.EnforceHTTPS }},
	{"add", true, (*world).addRequirer},
	{"remove", false, func(w *world) {
		if n := len(w.requirers); n > 0 {
			i := w.random.IntN(n)
			w.requirers = slices.Delete(w.requirers, i, i+1)
		}
	}},
	{"redirect", true, func(w *world) { w.anyRequirer(func(r *state.Requirer) { r.RedirectHTTPS = !r.RedirectHTTPS }) }},
	{"spoil", false, func(w *world) {
		w.anyRequirer(func(r *state.Requirer) {
			r.Problem = pick(w, "", "port must be from 1 to 65535, not "+pyjson.Excerpt(slander))
		})
	}},
	{"units without a word", true, func(w *world) {
		w.anyRequirer(func(r *state.Requirer) { r.Waiting = !r.Waiting; r.HasUnits = r.Waiting })
	}},
	{"issue", true, answer(state.CertificateIssued)},
	{"issue again", true, answer(state.CertificateIssued)},
	{"refuse", true, answer(state.CertificateDenied, state.CertificateDelayed, state.CertificateUnusable, state.CertificatePending)},
	{"early", true, func(w *world) {
		w.anyOrder(func(o *order) {
			if o.state != state.CertificateIssued && o.state != state.CertificateRevoked {
				o.state, o.from, o.till = state.CertificateIssued, w.now.Add(24*time.Hour), w.now.Add(90*24*time.Hour)
			}
		})
	}},
	{"revoke", false, func(w *world) { w.anyOrder(func(o *order) { o.state = state.CertificateRevoked }) }},
	{"take up", true, func(w *world) {
		w.anyOrder(func(o *order) {
			if o.state == state.CertificateRevoked {
				o.state, o.from, o.till = state.CertificateIssued, w.now, w.now.Add(90*24*time.Hour)
			}
		})
	}},
	{"garbage", true, func(w *world) { w.garbage = !w.garbage }},
	{"rotate", true, func(w *world) { w.keys++; w.key = w.keys }},
	{"lose the key", true, func(w *world) { w.key = 0 }},
	{"break", false, func(w *world) {
		w.related, w.orders, w.key, w.garbage = !w.related, nil, 0, false
		w.crowd.relations++
	}},
	{"address", true, func(w *world) {
		w.addresses = pick(w, nil, addressesOf("10.43.45.1"), addressesOf("10.43.45.2"), addressesOf("10.43.45.1", "2001:db8::1"),
			addressesOf("lb.example.net"), addressesOf("10.43.45.1", "lb.example.net"))
	}},
	{"capabilities", true, func(w *world) { w.noAddresses = !w.noAddresses }},
	{"add route", true, (*world).addRoute},
	{"write route", true, (*world).writeRoute},
	{"write route again", true, (*world).writeRoute},
	{"version 0", true, (*world).speakVersion0},
	{"routes that clash", false, (*world).clashRoute},
	{"remove route", true, (*world).removeRoute},
	{"crowd", true, (*world).crowdOut},
	{"crowd again", true, (*world).crowdOut},
	{"crowd once more", true, (*world).crowdOut},
	{"another leader", true, func(w *world) { w.crowd.allowance = state.Allowance{} }},
	{"minutes", false, func(w *world) { w.now = w.now.Add(time.Duration(w.random.IntN(40)) * time.Minute) }},
	{"DNS", true, (*world).changeProviders},
	{"scheme", false, (*world).changeScheme},
	{"scale", true, (*world).scale},
	{"authorities", false, (*world).changeAuthorities},
	{"silence", false, (*world).silence},
	{"backend TLS", false, (*world).changeBackendTLS},
	{"somebody else's object", true, (*world).intrude},
	{"an object taken", false, (*world).usurp},
	{"somebody else leaves", true, (*world).yield},
	{"a unit that strays", true, func(w *world) { w.stray(false) }},
	{"all units stray", false, func(w *world) { w.stray(true) }},
	{"networks", false, (*world).changeNetworks},
	{"edited notes", true, (*world).editNotes},
	{"forged certificates", false, (*world).forge},
	{"controller", true, func(w *world) { w.away = w.random.IntN(3) == 0 }},
	{"time", false, func(w *world) { w.now = w.now.Add(time.Duration(w.random.IntN(40)) * 24 * time.Hour) }},
}

// state returns what a hook would read.
func (w *world) state() state.State {
	s := state.State{
		Application: "gateway", Model: "prod", Now: w.now,
		Config: w.config, Problems: w.problems, Requirers: w.written(), Allowance: w.crowd.allowance,
		RouteRequirers: slices.Clone(w.routeRequirers), DNSProviders: slices.Clone(w.providers),
		Cluster: state.Cluster{
			Classes: []gatewayv1.GatewayClass{{
				ObjectMeta: metav1.ObjectMeta{Name: "cilium", Generation: 1},
				Spec:       gatewayv1.GatewayClassSpec{ControllerName: w.backends.id()},
				Status: gatewayv1.GatewayClassStatus{Conditions: []metav1.Condition{
					{Type: "Accepted", Status: metav1.ConditionTrue, ObservedGeneration: 1},
				}},
			}},
			Routes: w.routes, Services: w.services,
		},
		Record: w.record,
	}
	w.backends.read(&s)
	w.hold(&s)
	if w.gateway != nil {
		s.Cluster.Gateway = w.gateway.DeepCopy()
		s.Cluster.Gateway.Status.Addresses = w.addresses
	}
	for name := range w.secrets {
		if o := w.holder(name); w.good(o) && w.vouched(o) {
			s.Cluster.Served = append(s.Cluster.Served, state.Served{
				Secret: name, Hosts: o.hosts, NotAfter: o.till, Chain: o.chain(), Key: keyOf(o.key), KeyID: keyID(o.key),
			})
		}
	}
	if !w.related {
		return s
	}
	s.Certificates = state.Certificates{Related: true, RelationID: fmt.Sprintf("certificates:%d", w.crowd.relations), Key: keyOf(w.key), NoAddresses: w.noAddresses}
	for _, o := range w.orders {
		s.Certificates.Entries = append(s.Certificates.Entries, w.entry(o))
	}
	return s
}

func (w *world) entry(o *order) state.Certificate {
	entry := state.Certificate{Request: o.request(), KeyID: keyID(o.key), Hosts: o.hosts, State: o.state, Foreign: o.key != w.key}
	if w.garbage {
		entry.State = state.CertificatePending
	}
	if entry.State != state.CertificateIssued {
		entry.Reason = slanderedReason(entry.State)
		return entry
	}
	start := o.from
	if o.made.After(start) {
		start = o.made
	}
	entry.NotBefore, entry.NotAfter, entry.RenewAt = o.from, o.till, start.Add(o.till.Sub(start)/10*9)
	switch {
	case w.now.Before(o.from):
		entry.State = state.CertificateEarly
	case w.now.After(o.till):
		entry.State = state.CertificateExpired
	case !entry.Foreign:
		entry.Chain = o.chain()
	}
	return entry
}

func (o *order) request() string { return fmt.Sprintf("CSR-%d", o.number) }

// chain says which request it answers, with which key, for which names, and until when.
func (o *order) chain() string {
	return fmt.Sprintf("%d|%d|%s|%d", o.number, o.key, strings.Join(o.hosts, ","), o.till.Unix())
}

func keyOf(number int) state.PrivateKey {
	if number == 0 {
		return ""
	}
	return state.PrivateKey(fmt.Sprintf("KEY-%d", number))
}

func keyID(number int) string { return fmt.Sprintf("id-%d", number) }

// holder reads the certificate in a Secret.
func (w *world) holder(secret string) *order {
	fields := strings.Split(string(w.secrets[secret]), "|")
	number, _ := strconv.Atoi(fields[0])
	key, _ := strconv.Atoi(fields[1])
	till, _ := strconv.ParseInt(fields[3], 10, 64)
	return &order{number: number, key: key, hosts: strings.Split(fields[2], ","), till: time.Unix(till, 0).UTC()}
}

// good reports whether a certificate is within its time and not listed as revoked.
func (w *world) good(o *order) bool {
	return !w.now.After(o.till) && (w.garbage || !slices.ContainsFunc(w.orders, func(other *order) bool {
		return other.number == o.number && other.state == state.CertificateRevoked
	}))
}

// hook applies a plan, then plans again with what the cluster answered, and publishes. A hook that
// is killed writes only the Secrets and the Gateway, or all objects, and does no more.
func (w *world) hook(s state.State, p plan.Plan, kill int) {
	if !p.KeepObjects {
		w.apply(p, kill == killedAtRoutes)
	}
	w.between = w.reached()
	if !w.away {
		w.judge()
	}
	if kill != 0 {
		return
	}
	written := w.state()
	s.Cluster.Gateway, s.Cluster.Routes, s.Cluster.Written = written.Cluster.Gateway, written.Cluster.Routes, true
	p = plan.Make(s)
	record := p.Record(s)
	w.record = &record
	relations := p.Relations
	w.publish(relations)
	w.partly = map[int]bool{}
	for _, r := range w.routeRequirers {
		w.partly[r.RelationID] = leavesOut(p, r.RelationID)
	}
	w.crowd.count(w, s, p)
	r := relations.Requests
	if r == nil {
		return
	}
	w.orders = slices.DeleteFunc(w.orders, func(o *order) bool { return !slices.Contains(r.Keep, o.request()) })
	for _, names := range r.Create {
		if w.key == 0 {
			w.keys++
			w.key = w.keys
		}
		w.ordered++
		w.orders = append(w.orders, &order{number: w.ordered, key: w.key, hosts: names, state: state.CertificatePending, made: w.now})
	}
}

// The points at which a hook can be killed.
const (
	killedAtRoutes = iota + 1
	killedAtPublish
)

// secretData returns the content of a planned Secret; false for another object.
func secretData(object plan.Object) (map[string][]byte, bool) {
	if object.GetObjectKind().GroupVersionKind().Kind != "Secret" {
		return nil, false
	}
	var secret struct{ Data map[string][]byte }
	text, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(text, &secret)
	}
	return secret.Data, err == nil
}

func (w *world) apply(p plan.Plan, half bool) {
	secrets, services, routes := map[string][]byte{}, map[string][]netip.Addr{}, routesOf(p)
	for _, object := range p.Objects {
		if object.GetObjectKind().GroupVersionKind().Kind == "Service" {
			services[object.GetName()] = addressesBehind(p, object.GetName())
		}
		if data, ok := secretData(object); ok {
			secrets[object.GetName()] = data["tls.crt"]
		}
		if gateway, ok := object.(*gatewayv1.Gateway); ok {
			w.writeGateway(gateway.DeepCopy())
		}
	}
	if !half {
		w.secrets, w.services, w.behind = secrets, services, servicesBehind(p)
		w.writeRoutes(routes)
		w.backends.apply(p)
		return
	}
	if w.secrets == nil {
		w.secrets = map[string][]byte{}
	}
	for name, chain := range secrets {
		w.secrets[name] = chain
	}
}
