package lab

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Visitors are the users of one application while its URL changes. Some know the old
// URL, some the new one, some have just been told one by the application. A visit begins
// every 10 ms, whatever became of those before it, so that one slow answer hides nothing,
// and asks at all of these URLs at once. Most visits go over connections that are kept, as
// a browser's do; each fourth makes new ones, and so sees the certificate of the moment.
//
// The figures may be read after Stop.
type Visitors struct {
	// URLs are the old one and the new one.
	URLs []string
	// Visits is how many there were.
	Visits int
	// Nowhere are the visits that were served at none of the URLs.
	Nowhere Misses
	// Told are the visits that were not served at the URL that the application was told
	// when they began. One that was told none is not among them.
	Told Misses
	// Slowest is the longest that an answer of the application took: how slow the machine is.
	Slowest time.Duration

	app   *App
	told  func() string
	kept  *http.Client
	fresh *http.Client

	stop context.CancelFunc
	done sync.WaitGroup
	mu   sync.Mutex // guards the results while it runs
	all  []visit
}

// Misses are visits that have failed.
type Misses struct {
	Count int
	// Longest is the longest time in which no visit succeeded, from the first that
	// failed to the next that did not.
	Longest time.Duration
	// First is why the first of them failed.
	First error
}

// A visit is one moment: when it began, why it failed, nil if it did not, and how long the
// slowest answer of the application took.
type visit struct {
	at            time.Time
	nowhere, told error
	took          time.Duration
}

// freshEvery says which visits make connections of their own.
const freshEvery = 4

// Visit starts visits to an application that the gateway serves, at the URLs and at the
// one that it is told at each moment.
func (l *Lab) Visit(app *App, gateway string, pool *x509.CertPool, urls ...string) *Visitors {
	kept := l.Cluster.ClientOf(l.Model, pool)
	transport := kept.Transport.(*http.Transport)
	transport.DisableKeepAlives, transport.MaxIdleConnsPerHost = false, inFlight
	return startVisitors(app, func() string { return app.URL(gateway) }, kept, l.Cluster.ClientOf(l.Model, pool), urls)
}

func startVisitors(app *App, told func() string, kept, fresh *http.Client, urls []string) *Visitors {
	ctx, stop := context.WithCancel(context.Background())
	v := &Visitors{app: app, told: told, URLs: urls, kept: kept, fresh: fresh, stop: stop}
	v.done.Go(func() {
		defer kept.CloseIdleConnections()
		each(ctx, share(len(urls)), func(number int) {
			client := kept
			if number%freshEvery == 0 {
				client = fresh
			}
			v.visit(ctx, client)
		})
	})
	return v
}

// visit asks at all URLs at once. One that Stop cuts short does not count.
func (v *Visitors) visit(ctx context.Context, client *http.Client) {
	now := visit{at: time.Now()}
	told := v.told()
	urls := slices.Clone(v.URLs)
	if told != "" && !slices.Contains(urls, told) {
		urls = append(urls, told)
	}
	failures, took := v.askAll(ctx, client, urls)
	if !slices.Contains(failures, nil) {
		// The application may have moved just now, so that it was gone from the one and not
		// yet at the other when each was asked. Whoever was lost by that asks again.
		failures, took = v.askAll(ctx, client, urls)
	}
	if ctx.Err() != nil {
		return
	}
	if !slices.Contains(failures, nil) {
		texts := make([]string, len(urls))
		for i, failure := range failures {
			texts[i] = failure.Error()
		}
		now.nowhere = fmt.Errorf("%s", strings.Join(texts, "; "))
	}
	if i := slices.Index(urls, told); i >= 0 {
		now.told = failures[i]
	}
	now.took = took
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all = append(v.all, now)
}

// askAll asks at all URLs at once, and gives how long the slowest took of those that serve.
func (v *Visitors) askAll(ctx context.Context, client *http.Client, urls []string) ([]error, time.Duration) {
	failures, times := make([]error, len(urls)), make([]time.Duration, len(urls))
	var asked sync.WaitGroup
	for i, url := range urls {
		asked.Go(func() {
			begun := time.Now()
			if failures[i] = v.ask(ctx, client, url); failures[i] == nil {
				times[i] = time.Since(begun)
			}
		})
	}
	asked.Wait()
	return failures, slices.Max(times)
}

// ask returns an error unless the application itself answers, or a redirect from plain HTTP to
// HTTPS, by which no user is lost.
func (v *Visitors) ask(ctx context.Context, client *http.Client, url string) error {
	response, _, err := get(ctx, client, url, nil)
	if err != nil {
		return err
	}
	if rest, plain := strings.CutPrefix(url, "http://"); plain && response.Code == http.StatusMovedPermanently && response.Location == "https://"+rest {
		return nil
	}
	if err := Succeeds(response); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	if !strings.HasPrefix(response.Echo.Unit, v.app.Name+"/") {
		return fmt.Errorf("%s: answered by %q", url, response.Echo.Unit)
	}
	return nil
}

// Since is how many visits have ended that began at that time or later.
func (v *Visitors) Since(at time.Time) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for _, one := range v.all {
		if !one.at.Before(at) {
			n++
		}
	}
	return n
}

// Stop ends the visits, and counts.
func (v *Visitors) Stop() {
	v.stop()
	v.done.Wait()
	slices.SortFunc(v.all, func(a, b visit) int { return a.at.Compare(b.at) })
	v.Visits = len(v.all)
	v.Nowhere = missesOf(v.all, func(one visit) error { return one.nowhere })
	v.Told = missesOf(v.all, func(one visit) error { return one.told })
	for _, one := range v.all {
		v.Slowest = max(v.Slowest, one.took)
	}
}

func missesOf(all []visit, failure func(visit) error) Misses {
	var m Misses
	var since time.Time // of the failures at hand
	for i, one := range all {
		err := failure(one)
		if err == nil {
			since = time.Time{}
			continue
		}
		m.Count++
		if m.First == nil {
			m.First = err
		}
		if since.IsZero() {
			since = one.at
		}
		end := one.at
		if i+1 < len(all) {
			end = all[i+1].at
		}
		m.Longest = max(m.Longest, end.Sub(since))
	}
	return m
}

func (m Misses) String() string {
	if m.Count == 0 {
		return "0"
	}
	return fmt.Sprintf("%d, %s at a stretch, first: %v", m.Count, m.Longest.Round(time.Millisecond), m.First)
}
