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

// Juju promises a leader that nobody else leads for 30 seconds after it was asked
// (is-leader). All requests to the cluster are made within requestsLimit of that, so that
// no late one undoes what the next leader has made. Where Juju itself took more than
// leaderIsSure to be read, it is asked again.
const (
	requestsLimit = 25 * time.Second
	leaderIsSure  = 10 * time.Second
)

// reconcile makes the cluster and the relations what they have to be, from
// scratch, whatever the event.
func (c *Charm) reconcile(ctx context.Context) error {
	started := time.Now()
	if left, err := c.hasLeft(ctx); left || err != nil {
		return err
	}
	leads, err := c.asLeader(ctx, func() error { return c.lead(ctx, started) })
	if err != nil {
		return err
	}
	switch err := c.forget(ctx, leads); {
	case errors.Is(err, gocharm.ErrNotLeader):
		leads = false
	case err != nil:
		return err
	}
	if leads {
		return nil
	}
	// Leadership can be lost in the middle of a hook. The new leader has an
	// event of its own.
	if err := c.stepDown(ctx); err != nil {
		return err
	}
	return c.setStatus(ctx, plan.Standby())
}

// asLeader does what only the leader can, and reports whether this unit leads, and still did
// at the end.
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
	cluster  *kube.Client
	asked    time.Time // when Juju has told that this unit leads
	state    state.State
	snapshot *kube.Snapshot
	// forbidden is why the cluster cannot be read, of a charm that may not; nil if it can.
	forbidden error
	changes   []kube.Change // what was written so far
	held      []kube.Held   // what is to be written or deleted, and has to wait
}

// lead is the leader's part: read, plan, apply, wait, publish, status. An error that is
// ErrNotLeader says that the unit leads no longer.
func (c *Charm) lead(ctx context.Context, started time.Time) error {
	cluster, err := c.connect()
	if err != nil {
		return err
	}
	r, err := c.read(ctx, cluster)
	if err != nil {
		return err
	}
	r.asked = started
	p, err := c.planAround(ctx, r)
	if err != nil {
		return err
	}
	if err := c.stillLead(ctx, r); err != nil {
		return err
	}
	missing, err := c.apply(ctx, r, p)
	if len(missing) > 0 {
		// A host that cannot have its Secret holds up no other.
		r.state.Cluster.Refused = missing
		_, othersErr := c.apply(ctx, r, plan.Make(r.state))
		err = errors.Join(err, othersErr)
	}
	if err := c.applied(ctx, r, p, err); err != nil {
		return err
	}
	if err := c.await(ctx, r, r.changes, leastPatience(p)); err != nil {
		return err
	}
	r.observe()
	if len(p.Unready) > 0 {
		if err := c.goOn(ctx, r, p); err != nil {
			return err
		}
		r.observe()
	}
	// What was written may be judged now, or objects have been refused. Planning is pure,
	// so ask again.
	p = plan.Make(r.state)
	if err := c.publish(ctx, r.state, p); err != nil {
		return err
	}
	if err := c.setStatus(ctx, p.Status); err != nil {
		return err
	}
	return c.logEnd(ctx, p.Status, len(r.changes), time.Since(started))
}

// maxLooks is how often objects that are not ours are planned around in a run: a name that
// takes the place of another may be somebody's, too.
const maxLooks = 4

// planAround makes the plan. If objects of others have names that it would use, it makes
// another with that.
func (c *Charm) planAround(ctx context.Context, r *run) (plan.Plan, error) {
	p := plan.Make(r.state)
	for range maxLooks {
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
		if own { // Objects of ours that were not in the snapshot.
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

// observe brings the state up to date with what the controller has judged by now. What leads
// to applications stays as it was read: the plan was made from that.
func (r *run) observe() {
	if r.snapshot != nil {
		r.state.Cluster.Gateway, r.state.Cluster.Routes, r.state.Cluster.Policies = r.snapshot.Gateway, r.snapshot.Routes, r.snapshot.Policies
	}
	r.state.Cluster.Written = len(r.changes) > 0
}

// stillLead asks again who leads before anything is written, if that was answered long ago.
func (c *Charm) stillLead(ctx context.Context, r *run) error {
	if time.Since(r.asked) < leaderIsSure {
		return nil
	}
	if err := c.mustLead(ctx); err != nil {
		return err
	}
	r.cluster.Within(requestsLimit)
	return nil
}

func objectsOf(p plan.Plan) []kube.Object {
	objects := make([]kube.Object, len(p.Objects))
	for i, object := range p.Objects {
		objects[i] = object
	}
	return objects
}

// apply carries out a plan. If Secrets cannot be made, it returns their names with the error, and
// nothing that comes after Secrets has been touched.
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

// applied logs what became of a plan, and brings the state up to date with what the API server has
// refused: that is an answer, and no error.
func (c *Charm) applied(ctx context.Context, r *run, p plan.Plan, err error) error {
	refused, err := kube.Refusals(err)
	if err != nil {
		err = fmt.Errorf("cannot apply: %w", err)
	}
	for _, one := range refused {
		r.state.Cluster.Refusals = append(r.state.Cluster.Refusals, state.Refusal{
			Kind: one.Kind, Name: one.Name, Action: one.Action, Permission: one.Permission, Stands: one.Stands, Reason: one.Reason,
		})
	}
	// What was done is worth knowing most when something failed.
	return errors.Join(err, c.logRefusals(ctx, refused), c.logRun(ctx, r, p))
}
