package plan

import (
	"slices"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A Plan is what is to be in the cluster and in Juju.
type Plan struct {
	// Objects are all objects that are to exist, in the order in which they can be created: an
	// object comes after those that it refers to. It is nil with KeepObjects.
	Objects []Object
	// KeepObjects says that too little is known to change anything in the cluster.
	KeepObjects bool
	// Unready names the routes that do not lead to all their Services yet. The controller has to
	// judge them as they are first; the plan after that continues.
	Unready []string
	// Relations is what is to be in our side of the relations.
	Relations Relations
	// WakeAt is when Juju has to wake the charm because of a certificate; zero for never.
	WakeAt time.Time
	// Allowance is what the next hook has to know about the limits of applications.
	Allowance state.Allowance
	// Held is where applications are served, or were served last, for the record; see
	// placesForRecord.
	Held map[int]string
	// Status is what the operator sees.
	Status Status
	// Remarks are lines for the log, about what is left out and why.
	Remarks []string
}

// Relations is the data for our side of the relations.
type Relations struct {
	// URLs are the addresses to publish, one per ingress relation; an empty one withdraws the
	// earlier one. Relations that are not named are left alone.
	URLs []URL `json:"urls,omitempty"`
	// Routes answers the applications on gateway-route, and DNS requests records. Relations that
	// are not named are left alone.
	Routes []RouteAnswer `json:"routes,omitempty"`
	DNS    []DNSRecords  `json:"dns,omitempty"`
	// CARequests are the relations on receive-ca-cert in which we have to write our version of the
	// interface. Without it, the other side writes an older one.
	CARequests []int `json:"caRequests,omitempty"`
	// Requests are the certificate signing requests to have; nil leaves the relation alone.
	Requests *Requests `json:"requests,omitempty"`
}

// Make decides what is to be in the cluster and in Juju.
func Make(s state.State) Plan {
	d := decide(s)
	built := d.build()
	p := Plan{Remarks: d.remarks, WakeAt: d.wakeAt(), Allowance: d.allowance}
	p.Relations.Requests, p.Relations.CARequests = d.requests(), caRequests(d.observed)
	if !d.Cluster.Usable() || d.class.name == "" || d.Cluster.ForeignOf("Gateway", d.Application) != nil {
		p.KeepObjects = true
	} else {
		p.Objects = built.inOrder()
		p.Unready = unready(p.Objects)
		p.Relations.URLs = d.urls()
		p.Relations.Routes = d.routeAnswers()
		if !gatewayWasRefused(d.observed) {
			p.Relations.DNS = d.dnsRecords()
		}
	}
	p.Held = d.placesForRecord(p.Relations.URLs)
	p.Remarks = slices.Concat(p.Remarks, d.dnsRemarks(), foreignRemarks(d.observed))
	if remark := d.headersRemark(); remark != "" {
		p.Remarks = append(p.Remarks, remark)
	}
	var counted []string
	p.Status, counted = (&planned{d, built}).status()
	p.Remarks = append(p.Remarks, counted...)
	return p
}

// Record returns what Juju has to keep about the plan's objects, so that the next hook can tell
// them from what others make of them; see [state.Record]. What the plan does not touch stays as it
// was recorded. If the API server has refused an object, the earlier version of it may go on being
// served.
func (p Plan) Record(s state.State) state.Record {
	var before, record state.Record
	if s.Record != nil {
		before = *s.Record
	}
	if p.KeepObjects {
		return before
	}
	record.Settings, record.Class, record.Held = before.Settings, before.Class, p.Held
	for _, object := range p.Objects {
		switch object := object.(type) {
		case *secret:
			record.Given = append(record.Given, state.ChainDigest(string(object.Data[secretTLSCert])))
		case *gatewayv1.Gateway:
			record.Settings, record.Class = object.Annotations[annotationSettings], string(object.Spec.GatewayClassName)
		case *configMap:
			record.Told = object.Annotations[AnnotationTold]
		}
	}
	if len(s.Cluster.Refused)+len(s.Cluster.Refusals) > 0 {
		for _, served := range s.Cluster.Served {
			record.Given = append(record.Given, state.ChainDigest(served.Chain))
		}
	}
	slices.Sort(record.Given)
	record.Given = slices.Compact(record.Given)
	return record
}
