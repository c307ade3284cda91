package plan

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// chainFor returns the chain to serve a certificate with: all of it, save where the controller
// would serve nothing then. Some clients cannot verify the rest; without it, nobody could.
func chainFor(s state.State, issued state.Certificate) string {
	if issued.ReadChain != "" && refusesUnread(s) {
		return issued.ReadChain
	}
	return issued.Chain
}

// refusesUnread reports whether the controller that has the Gateway, or is to have it,
// refuses certificates that Go does not read.
func refusesUnread(s state.State) bool {
	return slices.ContainsFunc(s.Cluster.Classes, func(class gatewayv1.GatewayClass) bool {
		wanted := s.Config.GatewayClass == "" || s.Config.GatewayClass == class.Name
		has := s.Cluster.Gateway != nil && string(s.Cluster.Gateway.Spec.GatewayClassName) == class.Name
		return controller.Does(&class, controller.UnreadCertificates) == controller.No && (has || wanted && s.Cluster.Gateway == nil || s.Config.GatewayClass == class.Name)
	})
}

// chainRemark names the first host whose chain not every client can verify: it does not lead
// to the CA that the provider gives, or is not sent as a whole. It is empty for none.
func (d *decision) chainRemark() string {
	for _, h := range d.hosts {
		switch {
		case !h.wanted || h.issued == nil:
		case h.issued.LeadsTo != "":
			return "the chain for " + h.title() + " leads to " + h.issued.LeadsTo + ", not to the CA"
		case h.chain != "" && h.chain != h.issued.Chain:
			return "the chain for " + h.title() + " is sent without what " + controller.Name(d.class.controller()) + " refuses"
		}
	}
	return ""
}
