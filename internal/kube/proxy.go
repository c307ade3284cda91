package kube

import (
	"fmt"
	"net/http"
	"net/url"
)

// noProxy is a proxy function that never uses a proxy.
func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// proxyTransport is a transport that adds the proxy's name to the error of a request through a
// proxy. The error text is the proxy's, such as "Forbidden", and looks like the API server's.
type proxyTransport struct{ *http.Transport }

// RoundTrip sends a request. See [http.RoundTripper].
func (p *proxyTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := p.Transport.RoundTrip(request)
	if err == nil || p.Proxy == nil {
		return response, err
	}
	if proxy, proxyErr := p.Proxy(request); proxyErr == nil && proxy != nil {
		err = fmt.Errorf("through the proxy %s (see HTTPS_PROXY and NO_PROXY): %w", proxy.Redacted(), err)
	}
	return response, err
}
