package lab

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// failingServer answers 503 from the third request on.
func failingServer(t *testing.T) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var count atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if count.Add(1) > 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	return server, &count
}

func TestProbeCounts(t *testing.T) {
	t.Parallel()
	server, count := failingServer(t)
	p := startProbe(server.Client(), server.URL, inFlight, Succeeds)
	if err := p.AwaitMore(t.Context(), 5); err != nil {
		t.Error(err)
	}
	p.Stop()
	if p.Sent < 5 || p.Failed != p.Sent-2 || p.First == nil || p.First.Error() != "answer 503" {
		t.Errorf("%d of %d requests failed, first: %v", p.Failed, p.Sent, p.First)
	}
	if answered := int(count.Load()); p.Sent > answered || p.Sent < answered-inFlight {
		t.Errorf("the server counts %d requests, the probe %d", answered, p.Sent)
	}
	if first, last := p.begun[0], p.begun[len(p.begun)-1]; last.Sub(first) < time.Duration(p.Sent-2)*askEvery {
		t.Errorf("%d requests in %s", p.Sent, last.Sub(first))
	}
	if len(p.Leaves) != 1 || !p.Leaves[0].Equal(server.Certificate()) {
		t.Errorf("%d certificates", len(p.Leaves))
	}
}

func TestProbeAcceptsWhatItIsTold(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.RedirectHandler("https://elsewhere.example.com/", http.StatusMovedPermanently))
	t.Cleanup(server.Close)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p := startProbe(client, server.URL, inFlight, func(response Response) error {
		if response.Location == "" {
			return Succeeds(response)
		}
		return nil
	})
	if err := p.AwaitMore(t.Context(), 2); err != nil {
		t.Error(err)
	}
	p.Stop()
	if p.Failed != 0 || p.Sent < 2 || p.Leaves != nil {
		t.Errorf("%d of %d requests failed, first: %v; %d certificates", p.Failed, p.Sent, p.First, len(p.Leaves))
	}
}

// A slow answer holds up none of those after it.
func TestProbeOverlaps(t *testing.T) {
	t.Parallel()
	var count atomic.Int64
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if count.Add(1) == 1 {
			<-release
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	p := startProbe(server.Client(), server.URL, inFlight, Succeeds)
	if err := p.AwaitMore(t.Context(), 5); err != nil {
		t.Error(err)
	}
	p.Stop()
	if p.Failed != 0 {
		t.Errorf("%d of %d requests failed, first: %v", p.Failed, p.Sent, p.First)
	}
}

// A server that never answers fails no request of a probe that is stopped.
func TestProbeForgetsTheRequestThatStopCuts(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	p := startProbe(server.Client(), server.URL, inFlight, Succeeds)
	<-asked
	p.Stop()
	if p.Sent != 0 || p.Failed != 0 {
		t.Errorf("%d of %d requests failed, first: %v", p.Failed, p.Sent, p.First)
	}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	good, bad := server.URL+"/good", server.URL+"/bad"
	p := startProbes(server.Client(), good, bad)
	if err := p.AwaitMore(t.Context(), 3); err != nil {
		t.Error(err)
	}
	p.Stop()
	if p.Of(good).Sent < 3 || p.Of(bad).Sent < 3 || p.Sent() != p.Of(good).Sent+p.Of(bad).Sent {
		t.Errorf("sent %d: %d and %d", p.Sent(), p.Of(good).Sent, p.Of(bad).Sent)
	}
	if p.Failed() != p.Of(bad).Sent {
		t.Errorf("%d failed, not the %d of the bad one", p.Failed(), p.Of(bad).Sent)
	}
	if err := p.First(); err == nil || !strings.HasPrefix(err.Error(), bad+": ") {
		t.Errorf("first = %v", err)
	}
	if p.Of("other") != nil {
		t.Error("there is a probe of another URL")
	}
}

// However many URLs there are, a slow server has no more requests under way than for one.
func TestProbesShareWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	var under, most atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		now := under.Add(1)
		defer under.Add(-1)
		for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
		}
		time.Sleep(100 * time.Millisecond)
	}))
	t.Cleanup(server.Close)
	const urls = 13
	p := startProbes(server.Client(), slices.Repeat([]string{server.URL}, urls)...)
	if err := p.AwaitMore(t.Context(), 5); err != nil {
		t.Error(err)
	}
	p.Stop()
	if n := most.Load(); n > urls*leastInFlight || n < urls {
		t.Errorf("%d requests were under way for %d URLs", n, urls)
	}
	if p.Failed() != 0 {
		t.Errorf("%d of %d requests failed, first: %v", p.Failed(), p.Sent(), p.First())
	}
}
