package charm

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
	"github.com/canonical/gateway-api-integrator/internal/relation/gatewayroute"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// publish writes to the relations what differs from what they hold. A no-op relation-set notifies
// nobody, but costs a round trip.
func (c *Charm) publish(ctx context.Context, st state.State, p plan.Plan) error {
	relations := p.Relations
	for _, url := range relations.URLs {
		if err := c.publishURL(ctx, url); err != nil {
			return fmt.Errorf("cannot publish the URL on relation %d: %w", url.RelationID, err)
		}
	}
	if err := c.publishRoutes(ctx, relations); err != nil {
		return err
	}
	if err := c.publishCARequests(ctx, relations); err != nil {
		return err
	}
	if err := c.closeLedger(ctx, p.Allowance, p.Record(st)); err != nil {
		return err
	}
	if relations.Requests == nil {
		return nil
	}
	if err := c.adoptOlderKey(ctx, st.Certificates); err != nil {
		return err
	}
	if err := c.publishRequests(ctx, st.Certificates, *relations.Requests); err != nil {
		return fmt.Errorf("cannot publish certificate requests: %w", err)
	}
	return c.setAlarm(ctx, p.WakeAt)
}

func (c *Charm) publishURL(ctx context.Context, url plan.URL) error {
	normal := ""
	if url.URL != "" {
		var err error
		if normal, err = ingress.NormalizeURL(url.URL); err != nil {
			return err
		}
	}
	return c.write(ctx, endpointGateway, url.RelationID, ingress.EncodeURL(normal), normal == "")
}

// publishRoutes answers the applications that write routes of their own, and asks for DNS records.
func (c *Charm) publishRoutes(ctx context.Context, relations plan.Relations) error {
	for _, answer := range relations.Routes {
		data := gatewayroute.Withdrawal()
		if answer.Gateway != nil {
			data = gatewayroute.Encode(*answer.Gateway)
		}
		if err := c.write(ctx, endpointGatewayRoute, answer.RelationID, data, answer.Gateway == nil); err != nil {
			return fmt.Errorf("cannot answer on gateway-route relation %d: %w", answer.RelationID, err)
		}
	}
	for _, wanted := range relations.DNS {
		if err := c.write(ctx, endpointDNSRecord, wanted.RelationID, dnsrecord.Encode(wanted.Records), len(wanted.Records) == 0); err != nil {
			return fmt.Errorf("cannot ask for DNS records on relation %d: %w", wanted.RelationID, err)
		}
	}
	return nil
}

// write sets our application data on a relation unless it already holds them. If the data withdraw
// something, an empty databag counts as withdrawn. The next hook reads what was written, and enters
// it in the ledger.
func (c *Charm) write(ctx context.Context, endpoint string, number int, data state.Databag, withdraws bool) error {
	sum, err := digest(data)
	if err != nil || c.ledgers.trusted.Digests[number] == sum {
		return err
	}
	id := relationID(endpoint, number)
	bag, err := c.ownBag(ctx, id)
	if err == nil && (holds(bag, data) || withdraws && len(bag) == 0) {
		c.ledgers.written.Digests[number] = sum
		return nil
	}
	delete(c.ledgers.written.Digests, number)
	delete(c.ledgers.written.Published, number)
	if err == nil {
		err = c.Tools.SetApplicationData(ctx, id, data)
	}
	return c.unlessUnlisted(ctx, endpoint, id, err)
}

// holds reports whether writing the data to a bag would change nothing. An empty value deletes a
// key.
func holds(bag, data state.Databag) bool {
	for key, value := range data {
		if bag[key] != value {
			return false
		}
	}
	return true
}

// publishRequests makes the certificate requests that are missing, and withdraws those that are no
// longer wanted. If there is no key, it makes the key first.
func (c *Charm) publishRequests(ctx context.Context, certificates state.Certificates, wanted plan.Requests) error {
	if len(wanted.Create) == 0 && len(wanted.Keep) == len(certificates.Entries) {
		return nil
	}
	var requests []tlscertificates.Request
	for _, pem := range wanted.Keep {
		requests = append(requests, tlscertificates.Request{PEM: pem})
	}
	if len(wanted.Create) > 0 {
		key, err := c.ensureKey(ctx, certificates)
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
	return c.unlessUnlisted(ctx, endpointCertificates, wanted.RelationID, err)
}
