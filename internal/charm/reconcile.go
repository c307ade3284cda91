package charm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
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
	leader, err := c.Tools.IsLeader(ctx)
	if err != nil {
		return fmt.Errorf("cannot learn who leads: %w", err)
	}
	if leader {
		err = c.lead(ctx, started)
	}
	if errors.Is(err, gocharm.ErrNotLeader) {
		leader, err = false, nil
	}
	if err == nil {
		err = c.forget(ctx, leader)
	}
	if err == nil && !leader || errors.Is(err, gocharm.ErrNotLeader) {
		// Leadership can be lost in the middle of a hook. The new leader has an
		// event of its own.
		if err := c.stepDown(ctx); err != nil {
			return err
		}
		return c.setStatus(ctx, plan.Standby())
	}
	return err
}

// lead is the leader's part. An error that is ErrNotLeader says that the unit
// leads no longer.
func (c *Charm) lead(ctx context.Context, started time.Time) error {
	cluster, err := c.connect()
	if err != nil {
		return err
	}
	st, snapshot, err := c.read(ctx, cluster)
	if err != nil {
		return err
	}
	p, err := c.planAround(ctx, cluster, &st, snapshot)
	if err != nil {
		return err
	}
	if err := c.stillLead(ctx, cluster, started); err != nil {
		return err
	}
	changes, held, err := c.apply(ctx, cluster, &st, snapshot, p)
	// Log first: what was done is worth knowing most when something failed.
	err = errors.Join(err, c.logChanges(ctx, changes, held, p.Remarks))
	if err == nil {
		err = c.await(ctx, cluster, snapshot, changes, leastPatience(p))
	}
	if err != nil {
		return err
	}
	st.Cluster.Written = len(changes) > 0
	showJudged(&st, snapshot)
	if len(p.Unready) > 0 {
		more, err := c.goOn(ctx, cluster, st, snapshot, p, started)
		if err != nil {
			return err
		}
		changes = append(changes, more...)
		st.Cluster.Written = len(changes) > 0
		showJudged(&st, snapshot)
	}
	// What was written may be judged now, or objects have been refused. Planning is pure,
	// so ask again.
	p = plan.Make(st)
	if err := c.publish(ctx, st, p); err != nil {
		return err
	}
	if err := c.setStatus(ctx, p.Status); err != nil {
		return err
	}
	return c.logEnd(ctx, p.Status, len(changes), time.Since(started))
}

// maxLooks is how often objects that are not ours are planned around in a run: a name that
// takes the place of another may be somebody's, too.
const maxLooks = 4

// planAround makes the plan. If objects of others have names that it would use, it makes
// another with that.
func (c *Charm) planAround(ctx context.Context, cluster *kube.Client, st *state.State, snapshot *kube.Snapshot) (plan.Plan, error) {
	p := plan.Make(*st)
	for range maxLooks {
		if p.KeepObjects {
			break
		}
		found, own, err := cluster.FindForeign(ctx, snapshot, objectsOf(p))
		if err != nil {
			return p, fmt.Errorf("cannot read the cluster: %w", err)
		}
		if len(found) == 0 && !own {
			break
		}
		if own {
			showSnapshot(st, snapshot)
			st.Cluster.Served = served(snapshot, *st)
		}
		for _, one := range found {
			st.Cluster.Foreign = append(st.Cluster.Foreign, state.Foreign{Kind: one.Kind, Name: one.Name, Instance: one.Instance, Maker: one.Maker})
		}
		p = plan.Make(*st)
	}
	return p, nil
}

// showJudged brings the state up to date with what the controller has judged.
func showJudged(st *state.State, snapshot *kube.Snapshot) {
	if snapshot != nil {
		st.Cluster.Gateway, st.Cluster.Routes, st.Cluster.Policies = snapshot.Gateway, snapshot.Routes, snapshot.Policies
	}
}

// showSnapshot brings the state up to date with objects that were found late.
func showSnapshot(st *state.State, snapshot *kube.Snapshot) {
	showJudged(st, snapshot)
	st.Cluster.Services, st.Cluster.TLSServices = snapshot.Services(), snapshot.TLSServices()
}

