package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
)

// Client is a client outside the cluster for which every host name resolves to
// the Gateways' first IP address, the one of the moment (see GatewayAddress); a
// URL with an IP address in place of a name goes there. It verifies certificates
// against ca alone, follows no redirect, and makes a connection for each request,
// so that every request sees the certificate of the moment.
func (c *Cluster) Client(ca *x509.CertPool) *http.Client { return c.ClientOf("", ca) }

// ClientOf is like Client for the hosts of one model: where each Gateway has an
// address of its own, host names resolve to that of the model's.
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
