package charm

import (
	"context"
	"errors"
	"fmt"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Applications with routes of their own have them in the namespace of their model. Juju says which
// model that is, and the cluster says which namespace belongs to it.

// readRouteRequirer reads what an application on gateway-route wrote, and notes its model.
func (c *Charm) readRouteRequirer(ctx context.Context, id string, number int) (state.RouteRequirer, error) {
	application, request, err := c.otherSide(ctx, id)
	if err != nil {
		return state.RouteRequirer{}, err
	}
	requirer := state.NewRouteRequirer(number, application, request)
	local, foreign, err := c.localOrForeign(ctx, endpointGatewayRoute, id, number, application, "")
	if err != nil {
		return state.RouteRequirer{}, err
	}
	requirer.Foreign = foreign
	if requirer.Servable() {
		if c.learned.models == nil {
			c.learned.models = map[int]string{}
		}
		if c.learned.models[number], err = c.modelOf(ctx, id, application, local, foreign); err != nil {
			return state.RouteRequirer{}, err
		}
	}
	requirer.Told, err = c.hasPublishedGateway(ctx, id, number)
	return requirer, err
}

// modelOf returns the UUID of the model of a relation's other side; empty if it is not known. If
// Juju cannot tell models apart, the application's name says most: without the prefix of a consumer
// of our offer, the application is of our model, or of a model whose offer our operator has
// consumed. To treat the latter as ours opens only our own namespace.
func (c *Charm) modelOf(ctx context.Context, id, application string, local, foreign bool) (string, error) {
	switch {
	case local, !foreign && !isConsumer(application):
		return c.Event.ModelUUID, nil
	case !foreign || c.learned.modelsUnknown:
		return "", nil
	}
	if uuid, known := c.learned.asked[id]; known {
		return uuid, nil
	}
	uuid, err := c.Tools.RelationModelUUID(ctx, id)
	if errors.Is(err, gocharm.ErrUnsupported) {
		return "", nil
	}
	return uuid, err
}

// noteModel stores the model that Juju has told for a relation's other side.
func (l *learned) noteModel(id, uuid string) {
	if l.asked == nil {
		l.asked = map[string]string{}
	}
	l.asked[id] = uuid
}

// findNamespaces finds the namespaces of the models of applications with routes of their own. It
// asks the cluster only if one of the models is not ours.
func (c *Charm) findNamespaces(ctx context.Context, cluster *kube.Client, st *state.State) error {
	if !st.Cluster.Usable() {
		return nil
	}
	var found map[string]string
	for i := range st.RouteRequirers {
		requirer := &st.RouteRequirers[i]
		switch model := c.learned.models[requirer.RelationID]; {
		case model == "":
		case model == c.Event.ModelUUID:
			requirer.Namespace = st.InNamespace()
		default:
			if found == nil {
				var err error
				if found, err = cluster.Models(ctx); err != nil {
					return fmt.Errorf("cannot read the cluster: %w", err)
				}
			}
			requirer.Namespace = found[model]
		}
	}
	return nil
}
