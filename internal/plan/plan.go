package plan

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// LabelManagedBy marks every object of an application; its value is the
// application's name. What carries it and is not planned is pruned.
const LabelManagedBy = "gateway-api-integrator.charm.juju.is/managed-by"

// annotationSettings shows, on the Gateway, the settings it was last made from,
// so that an option which turns invalid later does not change what is served. It is
// believed only where Juju has no [state.Record].
const annotationSettings = "gateway-api-integrator.charm.juju.is/settings"

// Object is a Kubernetes object as the Go types of its API have it.
type Object interface {
	metav1.Object
	GetObjectKind() schema.ObjectKind
}

// A Plan is what has to be.
type Plan struct {
	// Objects are all objects that shall exist, in the order in which they can
	// be made: what is referred to comes before what refers to it. Nil with
	// KeepObjects.
	Objects []Object
	// KeepObjects says that nothing is known well enough to touch the cluster.
	KeepObjects bool
	// Unready names the routes that do not lead yet to all that they are to lead to: the
	// controller has to judge them as they are first, and the plan after that goes on.
	Unready []string
	// Relations is what shall stand in our side of the relations.
	Relations Relations
	// WakeAt is when Juju has to wake the charm because of a certificate; zero for
	// never.
	WakeAt time.Time
	// Allowance is what the next hook has to know.
	Allowance state.Allowance
	// Held is what applications are served at, or were last, for the record; see heldNow.
	Held map[int]string
	// Status is what the operator sees.
	Status Status
	// Remarks are lines for the log, about what is left out and why.
	Remarks []string
}

// Relations is the data for our side of the relations.
type Relations struct {
	// URLs are the addresses to publish, one per ingress relation; an empty
	// one withdraws what is there. Relations not named are left alone.
	URLs []URL `json:"urls,omitempty"`
	// Routes answer the applications on gateway-route, and DNS asks for records.
	// Relations not named are left alone.
	Routes []RouteAnswer `json:"routes,omitempty"`
	DNS    []DNSRecords  `json:"dns,omitempty"`
	// CARequests are the relations on receive-ca-cert in which our version of the
	// interface has to stand, or the other side writes an older one.
	CARequests []int `json:"caRequests,omitempty"`
	// Requests are the certificate signing requests to have; nil leaves the
	// relation alone.
	Requests *Requests `json:"requests,omitempty"`
}

// URL is what one ingress requirer is told.
type URL struct {
	RelationID int    `json:"relationID"`
	URL        string `json:"url"`
}

// Make decides what has to be.
func Make(s state.State) Plan {
	d := decide(s)
	p := Plan{Remarks: d.remarks, WakeAt: d.wakeAt(), Allowance: d.allowance}
	p.Relations.Requests, p.Relations.CARequests = d.requests(), caRequests(d.State)
	if !d.Cluster.Usable() || d.class.name == "" || d.Cluster.ForeignOf("Gateway", d.Application) != nil {
		p.KeepObjects = true
	} else {
		p.Objects = d.objects()
		p.Unready = unready(p.Objects)
		p.Relations.URLs = d.urls()
		p.Relations.Routes = d.routeAnswers()
		if !gatewayStays(d.State) {
			p.Relations.DNS = d.dnsRecords()
		}
	}
	p.Held = d.heldNow(p.Relations.URLs)
	p.Remarks = slices.Concat(p.Remarks, d.dnsRemarks(), foreignRemarks(d.State))
	if remark := d.headersRemark(); remark != "" {
		p.Remarks = append(p.Remarks, remark)
	}
	var counted []string
	p.Status, counted = d.status()
	p.Remarks = append(p.Remarks, counted...)
	return p
}

// A decision is what is served where, with what, and what is left out.
type decision struct {
	state.State
	settings
	routing
	hosts []host
}

// decide settles what is served where, from which all else follows. In the state of the decision
// the options are those in force.
func decide(s state.State) *decision {
	d := &decision{State: s}
	d.Config, d.settings = settle(s)
	d.RouteRequirers = d.attaching()
	d.Cluster.Gateway = unforged(d.State)
	d.route()
	d.hosts = d.makeRoom()
	nameSecrets(d.State, d.hosts)
	d.ration()
	d.leaveRefused()
	return d
}

// objects returns everything the application has in the cluster.
func (d *decision) objects() []Object {
	var all []Object
	all = append(all, d.secrets()...)
	all = append(all, d.gateway())
	all = append(all, d.backendPolicies()...)
	all = append(all, d.services()...)
	all = append(all, d.httpRoutes()...)
	return all
}

// objectMeta is the metadata that all objects share.
func objectMeta(s state.State, name string) metav1.ObjectMeta {
	meta := metav1.ObjectMeta{
		Name:      name,
		Namespace: s.InNamespace(),
		Labels:    map[string]string{LabelManagedBy: s.Application},
	}
	if owner := s.Cluster.Owner; owner != nil {
		meta.OwnerReferences = []metav1.OwnerReference{ownerReference(*owner)}
	}
	return meta
}

func ownerReference(owner state.Owner) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: "apps/v1",
		Kind:       "StatefulSet",
		Name:       owner.Name,
		UID:        types.UID(owner.UID),
	}
}
