package charm

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Names of the charm's endpoints and actions, as in metadata.yaml and
// actions.yaml.
const (
	endpointGateway        = "gateway"
	endpointGatewayRoute   = "gateway-route"
	endpointCertificates   = "certificates"
	endpointDNSRecord      = "dns-record"
	endpointReceiveCA      = "receive-ca-cert"
	actionGetCertificate   = "get-certificate"
	actionListCertificates = "list-certificates"
	actionRotatePrivateKey = "rotate-private-key"
	actionShowRoutes       = "show-routes"
)

// Charm has what the handler of an event needs.
type Charm struct {
	// Event is the event for which Juju started the process.
	Event gocharm.Event
	// Tools are Juju's hook tools.
	Tools *gocharm.Tools
	// PodAddresses are the addresses of the pod in which the hook runs.
	PodAddresses []netip.Addr
	// Connect makes a client for the cluster. Only events that need the cluster call it, so that
	// the others work without one.
	Connect func(kube.Options) (*kube.Client, error)
	// Now is the time of the run.
	Now time.Time
	// NewKey makes a private key. If it is nil, tlscertificates.NewKey does.
	NewKey func() (*rsa.PrivateKey, error)

	// rotated is the new private key, if this run has replaced the old one.
	rotated state.PrivateKey
	// ledgers is what this unit knows of our side of the relations. learned is what Juju has
	// answered in this run.
	ledgers ledgers
	learned learned
}

// Run handles the event. If it returns an error, Juju retries the hook.
func (c *Charm) Run(ctx context.Context) error {
	err := c.handle(ctx)
	switch {
	case !errors.Is(err, errUndecided):
		return err
	case c.Event.Kind == gocharm.Action:
		return c.Tools.FailAction(ctx, commandless(err))
	default:
		return c.endUndecided(ctx, err)
	}
}

// handle lists every event that Juju can send, and calls what handles it.
func (c *Charm) handle(ctx context.Context) error {
	switch c.Event.Kind {
	case gocharm.ConfigChanged, gocharm.LeaderElected, gocharm.UpdateStatus:
		return c.reconcile(ctx)

	case gocharm.Start, gocharm.UpgradeCharm:
		// A refresh brings another version.
		if err := c.setVersion(ctx); err != nil {
			return err
		}
		return c.reconcile(ctx)

	case gocharm.RelationCreated, gocharm.RelationJoined, gocharm.RelationChanged, gocharm.RelationDeparted, gocharm.RelationBroken:
		// On gateway these are what the ingress library calls data-provided and data-removed. On
		// certificates they are what the TLS library calls certificate-available,
		// certificate-invalidated and all-certificates-invalidated.
		if leaving, err := c.noteRemoval(ctx); leaving || err != nil {
			return err
		}
		return c.reconcile(ctx)

	case gocharm.SecretChanged:
		if err := c.refreshSecret(ctx); err != nil {
			return err
		}
		return c.reconcile(ctx)

	case gocharm.SecretExpired, gocharm.SecretRemove:
		// secret-expired is what the TLS library calls certificate-expiring: a certificate is due
		// for renewal. Any other event would have noticed that too. secret-remove deletes a rotated
		// key.
		if err := c.dropSecret(ctx); err != nil {
			return err
		}
		return c.reconcile(ctx)

	case gocharm.Action:
		return c.action(ctx)

	case gocharm.Install, gocharm.LeaderSettingsChanged, gocharm.LeaderDeposed:
		// config-changed and start follow an install. The other two change nothing for the unit
		// that gets them.
		return nil

	case gocharm.Stop, gocharm.Remove:
		// The pod may only be moving, or the application may be scaled to zero: traffic goes on.
		// When the application is removed, its StatefulSet goes, and Kubernetes deletes what the
		// StatefulSet owns.
		return nil

	default:
		// Events of workloads and storage. The charm has neither.
		return nil
	}
}

// keyLeaving is the key in the unit's stored state that marks a unit that is being removed.
const keyLeaving = "leaving"

// noteRemoval reports whether Juju is removing this unit, and stores that. Such a unit sees all its
// relations break, although the application keeps them if it is only scaled down, even to zero.
// What is served must stay.
//
// A relation-departed before that names this unit as the departing one. It does not come if the
// other side has no unit, so the charm then asks the controller. The answer is stored because the
// unit may still get relation-departed for other units. By then its own relations are broken, and
// look as if the application's were.
func (c *Charm) noteRemoval(ctx context.Context) (bool, error) {
	departed := c.Event.Kind == gocharm.RelationDeparted
	switch {
	case departed && c.Event.Relation.DepartingUnit == c.Event.Unit:
		return true, c.Tools.SetState(ctx, map[string]string{keyLeaving: "true"})
	case !departed && c.Event.Kind != gocharm.RelationBroken:
		return false, nil
	}
	stored, err := c.storedState(ctx)
	if err != nil || stored[keyLeaving] != "" || departed {
		return stored[keyLeaving] != "", err
	}
	goals, err := c.goals(ctx)
	if err != nil {
		return false, err
	}
	switch status, known := goals.Units[c.Event.Unit]; {
	case !known:
		return false, fmt.Errorf("cannot learn whether unit %s is being removed: goal-state does not tell of it", c.Event.Unit)
	case status == gocharm.Dying:
		return true, c.Tools.SetState(ctx, map[string]string{keyLeaving: "true"})
	}
	return false, nil
}

// isBeingRemoved reports whether the unit is known to be on its way out. Such a unit no longer sees
// the relations that it has left, which says nothing about the application's. It still gets events:
// start and config-changed if its agent restarts, leader-elected if it is elected.
func (c *Charm) isBeingRemoved(ctx context.Context) (bool, error) {
	stored, err := c.storedState(ctx)
	if err != nil || stored[keyLeaving] == "" {
		return false, err
	}
	goals, err := c.goals(ctx)
	if err != nil {
		return false, err
	}
	if status, known := goals.Units[c.Event.Unit]; known && status != gocharm.Dying {
		return false, c.Tools.DeleteState(ctx, keyLeaving) // It stays.
	}
	return true, nil
}

// setVersion shows the charm's own version in `juju status`. The version is in a file beside the
// binary.
func (c *Charm) setVersion(ctx context.Context) error {
	version, err := os.ReadFile(filepath.Join(c.Event.CharmDir, "version"))
	if err != nil {
		return fmt.Errorf("cannot read the version: %w", err)
	}
	if err := c.Tools.SetApplicationVersion(ctx, strings.TrimSpace(string(version))); err != nil {
		return fmt.Errorf("cannot set the version: %w", err)
	}
	return nil
}
