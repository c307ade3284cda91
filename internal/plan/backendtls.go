package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Applications that speak TLS themselves (scheme https). The Gateway API verifies them
// or does not speak to them at all: there is no way to ask for less, and we never fall
// back to plain HTTP.

// maxVerified is how many names a BackendTLSPolicy has room for.
const maxVerified = 5

// backendTLS is how applications that speak TLS are verified.
type backendTLS struct {
	bundle string // the authorities, in PEM
	told   told   // who told of them
	names  int    // how many names one policy verifies
	// problem says why there can be nothing of the kind, and cure what to do about it;
	// empty when there can.
	problem, cure string
	remarks       []string
}

// backendTLSOf finds out what the cluster and the providers on receive-ca-cert allow.
func (d *decision) backendTLSOf() backendTLS {
	t := backendTLS{names: maxVerified}
	t.gather(d.State)
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
		t.cure = trustCommand(d.State)
	case t.bundle == "":
		t.problem, t.cure = noAuthority(d.State)
	case foreign != nil:
		t.problem, t.cure = "ConfigMap "+foreign.Name+" "+whose(*foreign), removeForeign
	}
	return t
}

// noAuthority says why no authority is known.
func noAuthority(s state.State) (problem, cure string) {
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

func caProvidersByAge(s state.State) []state.CAProvider {
	return byAge(s.CAProviders, func(p state.CAProvider) int { return p.RelationID })
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

// speaksTLS reports whether an application is spoken to over TLS.
func speaksTLS(r state.Requirer) bool { return r.Scheme == "https" }

// backendPolicies returns what the applications that speak TLS need: one ConfigMap with
// the authorities, and a BackendTLSPolicy for each of their Services. Where the charm may
// not see or write that, it stays as it is.
func (d *decision) backendPolicies() []Object {
	if d.Cluster.ForbiddenBackendTLS != "" {
		return nil
	}
	var all []Object
	for _, t := range d.targets {
		if speaksTLS(t.Requirer) {
			for _, b := range t.backends {
				all = append(all, backendPolicy(d.State, b))
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return append([]Object{authorities(d.State, d.tls)}, all...)
}

// backendPolicy is for the Service of a backend, and has its name. The first host is the
// name that the gateway asks for. It is the one that counts, too, unless there are
// several: then each unit may show a certificate for any of them.
func backendPolicy(s state.State, b backend) *gatewayv1.BackendTLSPolicy {
	policy := &gatewayv1.BackendTLSPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "BackendTLSPolicy"},
		ObjectMeta: objectMeta(s, b.service),
		Spec: gatewayv1.BackendTLSPolicySpec{
			TargetRefs: []gatewayv1.LocalPolicyTargetReferenceWithSectionName{{
				LocalPolicyTargetReference: gatewayv1.LocalPolicyTargetReference{Kind: "Service", Name: gatewayv1.ObjectName(b.service)},
			}},
			Validation: gatewayv1.BackendTLSPolicyValidation{
				CACertificateRefs: []gatewayv1.LocalObjectReference{{Kind: "ConfigMap", Name: gatewayv1.ObjectName(AuthoritiesName(s.Application))}},
				Hostname:          gatewayv1.PreciseHostname(b.hosts[0]),
			},
		},
	}
	if len(b.hosts) == 1 {
		return policy
	}
	for _, host := range b.hosts {
		policy.Spec.Validation.SubjectAltNames = append(policy.Spec.Validation.SubjectAltNames, gatewayv1.SubjectAltName{
			Type: gatewayv1.HostnameSubjectAltNameType, Hostname: gatewayv1.Hostname(host),
		})
	}
	return policy
}

// caRequests are the relations on receive-ca-cert in which our version has to stand.
func caRequests(s state.State) []int {
	var all []int
	for _, provider := range caProvidersByAge(s) {
		all = append(all, provider.RelationID)
	}
	return all
}
