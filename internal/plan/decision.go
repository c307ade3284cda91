package plan

import (
	"net/netip"
	"slices"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/address"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A decision is what is served where, with what, and what is left out.
type decision struct {
	observed
	settings
	routing
	hosts []host
}

// settings are the options in force, and what follows from them at once. Where an option is
// wrong it is the value that is being served, so that a mistake takes no traffic down; what is
// wrong stands in config, classStatus and unrelated.
type settings struct {
	class class
	// unsure says that the options do not tell the host, nor does the cluster.
	unsure bool
	// byAddress says that the Gateway is to be reached at its addresses as long as
	// there is no hostname.
	byAddress bool
	// idle says that no application is related on ingress: nothing is made for a host that
	// serves nobody, and nothing of it stays. One that has not written anything yet counts:
	// its certificate is asked for early.
	idle bool
	// config, classStatus and unrelated, about the certificates relation, are the first
	// problems of their rungs, nil for none.
	config, classStatus, unrelated *Status
}

// routing says which application is served where.
type routing struct {
	targets []target
	routes  []routeTarget
	old     []oldTarget // left out, and served by what there is
	// omitted wrote something that cannot be served; silent wrote nothing yet,
	// or, from another model, no address.
	omitted     []omission
	withoutData []omission // without a reason if it has written nothing at all
	// strayed have units that are left out, because of where they are; others are served.
	unitsOmitted []omission
	// kept are the hosts for which relations on gateway-route keep the room, while they ask for others.
	reservedHosts map[int][]string
	// denied are the relations on ingress that ask for what another has; told are those whose
	// application has been told a URL.
	denied, published map[int]bool
	judges            judges                // of addresses of other models
	refusedUnits      map[int][]refusedUnit // by relation
	remarks           []string
	tls               backendTLS // for applications that speak TLS
	// short is what applications that are served do not get of what they ask for;
	// allowance is what the next hook has to know of what they had.
	shortfalls []trouble
	allowance  state.Allowance
	// held are left out because of an object that was refused, and served as before;
	// refused are the objects that were, and whose refusal is not one application's.
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
	place           // where it shall be served
	served   bool   // that it is, of one that stands elsewhere too
	previous *place // where it stands until then; nil for nowhere
	backends []backend
}

// A place is where an application is served.
type place struct {
	host string // empty: at any address
	path string // "/model-app", "/"
	// https and http are the names of its HTTPRoutes on the listeners of these protocols.
	https, http string
}

// A backend is one Service that a target's route leads to.
type backend struct {
	service   string
	pod       string       // the only one that it selects; empty: all of the application
	hosts     []string     // any of which verifies it, of an application that speaks TLS
	addresses []netip.Addr // of another model, where no selector reaches
}

// A host is what the Gateway listens for: one name or, without a name, whatever
// address it is reached at.
type host struct {
	name string
	// wanted says that the options, or an application on gateway-route, ask for it. A host that
	// is not wanted any more is served until those that replace it have certificates.
	wanted bool
	// own says that applications are served there by routes that we write.
	own bool
	// old says that routes are served there which the Python charm made.
	old bool
	// open says that applications may attach routes of their own: from these namespaces
	// or, where not all of theirs are known, from any.
	open bool
	from []string
	// http says that there is room for an HTTP listener.
	http bool
	// listeners are those that it has, HTTP first.
	listeners []listener
	// certificate is what it is served with over HTTPS; several hosts may share one.
	*certificate
}

// A listener is one listener of a host.
type listener struct {
	name   string
	secure bool   // HTTPS
	parent string // the name of the Gateway that has it
}

// A certificate is what hosts are served with over HTTPS, and the requests for that.
type certificate struct {
	// names are what it is asked for, sorted; empty while the Gateway has no address to ask for.
	names []string
	// newest is the newest request for it with the present key, issued the newest of those that
	// are answered with a valid one; nil for none.
	newest, issued *state.Certificate
	// live is what stands in its Secret and is served until a request is
	// answered; nil when there is nothing, or when it is not needed.
	live *state.Served
	// chain and key are what is served, in PEM; empty when nothing can be.
	chain string
	key   state.PrivateKey
	// until is when its first request is made, of one that has to wait; see ration.
	requestAt time.Time
	// secret is the name of its Secret; empty when it can have none.
	secret string
}

// A routeTarget is one application that writes routes of its own.
type routeTarget struct {
	state.RouteRequirer
	hosts []string // those it may attach routes to; an empty name: at any address
}

// An oldTarget is such an application, and what there is of it.
type oldTarget struct {
	application string // the requirer
	relation    int
	backend     string // the application that its routes lead to
	service     string
	ports       []int32 // that its routes lead to
	hosts       []string
	routes      []oldRoute
}

// An oldRoute is one of them as it is, and the listeners that it is attached to.
type oldRoute struct {
	*gatewayv1.HTTPRoute
	at []oldListener
}

type oldListener struct {
	host   string
	secure bool
}

// An omission is one application that is not served, and why.
type omission struct {
	application string
	relation    int
	iface       string // the interface over which it asks
	reason      string
	cure        string // what to do about it; empty: the application is to be corrected
	other       bool   // its data are as they should be, in another language than ours
	unit        string // the unit that the reason is about; empty: the application
}

// backendTLS is how applications that speak TLS are verified.
type backendTLS struct {
	bundle string           // the authorities, in PEM
	told   authorityDigests // who told of them
	names  int              // how many names one policy verifies
	// problem says why there can be nothing of the kind, and cure what to do about it;
	// empty when there can.
	problem, cure string
	remarks       []string
}

// told are digests of authorities by the number of the relation that told of them, which
// Juju gives to no other. It is what AnnotationTold holds.
type authorityDigests map[int][]string

// judges say where units of other models may be.
type judges struct {
	any address.Judge
	// atGateway is for applications on a port that the Gateway listens on itself: at its
	// addresses they would have it ask itself.
	atGateway address.Judge
}

// A stray is a unit of another model that is where none may be.
type refusedUnit struct {
	unit    int // -1 where it is not known which unit it is
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

// secureHosts are those served over HTTPS, the wanted ones first.
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

// newListener returns the listener of a host, "" for any, which is one of the Gateway.
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

// rules are those of all targets.
func (r *routing) rules() []*rule {
	var all []*rule
	for _, t := range r.targets {
		for i := range t.rules {
			all = append(all, &t.rules[i])
		}
	}
	return all
}

// places are where a rule stands, and then where it shall be.
func (r rule) places() []place {
	if r.previous != nil {
		return []place{*r.previous, r.place}
	}
	return []place{r.place}
}

// routeNames are those of all routes that the target can have now.
func (t target) routeNames() []string {
	var names []string
	for _, r := range t.rules {
		for _, at := range r.places() {
			names = append(names, at.https, at.http)
		}
	}
	return names
}

// backends are what the routes of the target lead to, each Service once.
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

// isAt reports whether the target is served at a host, or shall be.
func (t target) isAt(host string) bool {
	return slices.ContainsFunc(t.rules, func(r rule) bool {
		return slices.ContainsFunc(r.places(), func(at place) bool { return at.host == host })
	})
}

// leadsTo reports whether a Service is one that the routes of the target lead to.
func (t target) leadsTo(service string) bool {
	return slices.ContainsFunc(t.backends(), func(b backend) bool { return b.service == service })
}

// speaksTLS reports whether an application is spoken to over TLS.
func speaksTLS(r state.Requirer) bool { return r.Scheme == "https" }
