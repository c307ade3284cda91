package charm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// read starts a run of the leader: it gathers everything that a decision may depend on. It asks the
// cluster and the hook tools at the same time; the hook tools answer one call at a time.
func (c *Charm) read(ctx context.Context, cluster *kube.Client) (*run, error) {
	type answer struct {
		snapshot *kube.Snapshot
		err      error
	}
	answers := make(chan answer, 1)
	go func() {
		snapshot, err := cluster.Read(ctx)
		answers <- answer{snapshot, err}
	}()
	st, err := c.readJuju(ctx)
	fromCluster := <-answers
	if err != nil {
		return nil, fmt.Errorf("cannot read from Juju: %w", err)
	}
	st.Namespace = cluster.Namespace()
	st.Cluster, err = clusterState(st.Application, fromCluster.snapshot, fromCluster.err)
	if err != nil {
		return nil, fmt.Errorf("cannot read the cluster: %w", err)
	}
	if err = findAPIServer(ctx, cluster, &st); err != nil {
		return nil, err
	}
	if err = c.readBackendTLS(ctx, cluster, &st, fromCluster.snapshot); err != nil {
		return nil, err
	}
	if err = c.findNamespaces(ctx, cluster, &st); err != nil {
		return nil, err
	}
	if err = c.readCilium(ctx, cluster, &st); err != nil {
		return nil, err
	}
	st.Cluster.Served = served(fromCluster.snapshot, st)
	r := &run{cluster: cluster, state: st, snapshot: fromCluster.snapshot}
	if st.Cluster.Forbidden != "" {
		r.forbidden = fromCluster.err
	}
	return r, nil
}

func (c *Charm) readJuju(ctx context.Context) (state.State, error) {
	st := state.State{Application: c.Event.Application(), Model: c.Event.Model, PodAddresses: c.PodAddresses, Now: c.Now}
	options, err := c.Tools.Config(ctx)
	if err != nil {
		return st, err
	}
	st.Config, st.Problems = state.ParseConfig(options)
	if st.Certificates, err = c.readCertificates(ctx); err != nil && !c.noteUndecided(err) {
		return st, err
	}
	if st.Record, err = c.readRecord(ctx); err != nil {
		return st, err
	}
	if err = c.openLedger(ctx); err != nil {
		return st, err
	}
	stored, err := c.storedState(ctx)
	if err != nil {
		return st, err
	}
	st.Allowance = state.ParseAllowance(stored[keyAllowance])
	if c.ledgers.stale { // Another unit has led since: what applications had then is not known here.
		st.Allowance.Had, st.Allowance.Bound = nil, 0
	}
	if st.Requirers, err = readEach(ctx, c, endpointGateway, c.readRequirer); err != nil {
		return st, err
	}
	if st.RouteRequirers, err = readEach(ctx, c, endpointGatewayRoute, c.readRouteRequirer); err != nil {
		return st, err
	}
	if st.DNSProviders, err = readEach(ctx, c, endpointDNSRecord, c.readDNSProvider); err != nil {
		return st, err
	}
	if st.CAProviders, err = readEach(ctx, c, endpointReceiveCA, c.readCAProvider); err != nil {
		return st, err
	}
	return st, c.learned.firstUndecided
}

