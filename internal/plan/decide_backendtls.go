package plan

import (
	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Applications that speak TLS themselves (scheme https). The Gateway API verifies their
// certificates or does not connect to them at all: there is no way to ask for less, and we never
// fall back to plain HTTP.

// maxVerified is how many names a BackendTLSPolicy can verify.
const maxVerified = 5

// backendTLSOf returns what the cluster and the providers on receive-ca-cert allow.
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
		// Newer CRDs would not help: they make the operator of Cilium 1.17 to 1.19 exit.
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

// noAuthority returns why no authority is known, and the cure.
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

// unverifiable returns why the Gateway cannot connect to an application that speaks TLS, and the
// cure.
func (t backendTLS) unverifiable(r state.Requirer) (reason, cure string) {
	switch {
	case t.problem != "":
		return t.problem, t.cure
	case len(r.Hosts) == 0 && !r.Waiting && r.HasUnits: // Otherwise see findBackends.
		return "no unit has a host to verify a certificate for", "see `juju debug-log`"
	default:
		return "", ""
	}
}

// oneForAll reports whether one policy verifies all units of an application, whichever unit the
// gateway connects to. If a policy verifies one name only, several units must share that name. A
// unit that is alone gets a Service of its own there: the next unit may have another name, and a
// Service for all units would lead to it before the charm knows.
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
