package lab

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
)

// A Response is what a client saw.
type Response struct {
	Code     int
	Location string   // without the port that its scheme implies
	HSTS     []string // values of Strict-Transport-Security
	Workers  []string // values of Service-Worker-Allowed
	Kept     []string // of what else browsers keep for a host: headers of an App, sorted
	Echo     Echo     // of an App; zero when something else answered
}

// Get requests a URL from the gateway, as a client that trusts only the pool (a nil pool trusts
// nobody). It follows no redirect.
func (l *Lab) Get(ctx context.Context, url string, pool *x509.CertPool) (Response, error) {
	return l.GetWith(ctx, url, pool, nil)
}

// GetWith is like Get, with additional request headers.
func (l *Lab) GetWith(ctx context.Context, url string, pool *x509.CertPool, header http.Header) (Response, error) {
	response, _, err := get(ctx, l.Cluster.ClientOf(l.Model, pool), url, header)
	return response, err
}

// Served returns the certificate that the gateway shows to a client that trusts only the pool, for
// an https URL. The code of the answer does not matter. It is an error if the client cannot verify
// the certificate.
func (l *Lab) Served(ctx context.Context, url string, pool *x509.CertPool) (*x509.Certificate, error) {
	_, leaf, err := get(ctx, l.Cluster.ClientOf(l.Model, pool), url, nil)
	if err == nil && leaf == nil {
		err = fmt.Errorf("%s is served without TLS", url)
	}
	return leaf, err
}

// get returns what a client saw, and the server's certificate, nil for plain HTTP.
func get(ctx context.Context, client *http.Client, url string, header http.Header) (Response, *x509.Certificate, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Response{}, nil, err
	}
	if header != nil {
		request.Header = header.Clone()
	}
	answer, err := client.Do(request)
	if err != nil {
		return Response{}, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return Response{}, nil, err
	}
	response := Response{
		Code: answer.StatusCode, Location: plainLocation(answer.Header.Get("Location")),
		HSTS: answer.Header.Values("Strict-Transport-Security"), Workers: answer.Header.Values("Service-Worker-Allowed"),
	}
	for _, name := range slices.Sorted(maps.Keys(saidOfHost)) {
		if len(answer.Header.Values(name)) > 0 {
			response.Kept = append(response.Kept, name)
		}
	}
	_ = json.Unmarshal(body, &response.Echo) // Not an App's answer: no Echo.
	if answer.TLS == nil {
		return response, nil, nil
	}
	return response, answer.TLS.PeerCertificates[0], nil
}

// impliedPort is the port that a URL need not name. Some data planes name it.
var impliedPort = regexp.MustCompile(`^(https://[^/?#]*?):443($|[/?#])|^(http://[^/?#]*?):80($|[/?#])`)

// plainLocation returns the target of a redirect without the implied port.
func plainLocation(location string) string {
	return impliedPort.ReplaceAllString(location, "$1$2$3$4")
}

// Expect returns an error unless the URL answers with the code.
func (l *Lab) Expect(ctx context.Context, url string, pool *x509.CertPool, code int) error {
	response, err := l.Get(ctx, url, pool)
	if err != nil {
		return err
	}
	if response.Code != code {
		return fmt.Errorf("%s answers %d, not %d", url, response.Code, code)
	}
	return nil
}
