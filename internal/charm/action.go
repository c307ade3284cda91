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

// action handles an action. Whatever goes wrong fails the action, not the unit.
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

// leaderOnly calls do if this unit leads, and fails the action otherwise. Only the leader can read
// what our application has written to its relations, and write its secrets.
func (c *Charm) leaderOnly(ctx context.Context, do func() error) error {
	leads, err := c.asLeader(ctx, do)
	if err != nil || leads {
		return err
	}
	return c.Tools.FailAction(ctx, "Only the leader can do this; run it on "+c.Event.Application()+"/leader.")
}

// afterReading calls do on the leader, after it has read everything.
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
			// In an outage the requests for every kind of object fail. One error is enough here.
			reason, _, _ := strings.Cut(commandless(err), "\n")
			return c.Tools.FailAction(ctx, "Cannot tell what is served: "+reason)
		}
		return do(r)
	})
}

// connect makes a client for the application's objects, with a time limit for all its requests. The
// objects are in the model's namespace. Connect may know that by another name.
func (c *Charm) connect() (*kube.Client, error) {
	cluster, err := c.Connect(kube.Options{
		Namespace: c.Event.Model, Manager: c.Event.Application(), Label: plan.LabelManagedBy,
	})
	if err == nil {
		cluster.SetTimeLimit(requestsLimit)
	}
	return cluster, err
}
