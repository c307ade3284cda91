package charm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/relation/certificatetransfer"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// What applications that speak TLS need: the CA certificates that sign their certificates, from
// receive-ca-cert, and what the cluster has for such applications.

func (c *Charm) readCAProvider(ctx context.Context, id string, number int) (state.CAProvider, error) {
	application, written, err := c.otherSide(ctx, id)
	if err != nil {
		return state.CAProvider{}, err
	}
	var units []state.Databag
	if !certificatetransfer.InApplication(written) {
		names, err := c.Tools.RelationUnits(ctx, id)
		if err != nil {
			return state.CAProvider{}, err
		}
		all, err := c.readUnits(ctx, endpointReceiveCA, id, names, true)
		if err != nil {
			return state.CAProvider{}, err
		}
		for _, unit := range all {
			units = append(units, unit.Bag)
		}
	}
	return state.NewCAProvider(number, application, written, units, c.Now), nil
}

// publishCARequests tells the providers of CA certificates which version of the interface we speak.
func (c *Charm) publishCARequests(ctx context.Context, relations plan.Relations) error {
	for _, number := range relations.CARequests {
		if err := c.write(ctx, endpointReceiveCA, number, certificatetransfer.Encode(), false); err != nil {
			return fmt.Errorf("cannot ask for CA certificates on relation %d: %w", number, err)
		}
	}
	return nil
}

// mayFindConfigMaps reports whether, judging by the event alone, there may be a ConfigMap to prune.
func (c *Charm) mayFindConfigMaps() bool {
	switch c.Event.Kind {
	case gocharm.LeaderElected, gocharm.Start, gocharm.UpgradeCharm:
		return true
	default:
		return c.Event.Relation != nil && c.Event.Relation.Endpoint == endpointReceiveCA
	}
}

// readBackendTLS adds what the cluster has for applications that speak TLS. It asks for ConfigMaps
// only if there may be one: a hook that has nothing to do with such applications makes no request
// for them. If a hook of a lost leader broke off half-way, a ConfigMap may be left over: rare
// events ask too.
func (c *Charm) readBackendTLS(ctx context.Context, cluster *kube.Client, st *state.State, snapshot *kube.Snapshot) error {
	if snapshot == nil {
		return nil
	}
	if len(st.CAProviders) > 0 || c.mayFindConfigMaps() {
		if err := cluster.ReadConfigMaps(ctx, snapshot); err != nil {
			return fmt.Errorf("cannot read the cluster: %w", err)
		}
	}
	if slices.ContainsFunc(st.CAProviders, func(p state.CAProvider) bool { return !p.Written }) {
		data, annotations := snapshot.ConfigMap(plan.AuthoritiesName(st.Application))
		st.Cluster.Authorities = state.NewAuthorities(data[plan.AuthoritiesKey], annotations[plan.AnnotationTold], c.Now)
	}
	st.Cluster.Policies, st.Cluster.TLSServices = snapshot.Policies, snapshot.TLSServices()
	var forbidden *kube.ForbiddenError
	switch {
	case errors.As(snapshot.NoBackendTLS, &forbidden):
		st.Cluster.ForbiddenBackendTLS = forbidden.Action
	case snapshot.NoBackendTLS != nil:
		st.Cluster.WithoutBackendTLS = true
	}
	return nil
}
