package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// imitatedEnvoy asks as Envoy does: for one kind, again and again, with the version that it
// has taken.
type imitatedEnvoy struct {
	url     string
	refuses bool
	taken   func(kind string, count int)
}

func (e imitatedEnvoy) follow(ctx context.Context, path string, names ...string) {
	version := ""
	for ctx.Err() == nil {
		answer := e.ask(ctx, path, version, names...)
		if answer == nil {
			continue
		}
		e.taken(path, len(answer.Resources))
		if !e.refuses {
			version = answer.Version
		}
	}
}

// ask returns nil where there is no news.
func (e imitatedEnvoy) ask(ctx context.Context, path, version string, names ...string) *discoveryAnswer {
	body, err := json.Marshal(map[string]any{"version_info": version, "resource_names": names})
	if err != nil {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url+"/v3/discovery:"+path, bytes.NewReader(body))
	if err != nil {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	answer := &discoveryAnswer{}
	if response.StatusCode != http.StatusOK || json.NewDecoder(response.Body).Decode(answer) != nil {
		return nil
	}
	return answer
}

// serveDiscovery returns what is served, and where.
func serveDiscovery(t *testing.T) (*discovery, string) {
	t.Helper()
	served := newDiscovery(log.New(io.Discard, "", 0))
	server := httptest.NewServer(served)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return served, server.URL
}

// some are resources of one name in each of these kinds.
func some(name string, kinds ...string) resources {
	all := resources{}
	for _, kind := range kinds {
		all.put(kind, name, json.RawMessage(`{"name":"`+name+`"}`))
	}
	return all
}

// TestPublishKeepsTheOrder has an Envoy take clusters, listeners and endpoints, the new ones
// and none.
func TestPublishKeepsTheOrder(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	served, url := serveDiscovery(t)
	var mutex sync.Mutex
	var got []string
	envoy := imitatedEnvoy{url: url, taken: func(kind string, count int) {
		mutex.Lock()
		defer mutex.Unlock()
		got = append(got, fmt.Sprintf("%s %d", kind, count))
	}}
	var clients sync.WaitGroup
	defer clients.Wait()
	defer cancel()
	clients.Go(func() { envoy.follow(ctx, "clusters") })
	clients.Go(func() { envoy.follow(ctx, "listeners") })
	clients.Go(func() { envoy.follow(ctx, "endpoints", "one") })
	served.publish(ctx, resources{})
	mutex.Lock()
	got = nil
	mutex.Unlock()
	served.publish(ctx, some("one", typeEndpoint, typeListener, typeCluster))
	served.awaitTaken(ctx, typeEndpoint, "one")
	mutex.Lock()
	defer mutex.Unlock()
	if diff := cmp.Diff([]string{"clusters 1", "listeners 1", "endpoints 1"}, got); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
}

// TestGoneIsNoNews asks for an endpoint that goes: Envoy keeps what it has, and is told when
// there is another.
func TestGoneIsNoNews(t *testing.T) {
	t.Parallel()
	served, url := serveDiscovery(t)
	envoy := imitatedEnvoy{url: url}
	served.change(func() { served.add(typeEndpoint, some("a", typeEndpoint)) })
	first := envoy.ask(t.Context(), "endpoints", "", "a")
	if first == nil || len(first.Resources) != 1 {
		t.Fatalf("answer %v", first)
	}
	served.change(func() { delete(served.serving[typeEndpoint], "a") })
	hasty, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if answer := envoy.ask(hasty, "endpoints", first.Version, "a"); answer != nil {
		t.Errorf("that it is gone is answered with %v", answer)
	}
	served.change(func() {
		served.serving.put(typeEndpoint, "a", json.RawMessage(`{"name":"a","new":true}`))
	})
	// The question that was given up may have got the answer; so Envoy asks again.
	answer := envoy.ask(t.Context(), "endpoints", first.Version, "a")
	if answer == nil {
		answer = envoy.ask(t.Context(), "endpoints", first.Version, "a")
	}
	if answer == nil || answer.Version == first.Version {
		t.Errorf("another is answered with %v", answer)
	}
}

// TestRefusedIsNotRepeated has an Envoy refuse what it is sent. It is not sent it again at once,
// and is sent what comes next.
func TestRefusedIsNotRepeated(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	served, url := serveDiscovery(t)
	answers := make(chan time.Time, 100)
	envoy := imitatedEnvoy{url: url, refuses: true, taken: func(string, int) { answers <- time.Now() }}
	served.change(func() { served.add(typeListener, some("bad", typeListener)) })
	var client sync.WaitGroup
	defer client.Wait()
	defer cancel()
	client.Go(func() { envoy.follow(ctx, "listeners") })
	times := []time.Time{<-answers, <-answers}
	if !slices.IsSortedFunc(times, time.Time.Compare) || times[1].Sub(times[0]) < 500*time.Millisecond {
		t.Errorf("sent again after %s", times[1].Sub(times[0]))
	}
	served.change(func() { served.add(typeListener, some("good", typeListener)) })
	if last := <-answers; last.Sub(times[1]) > 500*time.Millisecond {
		t.Errorf("another was sent after %s", last.Sub(times[1]))
	}
}
