package lab

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// A Response is what a client saw.
type Response struct {
	Code     int
	Location string
	HSTS     []string // values of Strict-Transport-Security
	Echo     Echo     // of an App; zero when something else answered
}

// Get asks the gateway for a URL, as a client that trusts the pool alone (a nil
// one trusts nobody). It follows no redirect.
func (l *Lab) Get(ctx context.Context, url string, pool *x509.CertPool) (Response, error) {
	if pool == nil {
		pool = x509.NewCertPool()
	}
	return get(ctx, l.Cluster.Client(pool), url)
}

func get(ctx context.Context, client *http.Client, url string) (Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Response{}, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return Response{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return Response{}, err
	}
	response := Response{
		Code: answer.StatusCode, Location: answer.Header.Get("Location"),
		HSTS: answer.Header.Values("Strict-Transport-Security"),
	}
	_ = json.Unmarshal(body, &response.Echo) // Not an App's answer: no Echo.
	return response, nil
}

// Expect gives an error unless the URL answers with the code.
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

// A Probe asks for a URL over and over, one request after the other, and counts.
type Probe struct {
	stop context.CancelFunc
	done sync.WaitGroup

	Sent, Failed int
	// First is the first failure.
	First error
}

// Probe starts asking for a URL that must answer with 200.
func (l *Lab) Probe(url string, pool *x509.CertPool) *Probe {
	ctx, stop := context.WithCancel(context.Background())
	p := &Probe{stop: stop}
	client := l.Cluster.Client(pool)
	p.done.Go(func() {
		for ctx.Err() == nil {
			response, err := get(ctx, client, url)
			if ctx.Err() != nil {
				return // Cut short by Stop, not by the gateway.
			}
			p.Sent++
			if err == nil && response.Code != http.StatusOK {
				err = fmt.Errorf("answer %d", response.Code)
			}
			if err != nil {
				p.Failed++
				if p.First == nil {
					p.First = err
				}
			}
		}
	})
	return p
}

// Stop ends the requests. The counts may be read afterwards.
func (p *Probe) Stop() {
	p.stop()
	p.done.Wait()
}
