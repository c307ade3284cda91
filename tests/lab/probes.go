package lab

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
)

// Probes request several URLs at the same time.
type Probes struct {
	// All are in the order of the URLs.
	All []*Probe
}

// Probes starts asking for URLs that must all answer with 200.
func (l *Lab) Probes(pool *x509.CertPool, urls ...string) *Probes {
	return startProbes(l.Cluster.ClientOf(l.Model, pool), urls...)
}

func startProbes(client *http.Client, urls ...string) *Probes {
	p := &Probes{}
	for _, url := range urls {
		p.All = append(p.All, startProbe(client, url, share(len(urls)), Succeeds))
	}
	return p
}

// AwaitMore waits until each URL has been asked for n more times, see Probe.
func (p *Probes) AwaitMore(ctx context.Context, n int) error {
	for _, probe := range p.All {
		if err := probe.AwaitMore(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends the requests. The results of the other methods are final afterwards.
func (p *Probes) Stop() {
	for _, probe := range p.All {
		probe.stop()
	}
	for _, probe := range p.All {
		probe.Stop()
	}
}

// Sent is how many requests were sent to all URLs.
func (p *Probes) Sent() int {
	sum := 0
	for _, probe := range p.All {
		sum += probe.Sent
	}
	return sum
}

// Failed is how many of them failed.
func (p *Probes) Failed() int {
	sum := 0
	for _, probe := range p.All {
		sum += probe.Failed
	}
	return sum
}

// First is a failure, the first one of the first URL that has any; nil for none.
func (p *Probes) First() error {
	for _, probe := range p.All {
		if probe.First != nil {
			return fmt.Errorf("%s: %w", probe.URL, probe.First)
		}
	}
	return nil
}

// Of is the probe of one of the URLs, nil for any other.
func (p *Probes) Of(url string) *Probe {
	for _, probe := range p.All {
		if probe.URL == url {
			return probe
		}
	}
	return nil
}
