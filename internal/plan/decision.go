package plan

import (
	"net/netip"
	"slices"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/address"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A decision says what is served where, with what, and what is left out.
type decision struct {
	observed
	settings
	routing
	hosts []host
}

// settings are the options in force, and what follows from them directly. If an option is wrong,
// its value is the one that is being served, so that a mistake takes no traffic down. The fields
// config, classStatus and unrelated say what is wrong.
type settings struct {
	class class
	// unsure says that neither the options nor the cluster tell the host.
	unsure bool
	// byAddress says that clients are to reach the Gateway at its addresses while there is no
	// hostname.
	byAddress bool
	// idle says that no application is related on ingress. Then nothing is made for the host of the
	// options, and what exists for it is removed. An application that has not written anything yet
	// counts as related: its certificate is requested early.
	idle bool
	// config, classStatus and unrelated (about the certificates relation) are the first problems of
	// their rungs on the status ladder; nil for none.
	config, classStatus, unrelated *Status
}

// routing says which application is served where.
type routing struct {
	targets []target
	routes  []routeTarget
	old     []oldTarget // left out, but served by their existing routes
	// omitted wrote something that cannot be served. withoutData wrote nothing yet or, from another
	// model, no address.
	omitted     []omission
	withoutData []omission // the reason is empty if it has written nothing at all
	// unitsOmitted are applications with units that are left out because of their addresses. The
	// other units are served.
	unitsOmitted []omission
	// reservedHosts are, by relation on gateway-route, the hosts whose listeners stay reserved
	// while the application asks for others.
	reservedHosts map[int][]string
	// denied are the relations on ingress that ask for what another application has. published are
	// those whose application has been told a URL.
	denied, published map[int]bool
	judges            judges                // of addresses of other models
	refusedUnits      map[int][]refusedUnit // by relation
	remarks           []string
	tls               backendTLS // for applications that speak TLS
	// shortfalls are what served applications do not get of what they ask for. allowance is what
	// the next hook has to know of what they had.
	shortfalls []shortfall
	allowance  state.Allowance
	// servedAsBefore are left out because of a refused object, and still served as before. refused
	// are the refused objects that do not belong to a single application.
	servedAsBefore []target
	refused        []state.Refusal
}

// A target is one application that is served.
type target struct {
	state.Requirer
	service string // name of its Service, if it has one for all units
	remote  bool   // of another model: no selector reaches its pods
	rules   []rule // at least one
}

// A rule is one host and path of an application, and where its requests go.
type rule struct {
	place           // where it is to be served
	served   bool   // it is served there; set only if it has a previous place too
	previous *place // where its live route still serves it until then; nil if nowhere
	backends []backend
}

// A place is where an application is served.
type place struct {
	host string // empty: at any address
	path string // "/model-app", "/"
	// https and http are the names of its HTTPRoutes on the HTTPS and on the HTTP listener.
	https, http string
}

// A backend is one Service that the routes of a target lead to.
type backend struct {
	service   string
	pod       string       // the only pod that it selects; empty: all of the application
	hosts     []string     // names that verify its certificate, each alone, if the application speaks TLS
	addresses []netip.Addr // of another model, where no selector reaches the pods
}

// A host is what the Gateway listens for: one name or, without a name, any address at which clients
// reach it.
type host struct {
	name string
	// wanted says that the options, or an application on gateway-route, ask for the host. A host
	// that is not wanted any more is served until the hosts that replace it have certificates.
	wanted bool
	// own says that routes of ours serve applications there.
	own bool
	// old says that routes of the Python charm are served there.
	old bool
	// open says that applications may attach routes of their own: from the namespaces in from or,
	// if not all of their namespaces are known, from any.
	open bool
	from []string
	// paths says that applications are served at paths of their own there.
	paths bool
	// http says that there is room for an HTTP listener.
	http bool
	// listeners are the listeners of the host, HTTP first.
	listeners []listener
	// certificate is what the host is served with over HTTPS; several hosts may share one.
	*certificate
}

// A listener is one listener of a host.
type listener struct {
	name   string
	secure bool   // HTTPS
	parent string // the name of the Gateway that has it
}

// A certificate is what hosts are served with over HTTPS, and the requests for it.
type certificate struct {
	// names are what the certificate is requested for, sorted; empty while the Gateway has no
	// address to name.
	names []string
	// newest is the newest request for it with the present key; issued is the newest one that is
	// answered with a valid certificate. Both are nil if there is none.
	newest, issued *state.Certificate
	// live is the content of its Secret, which is served until a request is answered; nil if there
	// is none, or if it is not needed.
	live *state.Served
	// chain and key are what is served, in PEM; empty if nothing can be served.
	chain string
	key   state.PrivateKey
	// requestAt is when its first request is made, if that has to wait; see limitRequests.
	requestAt time.Time
	// secret is the name of its Secret; empty if it can have none.
	secret string
}

// A routeTarget is one application that writes routes of its own.
type routeTarget struct {
	state.RouteRequirer
	hosts []string // those it may attach routes to; an empty name: any address
}

// An oldTarget is an application with version 0 of gateway-route, and what exists for it.
type oldTarget struct {
	application string // the requirer
	relation    int
	backend     string // the application that its routes lead to
	service     string
	ports       []int32 // the ports that its routes lead to
	hosts       []string
	routes      []oldRoute
}

// An oldRoute is one of these routes as it is, and the listeners that it is attached to.
type oldRoute struct {
	*gatewayv1.HTTPRoute
	at []oldListener
}

type oldListener struct {
	host   string
	secure bool
}

// A shortfall is what one served application does not get of what it asks for.
type shortfall struct {
	application string
	trouble
}

// An omission is one application that is not served, and why.
type omission struct {
	application string
	relation    int
	iface       string // the interface over which it asks
	reason      string
	cure        string // what to do about it; empty: correct the application
	other       bool   // its data are valid, but of a version of the interface that we do not serve
	unit        string // the unit that the reason is about; empty: the application
}

// backendTLS is how applications that speak TLS are verified.
type backendTLS struct {
	bundle string           // the authorities, in PEM
	told   authorityDigests // which relation told of which
	names  int              // how many names one policy verifies
	// problem says why no application can be served over TLS, and cure what to do about it; both
	// are empty if there is no problem.
	problem, cure string
	remarks       []string
}

// authorityDigests are the digests of authorities by the number of the relation that told of them.
// Juju never reuses a relation's number. AnnotationTold holds them.
type authorityDigests map[int][]string

// judges say at which addresses units of other models may be.
type judges struct {
	any address.Judge
	// atGateway is for applications on a port that the Gateway itself listens on: at the Gateway's
	// own addresses, the Gateway would send requests to itself.
	atGateway address.Judge
}

// A refusedUnit is a unit of another model at an address where none may be.
type refusedUnit struct {
	unit    int // -1 if unknown
	at      netip.Addr
	refusal address.Refusal
}

// host returns the host of that name, nil for none.
func (d *decision) host(name string) *host {
	i := slices.IndexFunc(d.hosts, func(h host) bool { return h.name == name })
	if i < 0 {
		return nil
	}
	return &d.hosts[i]
}

// secureHosts returns the hosts served over HTTPS, the wanted ones first.
func (d *decision) secureHosts() []host {
	return slices.DeleteFunc(slices.Clone(d.hosts), func(h host) bool { return !h.secure() })
}

// certified returns one host for each certificate, the wanted hosts first.
func (d *decision) certified() []host {
	seen := map[*certificate]bool{}
	return slices.DeleteFunc(slices.Clone(d.hosts), func(h host) bool {
		shared := seen[h.certificate]
		seen[h.certificate] = true
		return shared
	})
}

// secure reports whether there is a certificate to serve.
func (c *certificate) secure() bool { return c.chain != "" }

// newListener returns a listener of a host on our Gateway, for HTTPS or for HTTP. The host "" is
// any host.
func newListener(s observed, host string, secure bool) listener {
	name := httpListenerName(s, host)
	if secure {
		name = httpsListenerName(s, host)
	}
	return listener{name: name, secure: secure, parent: s.Application}
}

// listener returns the listener of a host for HTTP or HTTPS, nil for none.
func (h host) listener(secure bool) *listener {
	i := slices.IndexFunc(h.listeners, func(l listener) bool { return l.secure == secure })
	if i < 0 {
		return nil
	}
	return &h.listeners[i]
}

// rules returns the rules of all targets.
func (r *routing) rules() []*rule {
	var all []*rule
	for _, t := range r.targets {
		for i := range t.rules {
			all = append(all, &t.rules[i])
		}
	}
	return all
}

// places returns the previous place of a rule, if it has one, and then its place.
func (r rule) places() []place {
	if r.previous != nil {
		return []place{*r.previous, r.place}
	}
	return []place{r.place}
}

// routeNames returns the names of all routes that the target can have now.
func (t target) routeNames() []string {
	var names []string
	for _, r := range t.rules {
		for _, at := range r.places() {
			names = append(names, at.https, at.http)
		}
	}
	return names
}

// backends returns what the routes of the target lead to, each Service once.
func (t target) backends() []backend {
	var all []backend
	for _, r := range t.rules {
		for _, b := range r.backends {
			if !slices.ContainsFunc(all, func(other backend) bool { return other.service == b.service }) {
				all = append(all, b)
			}
		}
	}
	return all
}

// isAt reports whether the target is served at a host, or is to be.
func (t target) isAt(host string) bool {
	return slices.ContainsFunc(t.rules, func(r rule) bool {
		return slices.ContainsFunc(r.places(), func(at place) bool { return at.host == host })
	})
}

// leadsTo reports whether a Service is one that the routes of the target lead to.
func (t target) leadsTo(service string) bool {
	return slices.ContainsFunc(t.backends(), func(b backend) bool { return b.service == service })
}

// speaksTLS reports whether the Gateway speaks TLS to an application.
func speaksTLS(r state.Requirer) bool { return r.Scheme == "https" }
