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

// Juju wakes a charm at a time of its choice in one way only: it tells the owner of
// a secret that it has expired. So the charm keeps one secret that says nothing but
// when the next certificate is due, and expires then. Its label has the time in it:
// an alarm at another time is another secret, since Juju may add secrets before it
// removes those of the same hook, and would find the label taken.

// alarmPrefix begins the labels of alarms.
const alarmPrefix = tlscertificates.LabelPrefix + "-renewal-" + endpointCertificates + "-"

func alarmLabel(at time.Time) string { return alarmPrefix + strconv.FormatInt(at.Unix(), 10) }

// minAlarm is how far away an alarm is at least: Juju takes no expiry in the past.
const minAlarm = time.Minute

// maxSkew is how far Juju's clock may be ahead for an alarm to be set again. Further
// away it would only go off every minute; other events notice what is due.
const maxSkew = 10 * time.Minute

// setAlarm has Juju wake the charm at that time; zero needs no waking. Alarms for
// other times are removed.
func (c *Charm) setAlarm(ctx context.Context, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	// Juju counts in seconds. An alarm that went off before its time would have
	// to be set again.
	if whole := at.Truncate(time.Second); whole.Before(at) {
		at = whole.Add(time.Second)
	}
	label := alarmLabel(at)
	if c.Event.Secret != nil && c.Event.Secret.Label == label {
		// Juju's clock is ahead of ours: it went off before its time, and is being
		// removed by this very hook.
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

// dropSecret removes what the event is about: an alarm that went off, a certificate's
// secret as the Python charm kept it, or a revision that nobody reads any more.
// Juju repeats secret-expired every five minutes until that is done. What is gone already
// is not removed again: Juju removes secrets one by one at the end of a hook, before it
// writes relations, and repeats the hook when it fails there; a secret that it does not
// find then would fail the hook for ever, and with it what the hook writes.
func (c *Charm) dropSecret(ctx context.Context) error {
	secret := c.Event.Secret
	revision := secret.Revision
	switch {
	case c.Event.Kind == gocharm.SecretRemove && revision == 0:
		return nil // It would be all of it, and it may be the key.
	case c.Event.Kind == gocharm.SecretRemove:
	case strings.HasPrefix(secret.Label, alarmPrefix), strings.HasPrefix(secret.Label, tlscertificates.LabelPrefix+"-certificate-"):
		revision = 0 // All of it: certificates stand in the relation.
	default:
		return nil
	}
	info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{ID: secret.ID})
	switch {
	case errors.Is(err, gocharm.ErrNotFound):
		return nil // Or it is not ours to remove.
	case err != nil:
		return fmt.Errorf("cannot look for secret %s: %w", secret.Label, err)
	case revision == info.Revision:
		return nil // The last one: removing it would remove the secret.
	}
	err = c.Tools.RemoveSecret(ctx, secret.ID, revision)
	if err != nil && !errors.Is(err, gocharm.ErrNotFound) && !errors.Is(err, gocharm.ErrNotLeader) {
		return fmt.Errorf("cannot remove secret %s: %w", secret.Label, err)
	}
	return nil
}
