package lab

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// A Probe requests a URL again and again, and counts. A request begins every 10 ms, independently
// of those before it, so that one slow answer hides nothing. A request that Stop interrupts is not
// counted. The fields may be read after Stop.
type Probe struct {
	URL          string
	Sent, Failed int
	// First is the first failure.
	First error
	// Leaves are the certificates that were shown to it, each once, in the order in which it first
	// saw them.
	Leaves []*x509.Certificate

	stop  context.CancelFunc
	done  sync.WaitGroup
	mu    sync.Mutex  // guards the counts while it runs
	begun []time.Time // of the requests that are counted
}

const (
	// askEvery is the time from one request to the next.
	askEvery = 10 * time.Millisecond
	// inFlight limits the number of open requests of clients that are started together: those of an
	// eighth of a second. On a slower machine the next request waits. With more of them, the
	// measured time would only be the time for which they wait for each other: with 325 open
	// requests on two cores each waits for seconds, some clients give up, and Traefik closes an
	// HTTP/2 connection if it has not read its first frame within two seconds, which the client
	// sees as an unexpected EOF.
	inFlight = 12
	// leastInFlight are under way for each URL, so that one slow answer hides nothing.
	leastInFlight = 2
)

// share is how many requests may be under way for each of some URLs.
func share(urls int) int { return max(leastInFlight, inFlight/max(urls, 1)) }

// each calls do every 10 ms, with no more than some calls under way, until ctx ends and all
// have returned.
func each(ctx context.Context, underWay int, do func(number int)) {
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	var under sync.WaitGroup
	defer under.Wait()
	room := make(chan struct{}, underWay)
	for number := 0; ; number++ {
		select {
		case <-ctx.Done():
			return
		case room <- struct{}{}:
		}
		under.Go(func() {
			do(number)
			<-room
		})
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Probe starts asking for a URL that must answer with 200.
func (l *Lab) Probe(url string, pool *x509.CertPool) *Probe { return l.ProbeWith(url, pool, Succeeds) }

// ProbeWith starts requesting a URL. If accept returns an error for an answer, the request has
// failed, as without an answer.
func (l *Lab) ProbeWith(url string, pool *x509.CertPool, accept func(Response) error) *Probe {
	return startProbe(l.Cluster.ClientOf(l.Model, pool), url, inFlight, accept)
}

// Succeeds accepts an answer with code 200.
func Succeeds(response Response) error {
	if response.Code != http.StatusOK {
		return fmt.Errorf("answer %d", response.Code)
	}
	return nil
}

func startProbe(client *http.Client, url string, underWay int, accept func(Response) error) *Probe {
	ctx, stop := context.WithCancel(context.Background())
	p := &Probe{URL: url, stop: stop}
	p.done.Go(func() {
		each(ctx, underWay, func(int) {
			begun := time.Now()
			response, leaf, err := get(ctx, client, url, nil)
			if ctx.Err() != nil {
				return // Interrupted by Stop, not by the gateway.
			}
			if err == nil {
				err = accept(response)
			}
			p.count(begun, leaf, err)
		})
	})
	return p
}

func (p *Probe) count(begun time.Time, leaf *x509.Certificate, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Sent++
	p.begun = append(p.begun, begun)
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

// AwaitMore waits until it has counted n requests that began after the call.
func (p *Probe) AwaitMore(ctx context.Context, n int) error {
	now := time.Now()
	return cluster.Eventually(ctx, Patience, func(context.Context) error {
		if more := p.since(now); more < n {
			return fmt.Errorf("%d of %d more requests to %s", more, n, p.URL)
		}
		return nil
	})
}

func (p *Probe) since(at time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, begun := range p.begun {
		if begun.After(at) {
			n++
		}
	}
	return n
}

// Stop ends the requests.
func (p *Probe) Stop() {
	p.stop()
	p.done.Wait()
}
