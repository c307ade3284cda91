package kube

import (
	"context"
	"io"
	"net"
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
		if _, err := client.Read(t.Context()); !unanswered(err) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(started); took != 20*time.Second {
			t.Errorf("waited %v", took)
		}
	})
}
