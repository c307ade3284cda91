package tlscertificates

import (
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

const keyCapabilities = "capabilities"

// parseCapabilities reads what the provider says it can do. A member that cannot be parsed stays
// unknown.
func parseCapabilities(value string, notes *pyjson.Notes) Capabilities {
	var capabilities Capabilities
	if value == "" || pyjson.IsNull(value) {
		return capabilities
	}
	members, err := pyjson.Object(value)
	if err != nil {
		notes.Add("%s: %v; ignored", keyCapabilities, err)
		return capabilities
	}
	for _, field := range []struct {
		name string
		to   **bool
	}{
		{"supports_ip_sans", &capabilities.IPSANs},
		{"supports_wildcard_dns", &capabilities.WildcardDNS},
		{"supports_subdomain", &capabilities.Subdomain},
		{"supports_ca_certificates", &capabilities.CACertificates},
	} {
		if value, ok := pyjson.Bool(string(members[field.name])); ok {
			*field.to = &value
		}
	}
	if domains, err := pyjson.List(string(members["allowed_domains"])); err == nil {
		for _, domain := range domains {
			if text, ok := pyjson.String(string(domain)); ok {
				capabilities.AllowedDomains = append(capabilities.AllowedDomains, pyjson.Plain(text))
			}
		}
	}
	if text, ok := pyjson.String(string(members["provider_type"])); ok {
		capabilities.ProviderType = pyjson.Plain(text)
	}
	return capabilities
}
