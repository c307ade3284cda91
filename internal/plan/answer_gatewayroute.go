package plan

import (
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/relation/gatewayroute"
)

// RouteAnswer is what one application that writes routes of its own is told.
type RouteAnswer struct {
	RelationID int `json:"relationID"`
	// Gateway is what it may attach its routes to; nil withdraws what it was told.
	Gateway *gatewayroute.Gateway `json:"gateway"`
}

// routeAnswers returns what each application on gateway-route is told. An application that is not
// served is told nothing, and earlier answers are withdrawn. A served application is told nothing
// new while the Gateway has no address, or while its own first listeners do not exist yet.
func (d *decision) routeAnswers() []RouteAnswer {
	var all []RouteAnswer
	reachable := d.addresses
	if h := d.host(""); h != nil && h.secure() {
		reachable = h.covered(reachable)
	}
	if named := namingAddress(d.observed); slices.Contains(reachable, named) {
		reachable = []string{named} // The name of the listener contains it.
	}
	for _, requirer := range routesByAge(d.observed) {
		i := slices.IndexFunc(d.routes, func(t routeTarget) bool { return t.RelationID == requirer.RelationID })
		served := i >= 0
		lacks := func(host string) bool { return !d.listensFor(host) }
		switch {
		case served && (gatewayWasRefused(d.observed) || d.Cluster.Written && !requirer.Told) && slices.ContainsFunc(d.routes[i].hosts, lacks):
		case !served:
			all = append(all, RouteAnswer{RelationID: requirer.RelationID})
		case len(reachable) > 0:
			all = append(all, RouteAnswer{RelationID: requirer.RelationID, Gateway: d.gatewayFor(reachable[0])})
		}
	}
	return all
}

func (d *decision) gatewayFor(address string) *gatewayroute.Gateway {
	// The application's routes use Model as the namespace of the Gateway.
	gateway := &gatewayroute.Gateway{Address: address, Model: d.InNamespace(), Name: d.Application, HTTPSMode: gatewayroute.Disabled}
	switch {
	case d.Config.EnforceHTTPS:
		gateway.HTTPSMode, gateway.HSTSMaxAge = gatewayroute.Enforced, &d.Config.HSTSMaxAge
	case d.Certificates.Related:
		gateway.HTTPSMode = gatewayroute.Enabled
	}
	return gateway
}