// stillLead asks again who leads before anything is written, if that was answered long ago.
func (c *Charm) stillLead(ctx context.Context, cluster *kube.Client, asked time.Time) error {
	if time.Since(asked) < leaderIsSure {
		return nil
	}
	if err := c.mustLead(ctx); err != nil {
		return err
	}
	cluster.Within(requestsLimit)
	return nil
}

func objectsOf(p plan.Plan) []kube.Object {
	objects := make([]kube.Object, len(p.Objects))
	for i, object := range p.Objects {
		objects[i] = object
	}
	return objects
}

// apply writes the objects and brings the state up to date with what the
// cluster answered. That the API server refuses objects is an answer too, and no error. It
// returns what was changed, and what has to wait.
func (c *Charm) apply(ctx context.Context, cluster *kube.Client, st *state.State, snapshot *kube.Snapshot, p plan.Plan) ([]kube.Change, []kube.Held, error) {
	if p.KeepObjects {
		return nil, nil, nil
	}
	changes, held, err := cluster.Apply(ctx, snapshot, objectsOf(p))
	var missing *kube.MissingSecretsError
	if errors.As(err, &missing) {
		// A host that cannot have its Secret holds up no other.
		st.Cluster.Refused = missing.Names
		more, stillHeld, othersErr := cluster.Apply(ctx, snapshot, objectsOf(plan.Make(*st)))
		changes, held, err = append(changes, more...), stillHeld, errors.Join(err, othersErr)
	}
	refused, err := kube.Refusals(err)
	if logErr := c.logRefusals(ctx, refused); logErr != nil {
		err = errors.Join(err, logErr)
	}
	if err != nil {
		return changes, held, fmt.Errorf("cannot apply: %w", err)
	}
	for _, one := range refused {
		st.Cluster.Refusals = append(st.Cluster.Refusals, state.Refusal{
			Kind: one.Kind, Name: one.Name, Action: one.Action, Permission: one.Permission, Stands: one.Stands, Reason: one.Reason,
		})
	}
	return changes, held, nil
}

// logChanges tells of each object that was written, of each that is held, and of each remark,
// such as why an application or a provider's entry is left out.
func (c *Charm) logChanges(ctx context.Context, changes []kube.Change, held []kube.Held, remarks []string) error {
	var objects []string
	for _, change := range changes {
		objects = append(objects, change.String())
	}
	for _, one := range held {
		objects = append(objects, one.String())
	}
	err := c.Tools.LogList(ctx, gocharm.LevelInfo, "Objects of the cluster:", objects)
	if err == nil {
		err = c.Tools.LogList(ctx, gocharm.LevelWarning, "To be seen to:", remarks)
	}
	if err != nil {
		return fmt.Errorf("cannot log: %w", err)
	}
	return nil
}

// logRefusals tells of each object that the API server has refused: the status has room
// for one.
func (c *Charm) logRefusals(ctx context.Context, refused []*kube.RefusedError) error {
	lines := make([]string, len(refused))
	for i, one := range refused {
		lines[i], _, _ = strings.Cut(commandless(one), "\n")
	}
	if err := c.Tools.LogList(ctx, gocharm.LevelWarning, "Refused by the API server:", lines); err != nil {
		return fmt.Errorf("cannot log: %w", err)
	}
	return nil
}

// commandless returns an error for the log, or for who ran an action. What others say in it must not
// look like a command of the charm's.
func commandless(err error) string { return pyjson.Commandless(err.Error()) }

// logRefusal says what may not be read.
func (c *Charm) logRefusal(ctx context.Context, refusal error) error {
	if err := c.Tools.Log(ctx, gocharm.LevelWarning, commandless(refusal)); err != nil {
		return fmt.Errorf("cannot log: %w", err)
	}
	return nil
}

func (c *Charm) logEnd(ctx context.Context, status plan.Status, changes int, took time.Duration) error {
	message := fmt.Sprintf("%s: objects changed: %d, in %d ms; %s: %s",
		c.Event, changes, took.Milliseconds(), status.Kind, cmp.Or(status.Whole, status.Message))
	if err := c.Tools.Log(ctx, gocharm.LevelInfo, message); err != nil {
		return fmt.Errorf("cannot log: %w", err)
	}
	return nil
}
