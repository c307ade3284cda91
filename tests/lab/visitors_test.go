package lab

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// A place is a server that can be told to serve "web/0", or not.
func place(t *testing.T) (url string, open *atomic.Bool) {
	t.Helper()
	open = &atomic.Bool{}
	echo := EchoHandler("web/0")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !open.Load() {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		echo.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, open
}

// until waits for visits that began from now on.
func until(t *testing.T, v *Visitors, n int) {
	t.Helper()
	now := time.Now()
	err := cluster.Eventually(t.Context(), Patience, func(context.Context) error {
		if v.Since(now) < n {
			return errors.New("too few visits")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func visitors(t *testing.T, app string, told *atomic.Value, urls ...string) *Visitors {
	t.Helper()
	client := func() *http.Client { return &http.Client{Transport: &http.Transport{}} }
	v := startVisitors(&App{Name: app}, func() string { return told.Load().(string) }, client(), client(), urls)
	t.Cleanup(v.Stop)
	return v
}

func TestVisitorsNeedOnePlace(t *testing.T) {
	t.Parallel()
	old, oldOpen := place(t)
	next, nextOpen := place(t)
	var told atomic.Value
	told.Store(old)
	oldOpen.Store(true)
	v := visitors(t, "web", &told, old, next)
	until(t, v, 3)
	nextOpen.Store(true)
	until(t, v, 3)
	told.Store(next)
	until(t, v, 3)
	oldOpen.Store(false)
	until(t, v, 3)
	v.Stop()
	if v.Nowhere.Count != 0 || v.Told.Count != 0 || v.Visits < 12 {
		t.Errorf("%d visits; nowhere %v; told %v", v.Visits, v.Nowhere, v.Told)
	}
}

func TestVisitorsSeeAGap(t *testing.T) {
	t.Parallel()
	old, oldOpen := place(t)
	next, nextOpen := place(t)
	var told atomic.Value
	told.Store(old)
	oldOpen.Store(true)
	v := visitors(t, "web", &told, old, next)
	until(t, v, 3)
	oldOpen.Store(false)
	until(t, v, 5)
	nextOpen.Store(true)
	until(t, v, 3)
	told.Store(next)
	until(t, v, 3)
	v.Stop()
	if v.Nowhere.Count < 5 || v.Nowhere.Longest < 4*askEvery || v.Told.Count < v.Nowhere.Count+3 {
		t.Errorf("%d visits; nowhere %v; told %v", v.Visits, v.Nowhere, v.Told)
	}
	if text := v.Nowhere.String(); strings.Count(text, "answer 404") != 2 {
		t.Errorf("nowhere is told as %q", text)
	}
}

// A URL that is told too early is a failure of its own, and one that is told to nobody is none.
func TestVisitorsTrustWhatIsTold(t *testing.T) {
	t.Parallel()
	old, oldOpen := place(t)
	next, _ := place(t)
	var told atomic.Value
	told.Store("")
	oldOpen.Store(true)
	v := visitors(t, "web", &told, old)
	until(t, v, 3)
	told.Store(next)
	until(t, v, 3)
	v.Stop()
	if v.Nowhere.Count != 0 || v.Told.Count < 3 || v.Told.Count > v.Visits-3 {
		t.Errorf("%d visits; nowhere %v; told %v", v.Visits, v.Nowhere, v.Told)
	}
}

func TestVisitorsWantTheApplicationItself(t *testing.T) {
	t.Parallel()
	url, open := place(t)
	open.Store(true)
	var told atomic.Value
	told.Store("")
	v := visitors(t, "we", &told, url)
	until(t, v, 3)
	v.Stop()
	if v.Nowhere.Count == 0 || !strings.Contains(v.Nowhere.First.Error(), `answered by "web/0"`) {
		t.Errorf("%d visits; nowhere %v", v.Visits, v.Nowhere)
	}
}

// Only the answers of the application tell how slow the machine is: not those that fail.
func TestVisitorsTellTheSlowestAnswer(t *testing.T) {
	t.Parallel()
	const slow, slower = 50 * time.Millisecond, 2 * time.Second
	echo := EchoHandler("web/0")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/fails" {
			time.Sleep(slower)
			w.WriteHeader(http.StatusNotFound)
			return
		}
		time.Sleep(slow)
		echo.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	var told atomic.Value
	told.Store("")
	v := visitors(t, "web", &told, server.URL+"/fails", server.URL)
	until(t, v, 3)
	v.Stop()
	if v.Slowest < slow || v.Slowest >= slower {
		t.Errorf("the slowest answer took %s", v.Slowest)
	}
}
