package charm

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// publish writes to the relations what differs from what stands there: a write
// that changes nothing wakes nobody, but it is a call.
func (c *Charm) publish(ctx context.Context, st state.State, p plan.Plan) error {
	relations := p.Relations
	for _, url := range relations.URLs {
		if err := c.publishURL(ctx, st, url); err != nil {
			return fmt.Errorf("cannot publish the URL on relation %d: %w", url.RelationID, err)
		}
	}
	if relations.Requests == nil {
		return nil
	}
	if err := c.keepKey(ctx, st.Certificates); err != nil {
		return err
	}
	if err := c.publishRequests(ctx, st.Certificates, *relations.Requests); err != nil {
		return fmt.Errorf("cannot publish certificate requests: %w", err)
	}
	return c.setAlarm(ctx, p.WakeAt)
}

func (c *Charm) publishURL(ctx context.Context, st state.State, url plan.URL) error {
	normal := ""
	if url.URL != "" {
		var err error
		if normal, err = ingress.NormalizeURL(url.URL); err != nil {
			return err
		}
	}
	data := ingress.EncodeURL(normal)
	i := slices.IndexFunc(st.Requirers, func(r state.Requirer) bool { return r.RelationID == url.RelationID })
	if i >= 0 && holds(st.Requirers[i].Published, data) {
		return nil
	}
	id := fmt.Sprintf("%s:%d", endpointGateway, url.RelationID)
	err := c.Tools.SetApplicationData(ctx, id, data)
	return ignoreGone(err)
}

// holds says that writing the data to a bag would change nothing; an empty
// value deletes a key.
func holds(bag, data state.Databag) bool {
	for key, value := range data {
		if bag[key] != value {
			return false
		}
	}
	return true
}

// publishRequests makes the requests that are missing and withdraws those that are
// not to be kept. The key is made first, if there is none.
func (c *Charm) publishRequests(ctx context.Context, certificates state.Certificates, wanted plan.Requests) error {
	if len(wanted.Create) == 0 && len(wanted.Keep) == len(certificates.Entries) {
		return nil
	}
	var requests []tlscertificates.Request
	for _, pem := range wanted.Keep {
		requests = append(requests, tlscertificates.Request{PEM: pem})
	}
	if len(wanted.Create) > 0 {
		key, err := c.ensureKey(ctx, certificates.Key)
		if err != nil {
			return err
		}
		for _, names := range wanted.Create {
			request, err := tlscertificates.NewRequest(rand.Reader, c.Now, key, state.Subject(names))
			if err != nil {
				return err
			}
			requests = append(requests, request)
		}
	}
	err := c.Tools.SetApplicationData(ctx, wanted.RelationID, tlscertificates.EncodeRequests(requests))
	return ignoreGone(err)
}
