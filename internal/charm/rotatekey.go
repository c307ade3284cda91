package charm

import (
	"context"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// rotatePrivateKey runs the action rotate-private-key: it makes a new key, and new requests with
// it. The cluster does not change: each host keeps its old key and certificate until the new
// certificate is there.
func (c *Charm) rotatePrivateKey(ctx context.Context) error {
	return c.afterReading(ctx, func(r *run) error {
		st := r.state
		stored, err := c.storedState(ctx)
		if err != nil {
			return err
		}
		before := plan.Make(st)
		switch {
		case stored[keyLeaving] != "":
			// The unit sees relations break that the application keeps.
			return c.Tools.FailAction(ctx, "This unit is being removed: run it on another one when that leads.")
		case !st.Certificates.Related:
			return c.Tools.FailAction(ctx, "Certificates relation not created.")
		case !st.Cluster.Usable(), before.Relations.Requests == nil:
			// It is not known what is served, or what to request.
			return c.Tools.FailAction(ctx, "The key is kept: "+before.Status.Message)
		case st.Certificates.Key == "":
			return c.Tools.FailAction(ctx, "There is no private key yet: no certificate has been requested.")
		}
		if err := c.replaceKey(ctx); err != nil {
			return err
		}
		if st.Certificates, err = c.readCertificates(ctx); err != nil {
			return err
		}
		p := plan.Make(st)
		if p.Relations.Requests == nil {
			return c.Tools.FailAction(ctx, "The certificates relation has gone meanwhile.")
		}
		if err := c.publishRequests(ctx, st.Certificates, *p.Relations.Requests); err != nil {
			return err
		}
		text, changed, err := c.allowanceText(ctx, p.Allowance)
		if err == nil && changed {
			err = c.Tools.SetState(ctx, map[string]string{keyAllowance: text})
		}
		if err != nil {
			return err
		}
		if err := c.setStatus(ctx, p.Status); err != nil {
			return err
		}
		return c.Tools.SetActionResults(ctx, map[string]string{"requested": strings.Join(requested(p), ", ")})
	})
}

// requested returns the hosts for which a plan requests new certificates.
func requested(p plan.Plan) []string {
	var names []string
	for _, one := range p.Relations.Requests.Create {
		names = append(names, one...)
	}
	return names
}
