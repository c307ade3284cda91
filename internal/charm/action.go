package charm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// action handles an action. Whatever stands in its way is the action's failure,
// never the unit's.
func (c *Charm) action(ctx context.Context) error {
	switch c.Event.Action.Name {
	case actionGetCertificate:
		return c.getCertificate(ctx)
	case actionListCertificates:
		return c.listCertificates(ctx)
	case actionShowRoutes:
		return c.showRoutes(ctx)
	case actionRotatePrivateKey:
		return c.rotatePrivateKey(ctx)
	default:
		return c.Tools.FailAction(ctx, fmt.Sprintf("unknown action %q", c.Event.Action.Name))
	}
}

// leaderOnly does what only the leader can: read what our application has written
// to its relations, and write its secrets.
func (c *Charm) leaderOnly(ctx context.Context, do func() error) error {
	leads, err := c.asLeader(ctx, do)
	if err != nil || leads {
		return err
	}
	return c.Tools.FailAction(ctx, "Only the leader can do this; run it on "+c.Event.Application()+"/leader.")
}

// afterReading reads everything for an action of the leader.
func (c *Charm) afterReading(ctx context.Context, do func(*run) error) error {
	return c.leaderOnly(ctx, func() error {
		cluster, err := c.connect()
		if err != nil {
			return c.Tools.FailAction(ctx, "Cannot reach the cluster: "+commandless(err))
		}
		r, err := c.read(ctx, cluster)
		switch {
		case errors.Is(err, gocharm.ErrNotLeader):
			return err
		case err != nil:
			// Of an outage every kind of object tells; one is enough here.
			reason, _, _ := strings.Cut(commandless(err), "\n")
			return c.Tools.FailAction(ctx, "Cannot tell what is served: "+reason)
		}
		return do(r)
	})
}

// connect makes a client that sees the application's objects, for requests of limited time.
// They are in the model's namespace, which Connect may know by another name.
func (c *Charm) connect() (*kube.Client, error) {
	cluster, err := c.Connect(kube.Options{
		Namespace: c.Event.Model, Manager: c.Event.Application(), Label: plan.LabelManagedBy,
	})
	if err == nil {
		cluster.Within(requestsLimit)
	}
	return cluster, err
}
