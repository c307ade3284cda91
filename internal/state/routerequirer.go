package state

import (
	"errors"
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/relation/gatewayroute"
)

// RouteRequirer is one application on the gateway-route endpoint: it writes HTTPRoutes of its own,
// and needs listeners for its hosts.
type RouteRequirer struct {
	// RelationID is the number of the relation.
	RelationID int `json:"relationID"`
	// Application is Juju's name for the application on this side.
	Application string `json:"application"`
	// Foreign says that it is of another model than ours.
	Foreign bool `json:"foreign,omitempty"`
	// Told says that it has been told of the Gateway: it may attach its routes.
	Told bool `json:"told,omitempty"`
	// Holds says that it is served at what it asks for, according to the record. The planner sets
	// it.
	Holds bool `json:"-"`
	// Has are the hosts that it is served at, of those that it asks for, as far as that is known. The
	// planner finds that out.
	Has []string `json:"-"`
	// Waiting says that it has not written anything yet.
	Waiting bool `json:"waiting,omitempty"`
	// Problem says why its data cannot be used; empty if they can. If not, the fields below are not
	// set, except Remarks.
	Problem string `json:"problem,omitempty"`
	// Remarks are everything that is wrong, if that is more than Problem says, for the log.
	Remarks []string `json:"remarks,omitempty"`
	// Hostnames are its hosts in normal form, each once, in its order.
	Hostnames []string `json:"hostnames,omitempty"`
	// Version0 says that it speaks version 0 of the interface, in which it makes no routes itself;
	// it has a Problem then. Backend is the name of the application that it asks routes for; empty
	// if it names no possible application.
	Version0 bool   `json:"version0,omitempty"`
	Backend  string `json:"backend,omitempty"`
	// Namespace is where the objects of its model are, and so its routes; empty if unknown.
	Namespace string `json:"namespace,omitempty"`
	// Hostless says that its routes are for any address of the Gateway.
	Hostless bool `json:"hostless,omitempty"`
}

// NewRouteRequirer judges what an application wrote.
func NewRouteRequirer(relationID int, application string, request Databag) RouteRequirer {
	r := RouteRequirer{RelationID: relationID, Application: application}
	parsed, err := gatewayroute.ParseRequirer(request)
	if errors.Is(err, gatewayroute.ErrNotWritten) {
		r.Waiting = true
		return r
	}
	if errors.Is(err, gatewayroute.ErrVersion0) {
		r.Backend, r.Version0 = gatewayroute.ParseVersion0(request)
	}
	if err != nil {
		r.reject(err)
		return r
	}
	var hostnames []string
	for _, name := range parsed.Hostnames {
		normal, err := NormalizeHostname(name)
		if err != nil {
			r.Problem = fmt.Sprintf("hostname: %v", err)
			return r
		}
		if !slices.Contains(hostnames, normal) {
			hostnames = append(hostnames, normal)
		}
	}
	r.Hostnames, r.Hostless = hostnames, parsed.Hostless
	return r
}

// reject records why the data cannot be used.
func (r *RouteRequirer) reject(err error) {
	r.Problem = err.Error()
	var invalid *gatewayroute.InvalidError
	if errors.As(err, &invalid) && len(invalid.Problems) > 1 {
		r.Remarks = bounded(invalid.Problems)
	}
}

// Servable reports whether the request can be planned for.
func (r RouteRequirer) Servable() bool { return !r.Waiting && r.Problem == "" }

// DNSProvider is one application on the dns-record endpoint.
type DNSProvider struct {
	// RelationID is the number of the relation.
	RelationID int `json:"relationID"`
	// Application is Juju's name for the application on this side.
	Application string `json:"application"`
	// Reply is what it wrote.
	Reply Databag `json:"reply,omitempty"`
}
