package kube

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
)

// TestSilentAPIServer shows, in a time of its own, how long an API server is
// waited for that takes requests and never answers.
func TestSilentAPIServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config := &rest.Config{Host: "http://silent.invalid", Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			t.Cleanup(func() { _ = theirs.Close() })
			return ours, nil
		}}
		client, err := NewClient(config, Options{Namespace: "shop", Manager: "gw", Label: testLabel})
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if _, err := client.Read(t.Context()); !isOutage(err) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(started); took != 20*time.Second {
			t.Errorf("waited %v", took)
		}
	})
}

// TestSetTimeLimit: all requests together have one time limit: answers that each come in
// time do not add up.
func TestSetTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Each answer takes 15 seconds, of the 20 that each may take.
		slow := func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			t.Cleanup(func() { _ = theirs.Close() })
			go func() {
				reader := bufio.NewReader(theirs)
				for {
					if _, err := http.ReadRequest(reader); err != nil {
						return
					}
					select {
					case <-time.After(15 * time.Second):
					case <-t.Context().Done():
						return
					}
					body := `{"kind":"List","apiVersion":"v1","metadata":{},"items":[]}`
					fmt.Fprintf(theirs, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				}
			}()
			return ours, nil
		}
		client, err := NewClient(&rest.Config{Host: "http://slow.invalid", Dial: slow}, Options{Namespace: "shop", Manager: "gw", Label: testLabel})
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		client.SetTimeLimit(25 * time.Second)
		snapshot, err := client.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = client.Apply(t.Context(), snapshot, []Object{secret("a"), gateway("gw", "a"), httpRoute("r", "a")})
		if took := time.Since(started); !isOutage(err) || took != 25*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
