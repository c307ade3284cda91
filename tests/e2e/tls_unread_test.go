package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// TestUnreadIntermediate has the authority answer with a chain in which Go does not read the
// intermediate. It is sent to clients all the same: one written in Go says that it cannot
// read what it was sent. Envoy Gateway would take the listener away, and is not given it: the
// client finds that it has a link too few. Then all is as before.
func TestUnreadIntermediate(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "unread", map[string]any{"external-hostname": "unread.example.com"}).withAuthority()
	url := f.app("web", 8080, nil).URL(charm)
	f.awaitAnswer(url, 200)
	var relation int
	for _, one := range f.Juju.Status().Relations {
		if one.Requirer == charm+":certificates" {
			relation = one.ID
		}
	}
	requests, _ := tlscertificates.ParseRequests(f.Juju.RelationData(relation, charm))
	if len(requests) != 1 {
		t.Fatalf("%d requests", len(requests))
	}
	entry, err := f.ca.Unread(requests[0].PEM)
	f.must(err)
	f.ca.Garbage = []string{entry}
	f.must(f.Settle(f.ctx))
	want, message := "failed to parse certificate from server: x509: negative serial number", active
	if traits().RefusesUnread {
		want, message = "certificate signed by unknown authority", active+"; the chain for unread.example.com is sent without what Envoy Gateway refuses"
	}
	f.awaitStatus("active", message)
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		if _, err := f.Get(ctx, url, f.ca.Pool()); err == nil || !strings.Contains(err.Error(), want) {
			return fmt.Errorf("the client is told %v", err)
		}
		return nil
	}))
	f.ca.Garbage = nil
	f.must(f.Settle(f.ctx))
	f.awaitAnswer(url, 200)
	f.awaitStatus("active", active)
}
