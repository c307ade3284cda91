package lab

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// A Probe asks for a URL over and over, one request after the other, and counts.
// A request that Stop cuts short is not counted. The fields may be read after
// Stop.
type Probe struct {
	URL          string
	Sent, Failed int
	// First is the first failure.
	First error
	// Leaves are the certificates by which it was served, each once, in the order
	// in which it met them.
	Leaves []*x509.Certificate

	stop context.CancelFunc
	done sync.WaitGroup
	mu   sync.Mutex // guards the counts while it runs
}

// Probe starts asking for a URL that must answer with 200.
func (l *Lab) Probe(url string, pool *x509.CertPool) *Probe { return l.ProbeWith(url, pool, Succeeds) }

// ProbeWith starts asking for a URL. An answer that accept has an error for has
// failed, like none at all.
func (l *Lab) ProbeWith(url string, pool *x509.CertPool, accept func(Response) error) *Probe {
	return startProbe(l.Cluster.ClientOf(l.Model, pool), url, accept, make(chan struct{}, 1))
}

// Succeeds accepts an answer with code 200.
func Succeeds(response Response) error {
	if response.Code != http.StatusOK {
		return fmt.Errorf("answer %d", response.Code)
	}
	return nil
}

// startProbe lets the client ask whenever it can put a token into turns.
func startProbe(client *http.Client, url string, accept func(Response) error, turns chan struct{}) *Probe {
	ctx, stop := context.WithCancel(context.Background())
	p := &Probe{URL: url, stop: stop}
	p.done.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case turns <- struct{}{}:
			}
			response, leaf, err := get(ctx, client, url)
			<-turns
			if ctx.Err() != nil {
				return // Cut short by Stop, not by the gateway.
			}
			if err == nil {
				err = accept(response)
			}
			p.count(leaf, err)
		}
	})
	return p
}

func (p *Probe) count(leaf *x509.Certificate, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Sent++
	if err != nil {
		p.Failed++
		if p.First == nil {
			p.First = err
		}
	}
	if leaf != nil && !slices.ContainsFunc(p.Leaves, leaf.Equal) {
		p.Leaves = append(p.Leaves, leaf)
	}
}

// AwaitMore waits until it has counted n more requests: with two, the last was
// sent after the call.
func (p *Probe) AwaitMore(ctx context.Context, n int) error {
	before := p.sent()
	return cluster.Eventually(ctx, Patience, func(context.Context) error {
		if more := p.sent() - before; more < n {
			return fmt.Errorf("%d of %d more requests to %s", more, n, p.URL)
		}
		return nil
	})
}

func (p *Probe) sent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Sent
}

// Stop ends the requests.
func (p *Probe) Stop() {
	p.stop()
	p.done.Wait()
}
