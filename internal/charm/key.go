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
	if key, err = c.keyUnder(ctx, current); err != nil || key != "" {
		return key, false, err
	}
	key, err = c.keyUnder(ctx, older)
	return key, key != "", err
}

// keyUnder reads the private key that has this label; none is empty.
func (c *Charm) keyUnder(ctx context.Context, label string) (state.PrivateKey, error) {
	content, err := c.Tools.Secret(ctx, gocharm.SecretRef{Label: label}, gocharm.Peek)
	if err == nil || errors.Is(err, gocharm.ErrNotFound) || c.isEmptied(ctx, label, err) {
		return state.PrivateKey(content[keyField]), nil
	}
	// Refused is not the same as not there: a new key would mean new
	// certificates for every host.
	return "", fmt.Errorf("cannot read the private key: %w", err)
}

// isEmptied reports whether a secret of ours has lost what it held, for good: where Kubernetes
// keeps secrets, Juju deletes there what a hook removes before it commits the hook, and may
// fail in between. The failure to read it names the revision that is not there.
func (c *Charm) isEmptied(ctx context.Context, label string, failure error) bool {
	var tool *gocharm.ToolError
	info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: label})
	return err == nil && errors.As(failure, &tool) &&
		tool.Message() == fmt.Sprintf("secret %q not found", fmt.Sprintf("%s-%d", info.ID, info.Revision))
}

// certificates judges what stands in a certificates relation. Where none of our requests
// was made with the key, an older library may have made another one under its own label,
// which it alone looks at: that one then is the key.
func (c *Charm) certificates(ctx context.Context, id string, provider, own state.Databag) (state.Certificates, error) {
	key, legacy, err := c.readKey(ctx)
	if err != nil {
		return state.Certificates{}, err
	}
	certificates, remarks := state.NewCertificates(id, key, own, provider, c.Now)
	if !legacy && c.rotated == "" && !hasOwn(certificates) && len(certificates.Entries) > 0 {
		_, label := tlscertificates.KeyLabels(endpointCertificates)
		older, err := c.keyUnder(ctx, label)
		if err != nil {
			return state.Certificates{}, err
		}
		if other, notes := state.NewCertificates(id, older, own, provider, c.Now); hasOwn(other) {
			certificates, remarks, legacy = other, notes, true
		}
	}
	certificates.LegacyKey = legacy
	certificates.Remarks = remarks
	return certificates, nil
}

// hasOwn reports whether some request was made with the key.
func hasOwn(certificates state.Certificates) bool {
	return slices.ContainsFunc(certificates.Entries, func(entry state.Certificate) bool { return !entry.Foreign })
}

// keepKey makes the key of an older library the application's own, so that whoever
// leads next can read it: that library's may be its unit's. The old secret stays
// until the relation is removed: who goes back to the older library finds it there. After
// a refresh the older library's label is looked after, which an earlier build of this
// charm may have left without the key.
func (c *Charm) keepKey(ctx context.Context, certificates state.Certificates) error {
	current, older := tlscertificates.KeyLabels(endpointCertificates)
	switch {
	case certificates.Key == "":
		return nil
	case certificates.LegacyKey:
		return c.storeKey(ctx, current, certificates.Key)
	case c.Event.Kind != gocharm.UpgradeCharm:
		return nil
	}
	key, err := c.keyUnder(ctx, older)
	if err != nil || key == certificates.Key {
		return err
	}
	return c.storeOlderKey(ctx, certificates.Key)
}

// ensureKey returns the application's private key, and makes one when there is
// none or it cannot be read.
func (c *Charm) ensureKey(ctx context.Context, certificates state.Certificates) (*rsa.PrivateKey, error) {
	current, older := tlscertificates.KeyLabels(endpointCertificates)
	unused := len(certificates.Entries) == 0
	if certificates.Key != "" {
		key, err := tlscertificates.ParseKey(certificates.Key.PEM())
		if err == nil && unused {
			// An earlier try may have made one of the secrets and not the other.
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

// storeOlderKey keeps the private key under the label of the older Python library, so that
// every release of the Python charm finds it. Where this unit does not see a secret of that
// label, another unit may own one, from the time when that library's keys were its units':
// Juju takes no second one then, and the hook would fail at its end. Who is alone knows.
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

// storeKey keeps a private key in a secret of the application, which outlives the
// pod and the leadership.
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

// replaceKey makes a new private key, and forgets the old one: reading the new
// revision in the same hook lets Juju send secret-remove for the one before.
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
// a unit's state before it removes secrets, and may fail in between. A relation that is
// suspended breaks as well, and may come back as it was: then nothing is removed, and it is
// remembered in case it does not.
func (c *Charm) forget(ctx context.Context, leader bool) error {
	broken := c.brokenCertificates()
	if !broken {
		if !leader {
			return nil
		}
		stored, err := c.storedState(ctx)
		if err != nil || stored[keyForget] == "" {
			return err
		}
	}
	others, err := c.certificateRelations(ctx)
	switch {
	case err != nil:
		return err
	case others > 0 && broken:
		return nil
	case others > 0: // The secrets are that relation's.
		return c.Tools.DeleteState(ctx, keyForget)
	}
	suspended, err := c.isSuspended(ctx, endpointCertificates)
	switch {
	case err != nil:
		return err
	case suspended && broken:
		return c.Tools.SetState(ctx, map[string]string{keyForget: "true"})
	case suspended:
		return nil
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

// certificateRelations counts the certificates relations that are there, and not only listed.
func (c *Charm) certificateRelations(ctx context.Context) (there int, err error) {
	ids, err := c.relations(ctx, endpointCertificates)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		_, err := twice(func() (state.Databag, error) {
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
