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

// Charm is what handling an event needs of the world around.
type Charm struct {
	// Event is what Juju started the process for.
	Event gocharm.Event
	// Tools are Juju's hook tools.
	Tools *gocharm.Tools
	// PodAddresses are those of the pod that the hook runs in.
	PodAddresses []netip.Addr
	// Connect makes a client for the cluster. It is called only by events that
	// need it, so that no other fails for want of a cluster.
	Connect func(kube.Options) (*kube.Client, error)
	// Now is the time of the run.
	Now time.Time
	// NewKey makes a private key; nil for a new one of tlscertificates.
	NewKey func() (*rsa.PrivateKey, error)

	// rotated is the private key that this run has made in place of another.
	rotated state.PrivateKey
	// ledgers is what this unit knows of its side of the relations, learned what Juju has told
	// in this run.
	ledgers ledgers
	learned learned
}

// Run handles the event. One that fails is Juju's to repeat.
func (c *Charm) Run(ctx context.Context) error {
	err := c.handle(ctx)
	switch {
	case !errors.Is(err, errUndecided):
		return err
	case c.Event.Kind == gocharm.Action:
		return c.Tools.FailAction(ctx, commandless(err))
	default:
		return c.hold(ctx, err)
	}
}

// handle handles the event. Here stands every event Juju can send and what the
// charm does about it.
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
		// On gateway these are what the ingress library calls data-provided
		// and data-removed; on certificates what the TLS library calls
		// certificate-available, certificate-invalidated and
		// all-certificates-invalidated.
		if leaving, err := c.leaving(ctx); leaving || err != nil {
			return err
		}
		return c.reconcile(ctx)

	case gocharm.SecretChanged:
		if err := c.followSecret(ctx); err != nil {
			return err
		}
		return c.reconcile(ctx)

	case gocharm.SecretExpired, gocharm.SecretRemove:
		// The first is what the TLS library calls certificate-expiring: a certificate
		// is to be renewed, which any other event would have noticed too. The second
		// lets a key go that was rotated.
		if err := c.dropSecret(ctx); err != nil {
			return err
		}
		return c.reconcile(ctx)

	case gocharm.Action:
		return c.action(ctx)

	case gocharm.Install, gocharm.LeaderSettingsChanged, gocharm.LeaderDeposed:
		// Config-changed and start follow an install; the other two change
		// nothing for the unit that gets them.
		return nil

	case gocharm.Stop, gocharm.Remove:
		// The pod may only be moving, or the application be scaled to zero:
		// traffic goes on. When the application goes, its StatefulSet goes, and
		// Kubernetes collects what it owns.
		return nil

	default:
		// Events of a workload or a storage, which the charm has not.
		return nil
	}
}

// keyLeaving marks, in the unit's stored state, a unit that is being removed.
const keyLeaving = "leaving"

// leaving reports whether Juju is removing this very unit. Such a unit sees all its
// relations break, although the application keeps them when it is only scaled
// down, even to zero: what is served must stay. A relation-departed before says that it is
// this unit which departs, but there is none where the other side has no unit; so the
// controller is asked. It is remembered, since the unit may yet be told of others that
// depart, when relations of its own are broken and look like those of the application.
func (c *Charm) leaving(ctx context.Context) (bool, error) {
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
	switch status, told := goals.Units[c.Event.Unit]; {
	case !told:
		return false, fmt.Errorf("cannot learn whether unit %s is being removed: goal-state does not tell of it", c.Event.Unit)
	case status == gocharm.Dying:
		return true, c.Tools.SetState(ctx, map[string]string{keyLeaving: "true"})
	}
	return false, nil
}

// hasLeft reports whether the unit is known to be on its way out. It no longer sees the relations
// that it has left, which says nothing of the application's: its agent may restart, or it may be
// elected, and start, config-changed or leader-elected come all the same.
func (c *Charm) hasLeft(ctx context.Context) (bool, error) {
	stored, err := c.storedState(ctx)
	if err != nil || stored[keyLeaving] == "" {
		return false, err
	}
	goals, err := c.goals(ctx)
	if err != nil {
		return false, err
	}
	if status, told := goals.Units[c.Event.Unit]; told && status != gocharm.Dying {
		return false, c.Tools.DeleteState(ctx, keyLeaving) // It stays after all.
	}
	return true, nil
}

// setVersion shows the charm's own version in `juju status`; it stands in a file
// beside the binary.
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
