package kube

import (
	"fmt"
	"net/http"
	"net/url"
)

// directly is a proxy function that names none.
func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// proxied is a transport that names the proxy in the error of a request which was to go
// through one: the error's own words are those of the proxy, such as "Forbidden", and look
// like the API server's.
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
