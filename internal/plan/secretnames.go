package plan

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A host's Secret has had other names, which may be in use still: releases of before cut
// none, and a Secret that belongs to another instance of this charm is left to that. What
// stands under any of them counts until it stands under the present one.

// secretNames gives the names that a host's Secret can have, the present one first.
func secretNames(s state.State, host string) []string {
	plain := s.Application + "-secret"
	if host != "" {
		plain += "-" + host
	}
	short := bounded(plain, maxLabelName)
	names := []string{short, withHash(short, s.Application+"/"+host, maxLabelName)}
	if foreign := s.Cluster.ForeignOf("Secret", short); foreign != nil && foreign.Instance != "" || s.Cluster.ServedIn(names[1]) != nil {
		slices.Reverse(names)
	}
	names = append(names, bounded(plain, maxSubdomainName))
	if name := secretInUse(s, host); name != "" {
		names = append(names, name)
	}
	return names
}

// secretOf gives the name of the Secret that a host is to have. If somebody else's is in
// the way, or the API server lets none be made, that is one that it has; empty for none.
func secretOf(s state.State, host string) string {
	names := secretNames(s, host)
	if s.Cluster.ForeignOf("Secret", names[0]) == nil && !slices.Contains(s.Cluster.Refused, names[0]) {
		return names[0]
	}
	for _, name := range names[1:] {
		if s.Cluster.ServedIn(name) != nil {
			return name
		}
	}
	return ""
}

// secretInUse gives the name of the Secret that the live HTTPS listener of a host refers
// to; empty for none.
func secretInUse(s state.State, host string) string {
	if s.Cluster.Gateway == nil {
		return ""
	}
	for _, listener := range s.Cluster.Gateway.Spec.Listeners {
		name := gatewayv1.Hostname("")
		if listener.Hostname != nil {
			name = *listener.Hostname
		}
		if listener.Protocol == gatewayv1.HTTPSProtocolType && string(name) == host && listener.TLS != nil && len(listener.TLS.CertificateRefs) > 0 {
			return string(listener.TLS.CertificateRefs[0].Name)
		}
	}
	return ""
}
