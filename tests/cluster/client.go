package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
)

// Client returns a client outside the cluster for which every host name resolves to the Gateways'
// present first IP address (see GatewayAddress). A URL with an IP address instead of a name goes
// there. It verifies certificates only against ca, follows no redirect, and makes a connection for
// each request, so that every request sees the present certificate.
func (c *Cluster) Client(ca *x509.CertPool) *http.Client { return c.ClientOf("", ca) }

// ClientOf is like Client for the hosts of one model: if each Gateway has an address of its own,
// host names resolve to that of the model.
func (c *Cluster) ClientOf(model string, ca *x509.CertPool) *http.Client {
	if ca == nil {
		ca = x509.NewCertPool() // nil would mean the machine's authorities
	}
	return &http.Client{
		Timeout: c.timeouts.Request,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			ForceAttemptHTTP2: true,
			TLSClientConfig:   &tls.Config{RootCAs: ca, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				if net.ParseIP(host) == nil {
					host = c.GatewayAddressOf(model)
				}
				return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(host, port))
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
