package charm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// Juju can wake a charm at a chosen time in one way only: it tells the owner of a secret that the
// secret has expired. So the charm keeps one secret, the alarm, that expires when the next
// certificate is due. It holds nothing but that time. The time is also in its label, so that an
// alarm at another time is another secret: Juju may add secrets before it removes those of the same
// hook, and would find the label taken.

// alarmPrefix begins the labels of alarms.
const alarmPrefix = tlscertificates.LabelPrefix + "-renewal-" + endpointCertificates + "-"

func alarmLabel(at time.Time) string { return alarmPrefix + strconv.FormatInt(at.Unix(), 10) }

// minAlarm is the minimum time until an alarm: Juju refuses an expiry in the past.
const minAlarm = time.Minute

// maxSkew is how far Juju's clock may be ahead of ours for an alarm to be set again. With a greater
// skew it would go off every minute. Other events notice what is due.
const maxSkew = 10 * time.Minute

// setAlarm has Juju wake the charm at that time. A zero time needs no alarm. Alarms for other times
// are removed.
func (c *Charm) setAlarm(ctx context.Context, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	// Juju counts in seconds. An alarm that went off too early would have to be set again.
	if whole := at.Truncate(time.Second); whole.Before(at) {
		at = whole.Add(time.Second)
	}
	label := alarmLabel(at)
	if c.Event.Secret != nil && c.Event.Secret.Label == label {
		// Juju's clock is ahead of ours: this alarm went off too early, and this hook removes it.
		if at.Sub(c.Now) > maxSkew {
			return nil
		}
		at = at.Add(minAlarm)
		label = alarmLabel(at)
	}
	_, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: label})
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, gocharm.ErrNotFound):
		return fmt.Errorf("cannot look for the alarm: %w", err)
	}
	if _, err := c.removeSecrets(ctx, alarmPrefix); err != nil {
		return err
	}
	if soon := c.Now.Add(minAlarm); at.Before(soon) {
		at = soon
	}
	_, err = c.Tools.AddSecret(ctx, gocharm.SecretSpec{
		Label: label, Owner: gocharm.OwnerApplication, Expire: at,
		Description: "Wakes the charm when a certificate is to be renewed.",
		Content:     map[string]string{"renew-at": at.UTC().Format(time.RFC3339)},
	})
	if err != nil {
		return fmt.Errorf("cannot set the alarm: %w", err)
	}
	return nil
}

// dropSecret removes what the event is about: an alarm that went off, a certificate's secret that
// the Python charm kept, or a revision that nobody reads any more. Juju repeats secret-expired
// every five minutes until that is done.
//
// A secret that is already gone is not removed again. At the end of a hook Juju removes secrets one
// by one, before it writes relations, and repeats the hook if that fails. A secret that it does not
// find then would fail the hook for ever, and with it everything that the hook writes.
func (c *Charm) dropSecret(ctx context.Context) error {
	secret := c.Event.Secret
	revision := secret.Revision
	switch {
	case c.Event.Kind == gocharm.SecretRemove && revision == 0:
		return nil // Revision 0 means the whole secret, which may be the key.
	case c.Event.Kind == gocharm.SecretRemove:
	case strings.HasPrefix(secret.Label, alarmPrefix), strings.HasPrefix(secret.Label, tlscertificates.LabelPrefix+"-certificate-"):
		revision = 0 // The whole secret: certificates are in the relation.
	default:
		return nil
	}
	info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{ID: secret.ID})
	switch {
	case errors.Is(err, gocharm.ErrNotFound):
		return nil // Or it belongs to another owner.
	case err != nil:
		return fmt.Errorf("cannot look for secret %s: %w", secret.Label, err)
	case revision == info.Revision:
		return nil // The latest: removing it would remove the secret.
	}
	err = c.Tools.RemoveSecret(ctx, secret.ID, revision)
	if err != nil && !errors.Is(err, gocharm.ErrNotFound) && !errors.Is(err, gocharm.ErrNotLeader) {
		return fmt.Errorf("cannot remove secret %s: %w", secret.Label, err)
	}
	return nil
}
