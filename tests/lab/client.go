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

// Get asks the gateway for a URL, as a client that trusts the pool alone (a nil
// one trusts nobody). It follows no redirect.
func (l *Lab) Get(ctx context.Context, url string, pool *x509.CertPool) (Response, error) {
	return l.GetWith(ctx, url, pool, nil)
}

// GetWith is like Get, with headers of the client's.
func (l *Lab) GetWith(ctx context.Context, url string, pool *x509.CertPool, header http.Header) (Response, error) {
	response, _, err := get(ctx, l.Cluster.ClientOf(l.Model, pool), url, header)
	return response, err
}

// Served returns the certificate by which the gateway serves an https URL to a
// client that trusts the pool alone. Any answer will do; one that the client
// cannot verify is an error.
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

// impliedPort is one that a URL need not name, which some data planes do.
var impliedPort = regexp.MustCompile(`^(https://[^/?#]*?):443($|[/?#])|^(http://[^/?#]*?):80($|[/?#])`)

// plainLocation is where a client is led, which is the same place with the port and without it.
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
