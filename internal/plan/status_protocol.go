package plan

import (
	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The rung of the status ladder for protocols that the controller is known not to speak. Its own
// status says nothing about them.

// protocolFindings names the applications that need HTTP/2 without TLS, if the controller does not
// speak it. Their routes exist nevertheless: some applications understand HTTP/1.1 too.
func (d *decision) protocolFindings() []*finding {
	if d.class.does(controller.H2C) != controller.No || d.Cluster.CiliumAppProtocol {
		return nil
	}
	cure := "set " + state.OptionGatewayClass + " to another"
	if d.class.controller() == controller.Cilium {
		cure = "set enable-gateway-api-app-protocol to true" // See docs/reference/statuses.md.
	}
	var all []*finding
	for _, t := range d.targets {
		if t.Scheme == "h2c" {
			found := blocks(trouble{what: "class " + d.class.name + " speaks no HTTP/2 in clear to " + t.Application, cure: cure})
			found.whose, found.unserved = []string{t.Application}, true
			all = append(all, found)
		}
	}
	return all
}
