package charm

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// keyField is the only field of the private key's secret.
const keyField = "private-key"

// readKey reads the private key, by the label of the present Python library or by the older
// library's label, so that a refresh from the Python charm needs no new certificates. legacy is
// true for the older label.
func (c *Charm) readKey(ctx context.Context) (key state.PrivateKey, legacy bool, err error) {
	if c.rotated != "" {
		return c.rotated, false, nil
	}
	current, older := tlscertificates.KeyLabels(endpointCertificates)
	if key, err = c.keyByLabel(ctx, current); err != nil || key != "" {
		return key, false, err
	}
	key, err = c.keyByLabel(ctx, older)
	return key, key != "", err
}

// keyByLabel reads the private key with this label. It is empty if there is none.
func (c *Charm) keyByLabel(ctx context.Context, label string) (state.PrivateKey, error) {
	content, err := c.Tools.Secret(ctx, gocharm.SecretRef{Label: label}, gocharm.Peek)
	if err == nil || errors.Is(err, gocharm.ErrNotFound) || c.contentLost(ctx, label, err) {
		return state.PrivateKey(content[keyField]), nil
	}
	// A refused read does not mean that there is no key: a new key would mean new certificates for
	// every host.
	return "", fmt.Errorf("cannot read the private key: %w", err)
}

// contentLost reports whether a secret of ours has lost its content for good. If Kubernetes keeps
// the secrets, Juju deletes the content of a removed secret before it commits the hook, and may
// fail in between. The error then names the revision that is missing.
func (c *Charm) contentLost(ctx context.Context, label string, failure error) bool {
	var tool *gocharm.ToolError
	info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: label})
	return err == nil && errors.As(failure, &tool) &&
		tool.Message() == fmt.Sprintf("secret %q not found", fmt.Sprintf("%s-%d", info.ID, info.Revision))
}

// certificates checks what is in a certificates relation. If the key made none of our requests, an
// older library may have made another key under its own label, which is the only one that it reads:
// then that key counts.
func (c *Charm) certificates(ctx context.Context, id string, provider, own state.Databag) (state.Certificates, error) {
	key, legacy, err := c.readKey(ctx)
	if err != nil {
		return state.Certificates{}, err
	}
	certificates, remarks := state.NewCertificates(id, key, own, provider, c.Now)
	if !legacy && c.rotated == "" && !hasOwnRequest(certificates) && len(certificates.Entries) > 0 {
		_, label := tlscertificates.KeyLabels(endpointCertificates)
		older, err := c.keyByLabel(ctx, label)
		if err != nil {
			return state.Certificates{}, err
		}
		if other, notes := state.NewCertificates(id, older, own, provider, c.Now); hasOwnRequest(other) {
			certificates, remarks, legacy = other, notes, true
		}
	}
	certificates.LegacyKey = legacy
	certificates.Remarks = remarks
	return certificates, nil
}

// hasOwnRequest reports whether some request was made with the key.
func hasOwnRequest(certificates state.Certificates) bool {
	return slices.ContainsFunc(certificates.Entries, func(entry state.Certificate) bool { return !entry.Foreign })
}

// adoptOlderKey stores the key of an older library as the application's own, so that the next
// leader can read it: the library may have made it a secret of its unit. The old secret stays until
// the relation is removed, so that somebody who goes back to the older library finds it. After a
// refresh the charm also checks the older library's label: an earlier build of this charm may have
// left it without the key.
func (c *Charm) adoptOlderKey(ctx context.Context, certificates state.Certificates) error {
	current, older := tlscertificates.KeyLabels(endpointCertificates)
	switch {
	case certificates.Key == "":
		return nil
	case certificates.LegacyKey:
		return c.storeKey(ctx, current, certificates.Key)
	case c.Event.Kind != gocharm.UpgradeCharm:
		return nil
	}
	key, err := c.keyByLabel(ctx, older)
	if err != nil || key == certificates.Key {
		return err
	}
	return c.storeOlderKey(ctx, certificates.Key)
}

// ensureKey returns the application's private key, and makes one if there is none or it cannot be
// read.
func (c *Charm) ensureKey(ctx context.Context, certificates state.Certificates) (*rsa.PrivateKey, error) {
	current, older := tlscertificates.KeyLabels(endpointCertificates)
	unused := len(certificates.Entries) == 0
	if certificates.Key != "" {
		key, err := tlscertificates.ParseKey(certificates.Key.PEM())
		if err == nil && unused {
			// An earlier attempt may have made one of the two secrets only.
			err = c.storeKey(ctx, older, certificates.Key)
		}
		return key, err
	}
	key, err := c.newKey()
	if err != nil {
		return nil, err
	}
	pem := state.PrivateKey(tlscertificates.EncodeKey(key))
	if err := c.storeKey(ctx, current, pem); err != nil {
		return nil, err
	}
	if unused {
		return key, c.storeKey(ctx, older, pem)
	}
	return key, c.storeOlderKey(ctx, pem)
}

// newKey makes a private key.
func (c *Charm) newKey() (*rsa.PrivateKey, error) {
	if c.NewKey != nil {
		return c.NewKey()
	}
	return tlscertificates.NewKey(rand.Reader)
}

