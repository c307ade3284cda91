package plan

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// backendPolicies returns what applications that speak TLS need: one ConfigMap with the
// authorities, and a BackendTLSPolicy for each of their Services. If the charm may not read or
// write these, they stay as they are.
func (d *decision) backendPolicies() []Object {
	if d.Cluster.ForbiddenBackendTLS != "" {
		return nil
	}
	var all []Object
	for _, t := range d.targets {
		if speaksTLS(t.Requirer) {
			for _, b := range t.backends() {
				all = append(all, backendPolicy(d.observed, b))
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return append([]Object{authorities(d.observed, d.tls)}, all...)
}

// authorities returns the ConfigMap with the authorities.
func authorities(s observed, t backendTLS) Object {
	meta := objectMeta(s, AuthoritiesName(s.Application))
	text, err := json.Marshal(t.told) // with sorted keys
	if err == nil {
		meta.Annotations = map[string]string{AnnotationTold: string(text)}
	}
	return &configMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: groupVersionCore, Kind: "ConfigMap"},
		ObjectMeta: meta,
		Data:       map[string]string{AuthoritiesKey: t.bundle},
	}
}

// backendPolicy returns the policy for the Service of a backend, and has the name of that Service.
// The gateway asks for the first host by name (SNI). If it is the only one, the certificate must be
// for it. If there are several, each unit may show a certificate for any of them.
func backendPolicy(s observed, b backend) *gatewayv1.BackendTLSPolicy {
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
