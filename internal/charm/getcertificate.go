package charm

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// getCertificate runs the action get-certificate: the certificate of a host, its CA and its chain
// in PEM.
func (c *Charm) getCertificate(ctx context.Context) error {
	params, err := c.Tools.ActionParams(ctx)
	if err != nil {
		return fmt.Errorf("cannot read the action's parameters: %w", err)
	}
	return c.leaderOnly(ctx, func() error {
		certificates, err := c.readCertificates(ctx)
		if err != nil {
			return err
		}
		hostname, _ := params["hostname"].(string)
		entry, failure := chooseCertificate(certificates, hostname)
		if failure != "" {
			return c.Tools.FailAction(ctx, failure)
		}
		return c.Tools.SetActionResults(ctx, map[string]string{
			"certificate": entry.Leaf,
			"ca":          entry.CA,
			"chain":       strings.Join(entry.IssuedChain, "\n\n"),
		})
	})
}

// chooseCertificate finds the certificate that the operator asks for, or returns why there is none.
// Without a hostname there must be exactly one certificate.
func chooseCertificate(certificates state.Certificates, hostname string) (state.Certificate, string) {
	if !certificates.Related {
		return state.Certificate{}, "Certificates relation not created."
	}
	hosts := certificates.Hosts()
	if len(hosts) == 0 {
		return state.Certificate{}, "No certificate has been requested yet: the status of the unit says what is missing."
	}
	known := "there are: " + strings.Join(hosts, ", ")
	host := hosts[0]
	if hostname != "" {
		var err error
		if host, err = normalHost(hostname); err != nil {
			return state.Certificate{}, "hostname: " + err.Error()
		}
	} else if first, _ := certificates.For(host); len(first.Hosts) < len(hosts) {
		return state.Certificate{}, "Say which host by hostname=…; " + known
	}
	entry, ok := certificates.For(host)
	switch {
	case !ok:
		return state.Certificate{}, "No certificate has been requested for " + host + "; " + known
	case entry.State == state.CertificatePending:
		return state.Certificate{}, "The certificate for " + host + " has not been issued yet."
	case entry.State != state.CertificateIssued:
		return state.Certificate{}, "The certificate for " + host + " cannot be used: " + entry.Reason
	}
	return entry, ""
}

// normalHost returns a host in the form of a certificate request: a DNS name or an IP address.
func normalHost(text string) (string, error) {
	if address, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(text), "[]")); err == nil {
		return address.Unmap().String(), nil
	}
	return state.NormalizeHostname(text)
}