// storeOlderKey also stores the private key under the label of the older Python library, so that
// every release of the Python charm finds it. If this unit sees no secret with that label, another
// unit may own one, from the time when that library's keys belonged to units. Juju then refuses a
// second one, and the hook would fail at its end. So the charm adds it only if there is no other
// unit.
func (c *Charm) storeOlderKey(ctx context.Context, key state.PrivateKey) error {
	_, label := tlscertificates.KeyLabels(endpointCertificates)
	_, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: label})
	if errors.Is(err, gocharm.ErrNotFound) {
		goals, err := c.goals(ctx)
		if err != nil || len(goals.Units) != 1 {
			return err
		}
	}
	return c.storeKey(ctx, label, key)
}

// storeKey stores a private key in a secret of the application. It outlives the pod and the
// leadership.
func (c *Charm) storeKey(ctx context.Context, label string, key state.PrivateKey) error {
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

// replaceKey replaces the private key. It reads the new revision in the same hook, so that Juju
// sends secret-remove for the old one.
func (c *Charm) replaceKey(ctx context.Context) error {
	key, err := c.newKey()
	if err != nil {
		return err
	}
	c.rotated = state.PrivateKey(tlscertificates.EncodeKey(key))
	current, older := tlscertificates.KeyLabels(endpointCertificates)
	if err := c.storeKey(ctx, current, c.rotated); err != nil {
		return err
	}
	if err := c.storeOlderKey(ctx, c.rotated); err != nil {
		return err
	}
	for _, label := range []string{current, older} {
		if _, err := c.Tools.Secret(ctx, gocharm.SecretRef{Label: label}, gocharm.Refresh); err != nil && !gone(err) {
			return fmt.Errorf("cannot follow the new private key: %w", err)
		}
	}
	return nil
}

// refreshSecret follows the new revision of the secret that the event is about. That is the private
// key, which another unit has replaced since this unit read it: Juju keeps the old key for as long
// as a unit follows it.
func (c *Charm) refreshSecret(ctx context.Context) error {
	_, err := c.Tools.Secret(ctx, gocharm.SecretRef{ID: c.Event.Secret.ID}, gocharm.Refresh)
	if err != nil && !gone(err) {
		return fmt.Errorf("cannot follow the new private key: %w", err)
	}
	return nil
}

// keyRemoveSecrets is the key in the unit's stored state that marks a unit that saw the
// certificates relation break when it was not the leader.
const keyRemoveSecrets = "forget-certificates"

// removeCertificateSecrets removes every secret for certificates after their relation is gone, so
// that the next provider gets requests with a new key.
//
// Only the leader may remove the application's secrets. Other units store a mark, in case
// leadership moves during this hook. Without the mark, and without the event, nothing is removed:
// an operator may have put a key there for a future relation. The mark stays until a hook finds
// nothing to remove: Juju 4.0 stores a unit's state before it removes secrets, and may fail in
// between.
//
// A suspended relation breaks as well, and may come back as it was. Then nothing is removed, and
// the mark is set in case it does not come back.
func (c *Charm) removeCertificateSecrets(ctx context.Context, leader bool) error {
	broken := c.brokenCertificates()
	if !broken {
		if !leader {
			return nil
		}
		stored, err := c.storedState(ctx)
		if err != nil || stored[keyRemoveSecrets] == "" {
			return err
		}
	}
	others, err := c.certificateRelations(ctx)
	switch {
	case err != nil:
		return err
	case others > 0 && broken:
		return nil
	case others > 0: // The secrets belong to that relation.
		return c.Tools.DeleteState(ctx, keyRemoveSecrets)
	}
	suspended, err := c.isSuspended(ctx, endpointCertificates)
	switch {
	case err != nil:
		return err
	case suspended && broken:
		return c.Tools.SetState(ctx, map[string]string{keyRemoveSecrets: "true"})
	case suspended:
		return nil
	case !leader:
		if err := c.Tools.SetState(ctx, map[string]string{keyRemoveSecrets: "true"}); err != nil {
			return err
		}
	}
	found, err := c.removeSecrets(ctx, tlscertificates.LabelPrefix+"-")
	if err == nil && !broken && found == 0 {
		err = c.Tools.DeleteState(ctx, keyRemoveSecrets)
	}
	return err
}

// certificateRelations counts the certificates relations that exist; a relation that is only listed
// does not count.
func (c *Charm) certificateRelations(ctx context.Context) (there int, err error) {
	ids, err := c.relations(ctx, endpointCertificates)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		_, err := retryOnce(func() (state.Databag, error) {
			_, theirs, err := c.otherSide(ctx, id)
			return theirs, err
		})
		absent := false
		if gone(err) {
			absent, err = c.absent(ctx, endpointCertificates, id, "", err)
		}
		if err != nil {
			return 0, err
		}
		if !absent {
			there++
		}
	}
	return there, nil
}

// removeSecrets removes the secrets whose labels begin with the prefix, of those that this unit
// owns: its own and, if it leads, its application's. It returns how many it has found.
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
