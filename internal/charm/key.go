package charm

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// keyField is the one field of the private key's secret.
const keyField = "private-key"

// readKey finds the private key under the label of the present Python library
// or the older one's, so that a refresh from the Python charm re-issues nothing.
// Legacy says that it was the older one's.
func (c *Charm) readKey(ctx context.Context) (key state.PrivateKey, legacy bool, err error) {
	if c.rotated != "" {
		return c.rotated, false, nil
	}
	current, older := tlscertificates.KeyLabels(endpointCertificates)
	for _, label := range []string{current, older} {
		content, err := c.Tools.Secret(ctx, gocharm.SecretRef{Label: label}, gocharm.Peek)
		if err == nil && content[keyField] != "" {
			return state.PrivateKey(content[keyField]), label == older, nil
		}
		// Refused is not the same as not there: a new key would mean new
		// certificates for every host.
		if err != nil && !errors.Is(err, gocharm.ErrNotFound) {
			return "", false, fmt.Errorf("cannot read the private key: %w", err)
		}
	}
	return "", false, nil
}

// keepKey makes the key of an older library the application's own, so that whoever
// leads next can read it: that library's may be its unit's. The old secret stays
// until the key is rotated or the relation removed: Juju does not write the
// secrets of one hook as one, and nothing may be lost half way.
func (c *Charm) keepKey(ctx context.Context, certificates state.Certificates) error {
	if !certificates.LegacyKey || certificates.Key == "" {
		return nil
	}
	return c.storeKey(ctx, certificates.Key)
}

// ensureKey gives the application's private key, and makes one when there is
// none or it cannot be read.
func (c *Charm) ensureKey(ctx context.Context, pem state.PrivateKey) (*rsa.PrivateKey, error) {
	if pem != "" {
		return tlscertificates.ParseKey(pem.PEM())
	}
	key, err := tlscertificates.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return key, c.storeKey(ctx, state.PrivateKey(tlscertificates.EncodeKey(key)))
}

// storeKey keeps a private key in a secret of the application, which outlives the
// pod and the leadership.
func (c *Charm) storeKey(ctx context.Context, key state.PrivateKey) error {
	label, _ := tlscertificates.KeyLabels(endpointCertificates)
	spec := gocharm.SecretSpec{
		Label: label, Owner: gocharm.OwnerApplication, Content: map[string]string{keyField: key.PEM()},
	}
	info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: label})
	switch {
	case err == nil:
		err = c.Tools.SetSecret(ctx, info.ID, spec)
	case errors.Is(err, gocharm.ErrNotFound):
		_, err = c.Tools.AddSecret(ctx, spec)
	}
	if err != nil {
		return fmt.Errorf("cannot keep the private key: %w", err)
	}
	return nil
}

// replaceKey makes a new private key, and forgets the old one: reading the new
// revision in the same hook lets Juju send secret-remove for the one before.
func (c *Charm) replaceKey(ctx context.Context) error {
	key, err := tlscertificates.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	c.rotated = state.PrivateKey(tlscertificates.EncodeKey(key))
	if err := c.storeKey(ctx, c.rotated); err != nil {
		return err
	}
	current, older := tlscertificates.KeyLabels(endpointCertificates)
	if _, err := c.Tools.Secret(ctx, gocharm.SecretRef{Label: current}, gocharm.Refresh); err != nil && !gone(err) {
		return fmt.Errorf("cannot follow the new private key: %w", err)
	}
	info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: older})
	if err == nil {
		err = c.Tools.RemoveSecret(ctx, info.ID, 0)
	}
	if err != nil && !errors.Is(err, gocharm.ErrNotFound) {
		return fmt.Errorf("cannot remove the old private key: %w", err)
	}
	return nil
}

// followSecret follows the new revision of the secret that the event is about. That is
// the private key, which another unit has replaced since this one read it: Juju keeps
// the old key for as long as somebody follows it.
func (c *Charm) followSecret(ctx context.Context) error {
	_, err := c.Tools.Secret(ctx, gocharm.SecretRef{ID: c.Event.Secret.ID}, gocharm.Refresh)
	if err != nil && !gone(err) {
		return fmt.Errorf("cannot follow the new private key: %w", err)
	}
	return nil
}

// keyForget marks, in the unit's stored state, a unit that saw the certificates relation
// break when it did not lead.
const keyForget = "forget-certificates"

// forget removes every secret that was about certificates, once their relation is
// gone: a provider that comes after gets requests with a new key. The application's are
// the leader's to remove; the others remember, lest leadership is on its way meanwhile
// and nobody does. Without that memory nothing is removed: a key may have been put there
// for a relation to come. It lasts until a hook finds nothing to remove: Juju 4.0 stores
// a unit's state before it removes secrets, and may fail in between.
func (c *Charm) forget(ctx context.Context, leader bool) error {
	broken := c.Event.Kind == gocharm.RelationBroken && c.Event.Relation.Endpoint == endpointCertificates
	if !broken {
		if !leader {
			return nil
		}
		stored, err := c.storedState(ctx)
		if err != nil || stored[keyForget] == "" {
			return err
		}
	}
	others, err := c.relations(ctx, endpointCertificates)
	switch {
	case err != nil:
		return err
	case len(others) > 0 && broken:
		return nil
	case len(others) > 0: // The secrets are that relation's.
		return c.Tools.DeleteState(ctx, keyForget)
	case !leader:
		if err := c.Tools.SetState(ctx, map[string]string{keyForget: "true"}); err != nil {
			return err
		}
	}
	found, err := c.removeSecrets(ctx, tlscertificates.LabelPrefix+"-")
	if err == nil && !broken && found == 0 {
		err = c.Tools.DeleteState(ctx, keyForget)
	}
	return err
}

// removeSecrets removes the secrets whose labels begin with the prefix, of those
// that this unit owns: its own and, if it leads, its application's. It tells how many it
// has found.
func (c *Charm) removeSecrets(ctx context.Context, prefix string) (found int, err error) {
	ids, err := c.Tools.SecretIDs(ctx)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if c.Event.Secret != nil && c.Event.Secret.ID == id {
			continue // The event's handler has removed it already.
		}
		info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{ID: id})
		if err == nil && strings.HasPrefix(info.Label, prefix) {
			found++
			err = c.Tools.RemoveSecret(ctx, id, 0)
		}
		if err != nil && !gone(err) {
			return found, fmt.Errorf("cannot remove a secret: %w", err)
		}
	}
	return found, nil
}
