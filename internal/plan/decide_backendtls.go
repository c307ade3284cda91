package plan

import (
	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Applications that speak TLS themselves (scheme https). The Gateway API verifies them
// or does not speak to them at all: there is no way to ask for less, and we never fall
// back to plain HTTP.

// maxVerified is how many names a BackendTLSPolicy has room for.
const maxVerified = 5

// backendTLSOf finds out what the cluster and the providers on receive-ca-cert allow.
func (d *decision) backendTLSOf() backendTLS {
	t := backendTLS{names: maxVerified}
	t.gather(d.observed)
	foreign := d.Cluster.ForeignOf("ConfigMap", AuthoritiesName(d.Application))
	if d.class.does(controller.BackendTLSNames) == controller.No {
		t.names = 1
	}
	speaks := d.class.does(controller.BackendTLS)
	switch {
	case speaks == controller.No, speaks == controller.Unknown && d.Cluster.WithoutBackendTLS && d.class.controller() == controller.Cilium:
		// Newer CRDs would not help. They end the operator of Cilium 1.17 to 1.19.
		t.problem, t.cure = "class "+d.class.name+" speaks no TLS to applications", "set "+state.OptionGatewayClass+" to another"
	case d.Cluster.WithoutBackendTLS:
		t.problem = "the cluster has no BackendTLSPolicy"
		t.cure = "install Gateway API 1.4 or newer"
	case d.Cluster.ForbiddenBackendTLS != "":
		t.problem = "scheme https, but the charm may not " + d.Cluster.ForbiddenBackendTLS
		t.cure = trustCommand(d.observed)
	case t.bundle == "":
		t.problem, t.cure = noAuthority(d.observed)
	case foreign != nil:
		t.problem, t.cure = "ConfigMap "+foreign.Name+" "+whose(*foreign), removeForeign
	}
	return t
}

// noAuthority says why no authority is known.
func noAuthority(s observed) (problem, cure string) {
	providers := caProvidersByAge(s)
	if len(providers) == 0 {
		return "no CA for scheme https", "`juju integrate " + s.Application + ":receive-ca-cert CA`"
	}
	for _, provider := range providers {
		if provider.Written {
			return "no usable CA certificate from " + provider.Application, "see `juju debug-log`"
		}
	}
	return "no CA certificate yet from " + providers[0].Application, "see its status"
}

// unverifiable returns the reason why an application that speaks TLS cannot be spoken to,
// and the cure.
func (t backendTLS) unverifiable(r state.Requirer) (reason, cure string) {
	switch {
	case t.problem != "":
		return t.problem, t.cure
	case len(r.Hosts) == 0 && !r.Waiting && r.HasUnits: // Else see findBackends.
		return "no unit has a host to verify a certificate for", "see `juju debug-log`"
	default:
		return "", ""
	}
}

// oneForAll reports whether one policy verifies all units of an application, to whichever the
// gateway comes to speak. Where a policy verifies one name that takes units which share
// it. A unit that is alone gets a Service of its own there: the next one may have another
// name, and a Service for all would lead to it before we know.
func (t backendTLS) oneForAll(r state.Requirer) bool {
	named := 0
	for _, unit := range r.Units {
		switch {
		case unit.Host != "":
			named++
		case !unit.Silent:
			return false
		}
	}
	return len(r.Hosts) <= t.names && (t.names > 1 || named > 1)
}
