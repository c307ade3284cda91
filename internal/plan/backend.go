package plan

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Applications that speak TLS themselves (scheme https). The Gateway API verifies them
// or does not speak to them at all: there is no way to ask for less, and we never fall
// back to plain HTTP.

// maxBundle bounds the authorities in the ConfigMap, in bytes. The API server takes a
// megabyte.
const maxBundle = 768 << 10

// maxVerified is how many names a BackendTLSPolicy has room for.
const maxVerified = 5

// Features that a class may claim (Gateway API, pkg/features).
const (
	featureBackendTLS = "BackendTLSPolicy"
	featureSANs       = "BackendTLSPolicySANValidation"
)

// trust is how applications that speak TLS are verified.
type trust struct {
	bundle string // the authorities, in PEM
	names  int    // how many names of one application can be verified
	// problem says why there can be nothing of the kind, and cure what to do about it;
	// empty when there can.
	problem, cure string
	remarks       []string
}

// trustOf finds out what the cluster and the providers on receive-ca-cert allow.
func trustOf(s state.State, set settings) trust {
	t := trust{names: maxVerified}
	t.gather(s)
	features := featuresOf(s, set.class)
	if len(features) > 0 && !slices.Contains(features, featureSANs) {
		t.names = 1 // A class that claims nothing may do it or not.
	}
	switch {
	case s.Cluster.WithoutBackendTLS:
		t.problem = "the cluster has no BackendTLSPolicy"
		t.cure = "install Gateway API 1.4 or newer"
	case s.Cluster.ForbiddenBackendTLS != "":
		t.problem = "scheme https, but the charm may not " + s.Cluster.ForbiddenBackendTLS
		t.cure = "`juju trust " + s.Application + " --scope=cluster`"
	case len(features) > 0 && !slices.Contains(features, featureBackendTLS):
		t.problem = "class " + set.class + " speaks no TLS to applications"
		t.cure = "set " + state.OptionGatewayClass + " to another"
	case t.bundle == "":
		t.problem, t.cure = noAuthority(s)
	}
	return t
}

func featuresOf(s state.State, class string) []string {
	var names []string
	for _, one := range s.Cluster.Classes {
		if one.Name != class {
			continue
		}
		for _, feature := range one.Status.SupportedFeatures {
			names = append(names, string(feature.Name))
		}
	}
	return names
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

// gather joins the authorities of all providers, each once and sorted, so that the
// bytes are the same whatever the order. Of more than there is room for, those of the
// older relations stay.
func (t *trust) gather(s state.State) {
	var all []string
	size := 0
	for _, provider := range caProvidersByAge(s) {
		left := 0
		for _, certificate := range provider.Certificates {
			switch {
			case slices.Contains(all, certificate):
			case size+len(certificate) > maxBundle:
				left++
			default:
				all, size = append(all, certificate), size+len(certificate)
			}
		}
		remarks := provider.Remarks
		if left > 0 {
			remarks = append(slices.Clone(remarks), fmt.Sprintf("there is no room for %d of its CA certificates", left))
		}
		for _, remark := range remarks {
			t.remarks = append(t.remarks, fmt.Sprintf("%s (relation %d): %s", provider.Application, provider.RelationID, remark))
		}
	}
	slices.Sort(all)
	t.bundle = strings.Join(all, "")
}

// unverifiable gives the reason why an application that speaks TLS cannot be spoken to,
// and the cure.
func (t trust) unverifiable(s state.State, set settings, r state.Requirer) (reason, cure string) {
	switch hosts := len(r.Hosts); {
	case t.problem != "":
		return t.problem, t.cure
	case hosts == 0 && (r.Waiting || !r.HasUnits):
		return "", "" // See findHosts.
	case hosts == 0:
		return "no unit has a host to verify a certificate for", "see `juju debug-log`"
	case hosts > maxVerified:
		return fmt.Sprintf("%d unit hosts, and %d at most can be verified", hosts, maxVerified), "scale it down"
	case hosts > t.names:
		return fmt.Sprintf("%d unit hosts, and class %s verifies one", hosts, set.class), "`juju scale-application " + r.Name + " 1`"
	default:
		return "", ""
	}
}

// findHosts says whether there is a name to verify an application by. Of one that is
// served, and whose units have changed, none may have written yet: it is served on, by
// the names it has been.
func findHosts(s state.State, t *target) bool {
	if !speaksTLS(t.Requirer) || len(t.Hosts) > 0 {
		return true
	}
	for _, policy := range s.Cluster.Policies {
		if policy.Name != t.service {
			continue
		}
		t.Hosts = []string{string(policy.Spec.Validation.Hostname)}
		for _, name := range policy.Spec.Validation.SubjectAltNames {
			if host := string(name.Hostname); !slices.Contains(t.Hosts, host) {
				t.Hosts = append(t.Hosts, host)
			}
		}
		return true
	}
	return false
}

// speaksTLS says that an application is spoken to over TLS.
func speaksTLS(r state.Requirer) bool { return r.Scheme == "https" }

// backendPolicies gives what the applications that speak TLS need: one ConfigMap with
// the authorities, and a BackendTLSPolicy each.
func backendPolicies(s state.State, routing routing) []Object {
	var all []Object
	for _, t := range routing.targets {
		if speaksTLS(t.Requirer) {
			all = append(all, backendPolicy(s, t))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return append([]Object{&configMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: groupVersionCore, Kind: "ConfigMap"},
		ObjectMeta: objectMeta(s, authoritiesName(s.Application)),
		Data:       map[string]string{configMapCAKey: routing.trust.bundle},
	}}, all...)
}

// authoritiesName is the name of the ConfigMap.
func authoritiesName(application string) string {
	return bounded(application+"-backend-ca", maxSubdomainName)
}

// backendPolicy is for the target's Service, and has its name. The first host is the
// name that the gateway asks for. It is the one that counts, too, unless there are
// several: then each unit may show a certificate for any of them.
func backendPolicy(s state.State, t target) *gatewayv1.BackendTLSPolicy {
	policy := &gatewayv1.BackendTLSPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "BackendTLSPolicy"},
		ObjectMeta: objectMeta(s, t.service),
		Spec: gatewayv1.BackendTLSPolicySpec{
			TargetRefs: []gatewayv1.LocalPolicyTargetReferenceWithSectionName{{
				LocalPolicyTargetReference: gatewayv1.LocalPolicyTargetReference{Kind: "Service", Name: gatewayv1.ObjectName(t.service)},
			}},
			Validation: gatewayv1.BackendTLSPolicyValidation{
				CACertificateRefs: []gatewayv1.LocalObjectReference{{Kind: "ConfigMap", Name: gatewayv1.ObjectName(authoritiesName(s.Application))}},
				Hostname:          gatewayv1.PreciseHostname(t.Hosts[0]),
			},
		},
	}
	if len(t.Hosts) == 1 {
		return policy
	}
	for _, host := range t.Hosts {
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
