package charm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Juju guarantees a leader that no other unit leads for 30 seconds after is-leader. All requests to
// the cluster are made within requestsLimit of that answer, so that no late request undoes what the
// next leader has made. If reading from Juju took longer than maxLeaderAge, is-leader is asked
// again.
const (
	requestsLimit = 25 * time.Second
	maxLeaderAge  = 10 * time.Second
)

// reconcile brings the cluster and the relations to the desired state, from scratch, whatever the
// event.
func (c *Charm) reconcile(ctx context.Context) error {
	started := time.Now()
	if left, err := c.isBeingRemoved(ctx); left || err != nil {
		return err
	}
	leads, err := c.asLeader(ctx, func() error { return c.lead(ctx, started) })
	if err != nil {
		return err
	}
	switch err := c.removeCertificateSecrets(ctx, leads); {
	case errors.Is(err, gocharm.ErrNotLeader):
		leads = false
	case err != nil:
		return err
	}
	if leads {
		return nil
	}
	// Leadership can be lost in the middle of a hook. The new leader gets an event of its own.
	if err := c.clearLeaderState(ctx); err != nil {
		return err
	}
	return c.setStatus(ctx, plan.Standby())
}

// asLeader calls do if this unit leads. It reports whether this unit leads, and still did at the
// end.
func (c *Charm) asLeader(ctx context.Context, do func() error) (leads bool, err error) {
	if leads, err = c.Tools.IsLeader(ctx); err != nil {
		return false, fmt.Errorf("cannot learn who leads: %w", err)
	}
	if leads {
		err = do()
	}
	if errors.Is(err, gocharm.ErrNotLeader) {
		return false, nil
	}
	return leads, err
}

// A run is one run of the leader, from reading to the status.
type run struct {
	cluster     *kube.Client
	leaderAsked time.Time // the time at which the hook began to ask whether this unit leads
	state       state.State
	snapshot    *kube.Snapshot
	// forbidden is the error if the charm has no permission to read the cluster; nil if it has.
	forbidden error
	changes   []kube.Change // what has been written so far
	held      []kube.Held   // what must be written or deleted later
}

// lead is what the leader does: read, plan, apply, wait, publish, status. Its error is ErrNotLeader
// if the unit no longer leads.
func (c *Charm) lead(ctx context.Context, started time.Time) error {
	cluster, err := c.connect()
	if err != nil {
		return err
	}
	r, err := c.read(ctx, cluster)
	if err != nil {
		return err
	}
	r.leaderAsked = started
	p, err := c.planAround(ctx, r)
	if err != nil {
		return err
	}
	if err := c.stillLead(ctx, r); err != nil {
		return err
	}
	missing, err := c.apply(ctx, r, p)
	if len(missing) > 0 {
		// A host whose Secret is refused must not hold up other hosts.
		r.state.Cluster.Refused = missing
		_, othersErr := c.apply(ctx, r, plan.Make(r.state))
		err = errors.Join(err, othersErr)
	}
	if err := c.noteApplied(ctx, r, p, err); err != nil {
		return err
	}
	if err := c.await(ctx, r, r.changes, leastWait(p)); err != nil {
		return err
	}
	r.observe()
	if len(p.Unready) > 0 {
		if err := c.writeNextStage(ctx, r, p); err != nil {
			return err
		}
		r.observe()
	}
	// The controller may have judged what was written by now, or the API server may have refused
	// objects. Planning is pure, so plan again.
	p = plan.Make(r.state)
	if err := c.publish(ctx, r.state, p); err != nil {
		return err
	}
	if err := c.setStatus(ctx, p.Status); err != nil {
		return err
	}
	return c.logEnd(ctx, p.Status, len(r.changes), time.Since(started))
}

// maxForeignLooks is how many times a run plans around objects that are not ours. The name that
// replaces a taken one may be taken too.
const maxForeignLooks = 4

// planAround makes the plan. If objects of others have names that the plan would use, it plans
// again with that knowledge.
func (c *Charm) planAround(ctx context.Context, r *run) (plan.Plan, error) {
	p := plan.Make(r.state)
	for range maxForeignLooks {
		if p.KeepObjects {
			break
		}
		found, own, err := r.cluster.FindForeign(ctx, r.snapshot, objectsOf(p))
		if err != nil {
			return p, fmt.Errorf("cannot read the cluster: %w", err)
		}
		if len(found) == 0 && !own {
			break
		}
		if own { // Some were ours, and not in the snapshot.
			r.observe()
			r.state.Cluster.Services, r.state.Cluster.TLSServices = r.snapshot.Services(), r.snapshot.TLSServices()
			r.state.Cluster.Served = served(r.snapshot, r.state)
		}
		for _, one := range found {
			r.state.Cluster.Foreign = append(r.state.Cluster.Foreign, state.Foreign{Kind: one.Kind, Name: one.Name, Instance: one.Instance, Maker: one.Maker})
		}
		p = plan.Make(r.state)
	}
	return p, nil
}

// observe updates the state with what the controller has judged by now. Services stay as they were
// read: the plan was made from that.
func (r *run) observe() {
	if r.snapshot != nil {
		r.state.Cluster.Gateway, r.state.Cluster.Routes, r.state.Cluster.Policies = r.snapshot.Gateway, r.snapshot.Routes, r.snapshot.Policies
	}
	r.state.Cluster.Written = len(r.changes) > 0
}

// stillLead asks again whether this unit leads, before anything is written, if the last answer is
// too old.
func (c *Charm) stillLead(ctx context.Context, r *run) error {
	if time.Since(r.leaderAsked) < maxLeaderAge {
		return nil
	}
	if err := c.mustLead(ctx); err != nil {
		return err
	}
	r.cluster.SetTimeLimit(requestsLimit)
	return nil
}

func objectsOf(p plan.Plan) []kube.Object {
	objects := make([]kube.Object, len(p.Objects))
	for i, object := range p.Objects {
		objects[i] = object
	}
	return objects
}

// apply carries out a plan. If the API server refuses new Secrets, it returns their names with the
// error, and has written nothing that comes after Secrets.
func (c *Charm) apply(ctx context.Context, r *run, p plan.Plan) (missingSecrets []string, err error) {
	if p.KeepObjects {
		return nil, nil
	}
	changes, held, err := r.cluster.Apply(ctx, r.snapshot, objectsOf(p))
	r.changes, r.held = append(r.changes, changes...), held
	if missing, is := errors.AsType[*kube.MissingSecretsError](err); is {
		missingSecrets = missing.Names
	}
	return missingSecrets, err
}

// noteApplied logs the outcome of a plan, and adds to the state what the API server has refused: a
// refusal is an answer, not an error.
func (c *Charm) noteApplied(ctx context.Context, r *run, p plan.Plan, err error) error {
	refused, err := kube.Refusals(err)
	if err != nil {
		err = fmt.Errorf("cannot apply: %w", err)
	}
	for _, one := range refused {
		r.state.Cluster.Refusals = append(r.state.Cluster.Refusals, state.Refusal{
			Kind: one.Kind, Name: one.Name, Action: one.Action, Permission: one.Permission, Stands: one.Stands, Reason: one.Reason,
		})
	}
	// Log it also if something failed: then it matters most.
	return errors.Join(err, c.logRefusals(ctx, refused), c.logRun(ctx, r, p))
}