// readEach reads every relation of an endpoint. It leaves out relations that Juju lists but that do
// not exist any more.
func readEach[T any](ctx context.Context, c *Charm, endpoint string, read func(ctx context.Context, id string, number int) (T, error)) ([]T, error) {
	ids, err := c.relations(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	var all []T
	for _, id := range ids {
		number, err := relationNumber(id)
		if err != nil {
			return nil, err
		}
		one, err := retryOnce(func() (T, error) { return read(ctx, id, number) })
		if gone(err) {
			absent, err := c.absentOrUndecided(ctx, endpoint, id, "", err)
			if err != nil {
				return nil, err
			}
			if absent {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		if err := c.clearDenial(ctx, id); err != nil {
			return nil, err
		}
		c.carryOver(number)
		all = append(all, one)
	}
	return all, nil
}

// readCertificates reads the certificates relation. The endpoint allows one relation, but Juju may
// list more, such as one that was removed by force and does not exist any more. The newest that can
// be read counts.
func (c *Charm) readCertificates(ctx context.Context) (state.Certificates, error) {
	ids, err := c.relations(ctx, endpointCertificates)
	if err != nil {
		return state.Certificates{}, err
	}
	denied := map[string]error{}
	for _, id := range slices.Backward(ids) {
		application, provider, own, err := c.certificateData(ctx, id)
		switch {
		case gone(err):
			denied[id] = err
		case err != nil:
			return state.Certificates{}, err
		default:
			certificates, err := c.certificates(ctx, id, provider, own)
			certificates.Provider = application
			return certificates, err
		}
	}
	var undecided error
	for _, id := range ids {
		_, err := c.absent(ctx, endpointCertificates, id, "", denied[id])
		if err != nil {
			err = fmt.Errorf("relation %s: %w", id, err)
		}
		if err != nil && !errors.Is(err, errUndecided) {
			return state.Certificates{}, err
		}
		undecided = cmp.Or(undecided, err)
	}
	return state.Certificates{}, undecided
}

// certificateData reads both sides of a certificates relation. If our own side is denied and the
// other side can be read, that says nothing about the relation: the leadership lease may have
// lapsed for a moment.
func (c *Charm) certificateData(ctx context.Context, id string) (application string, provider, own state.Databag, err error) {
	provider, err = retryOnce(func() (theirs state.Databag, err error) {
		application, theirs, err = c.otherSide(ctx, id)
		return theirs, err
	})
	if err != nil {
		return "", nil, nil, err
	}
	if err = c.clearDenial(ctx, id); err != nil {
		return "", nil, nil, err
	}
	own, err = c.ownData(ctx, id)
	if gone(err) {
		listed, listErr := c.listed(ctx, endpointCertificates, id)
		if listErr != nil || listed {
			return "", nil, nil, errors.Join(listErr, fmt.Errorf("cannot read our data of relation %s: %v", id, err))
		}
	}
	return application, provider, own, err
}

func (c *Charm) readDNSProvider(ctx context.Context, id string, number int) (state.DNSProvider, error) {
	application, reply, err := c.otherSide(ctx, id)
	return state.DNSProvider{RelationID: number, Application: application, Reply: reply}, err
}

// clusterState turns what was read, or the reason why it could not be read, into facts.
func clusterState(application string, snapshot *kube.Snapshot, err error) (state.Cluster, error) {
	var forbidden *kube.ForbiddenError
	var missing *kube.NoResourceError
	switch {
	case err != nil && !kube.OnlyRefused(err): // An outage, perhaps with other errors.
		return state.Cluster{}, err
	case errors.As(err, &forbidden):
		return state.Cluster{Forbidden: forbidden.Action}, nil
	case errors.As(err, &missing):
		return state.Cluster{WithoutGatewayAPI: true}, nil
	}
	facts := state.Cluster{
		Classes: snapshot.Classes, Gateway: snapshot.Gateway, Routes: snapshot.Routes,
		Services: snapshot.Services(), ServiceAddresses: snapshot.ServiceAddresses(),
	}
	if snapshot.OwnerUID != "" {
		facts.Owner = &state.Owner{Name: application, UID: snapshot.OwnerUID}
	}
	return facts, nil
}

// findAPIServer finds the addresses of the API server, so that no application of another model can
// claim one of them. It asks the cluster only if an application of another model gives addresses.
func findAPIServer(ctx context.Context, cluster *kube.Client, st *state.State) (err error) {
	st.Cluster.APIServer = cluster.Server()
	hasAddresses := func(r state.Requirer) bool { return !r.Local && len(r.Addresses) > 0 }
	if st.Cluster.Usable() && slices.ContainsFunc(st.Requirers, hasAddresses) {
		if st.Cluster.APIServer, err = cluster.Servers(ctx); err != nil {
			return fmt.Errorf("cannot read the cluster: %w", err)
		}
	}
	return nil
}

// served checks the certificates that are in the cluster. It leaves out one that Juju has no record
// of: somebody else put it there.
func served(snapshot *kube.Snapshot, st state.State) []state.Served {
	if snapshot == nil {
		return nil
	}
	var all []state.Served
	for _, secret := range snapshot.TLSSecrets() {
		one, ok := state.NewServed(secret.Name, secret.Certificate, secret.Key, st.Certificates, st.Now)
		if ok && st.Record.Vouches(one.Chain, st.Certificates) {
			all = append(all, one)
		}
	}
	return all
}

// otherSide reads the application data of a relation's other side.
func (c *Charm) otherSide(ctx context.Context, id string) (application string, theirs state.Databag, err error) {
	if application, err = c.Tools.RelationApplication(ctx, id); err == nil {
		theirs, err = c.Tools.ApplicationData(ctx, id, application)
	}
	return application, theirs, err
}

// relations lists an endpoint's relations, without the one that is breaking: some versions of Juju
// still list it.
func (c *Charm) relations(ctx context.Context, endpoint string) ([]string, error) {
	ids, err := c.Tools.RelationIDs(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	var alive []string
	for _, id := range ids {
		if !c.breaking(id) {
			alive = append(alive, id)
		}
	}
	return alive, nil
}

// ownData reads what our application has written to a relation. Only the leader may do that. So
// "permission denied" can mean that leadership is lost, not that the relation is gone: the error
// then is ErrNotLeader.
func (c *Charm) ownData(ctx context.Context, id string) (state.Databag, error) {
	data, err := retryOnce(func() (state.Databag, error) { return c.Tools.ApplicationData(ctx, id, c.Event.Application()) })
	if !errors.Is(err, gocharm.ErrPermissionDenied) {
		return data, err
	}
	return nil, cmp.Or(c.mustLead(ctx), err)
}

// mustLead asks again whether this unit leads. Its error is ErrNotLeader if it does not.
func (c *Charm) mustLead(ctx context.Context) error {
	leader, err := c.Tools.IsLeader(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("cannot learn who leads: %w", err)
	case !leader:
		return gocharm.ErrNotLeader
	}
	return nil
}

// relationID returns "gateway:3", as Juju writes it, and relationNumber its 3.
func relationID(endpoint string, number int) string { return fmt.Sprintf("%s:%d", endpoint, number) }

func relationNumber(id string) (int, error) {
	number, err := strconv.Atoi(id[strings.LastIndexByte(id, ':')+1:])
	if err != nil {
		return 0, fmt.Errorf("cannot read relation id %q", id)
	}
	return number, nil
}
