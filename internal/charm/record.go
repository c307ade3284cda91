package charm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// What the charm has put into the cluster is on record in Juju (state.Record), so that what
// others make of it there is not believed. It is kept twice:
//
//   - in the unit's stored state, which every hook reads anyway;
//   - in a secret of the application, for the next leader, as soon as there are
//     certificates, authorities or places to tell of. Its label has a digest of the record in it: to
//     find it is to know what it holds, another record is another secret, and no revision of
//     one becomes obsolete, of which Juju would send an event.
//
// The secret is looked for in every hook, and what is stored is believed only if it is there:
// another unit may have led meanwhile, and Juju 4.0 stores a unit's state before it makes
// secrets, and may fail in between. A unit that comes to lead reads it. Where there never was
// one, because nothing was kept yet or only settings were, what stands in the cluster is
// believed once.

const (
	// recordKey is where the record stands in the unit's stored state, and recordPrefix
	// begins the labels of secrets that hold one. They outlive the certificates relation.
	recordKey    = "record"
	recordPrefix = "gateway-api-integrator-record-"
	recordField  = "record"
)

// A keptRecord is a record as the unit has stored it.
type keptRecord struct {
	state.Record
	// Handed is the digest in the label of the secret that holds it; empty for none.
	Handed string `json:"handed,omitempty"`
}

// readRecord returns what Juju has on record, nil for nothing.
func (c *Charm) readRecord(ctx context.Context) (*state.Record, error) {
	stored, err := c.storedState(ctx)
	if err != nil {
		return nil, err
	}
	var kept keptRecord
	known := stored[recordKey] != "" && json.Unmarshal([]byte(stored[recordKey]), &kept) == nil
	if known && kept.Handed != "" {
		_, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: recordPrefix + kept.Handed})
		if err == nil || !gone(err) {
			c.learned.handed = kept.Handed
			return &kept.Record, err
		}
	}
	handed, found, err := c.handedOver(ctx)
	switch {
	case err != nil:
		return nil, err
	case found:
		c.learned.handed, c.ledgers.stale = handed.Handed, true
		return &handed.Record, nil
	case !known:
		return nil, nil
	case kept.Handed != "": // The leader before had nothing to hand over.
		c.ledgers.stale = true
		kept.Told, kept.Given, kept.Held = "", nil, nil
	}
	return &kept.Record, nil
}

// stepDown forgets what the unit has stored as a leader, but what it has granted: who does not
// lead does not know what the leader does.
func (c *Charm) stepDown(ctx context.Context) error {
	stored, err := c.storedState(ctx)
	if err != nil {
		return err
	}
	for _, key := range []string{ledgerKey, recordKey} {
		if stored[key] == "" {
			continue
		}
		if err := c.Tools.DeleteState(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// handedOver reads the record that the leader before has left.
func (c *Charm) handedOver(ctx context.Context) (kept keptRecord, found bool, err error) {
	ids, err := c.Tools.SecretIDs(ctx)
	if err != nil {
		return keptRecord{}, false, err
	}
	for _, id := range ids {
		info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{ID: id})
		if gone(err) || err == nil && !strings.HasPrefix(info.Label, recordPrefix) {
			continue
		}
		var content map[string]string
		if err == nil {
			content, err = c.Tools.Secret(ctx, gocharm.SecretRef{ID: id}, gocharm.Peek)
		}
		switch {
		case err != nil && gone(err):
		case err != nil:
			return keptRecord{}, false, fmt.Errorf("cannot read what is on record: %w", err)
		case json.Unmarshal([]byte(content[recordField]), &kept.Record) == nil:
			kept.Handed, found = strings.TrimPrefix(info.Label, recordPrefix), true
		}
	}
	if !found {
		// Juju shows it to the leader alone.
		err = c.mustLead(ctx)
	}
	return kept, found, err
}

// keepRecord returns the record as it is to be stored, after it was handed over as far as it
// has to be.
func (c *Charm) keepRecord(ctx context.Context, record state.Record) (string, error) {
	record, text, err := within(record, maxLedger)
	if err != nil {
		return "", err
	}
	handed, err := c.handOver(ctx, record, string(text))
	if err != nil {
		return "", fmt.Errorf("cannot keep on record what is served: %w", err)
	}
	text, err = json.Marshal(keptRecord{Record: record, Handed: handed})
	return string(text), err
}

// within returns a record in so many bytes, and its text. Of more, what the newest relations hold is
// left out: a hook that fails because of it would fail for all.
func within(record state.Record, limit int) (state.Record, []byte, error) {
	for {
		text, err := json.Marshal(record)
		if err != nil || len(text) <= limit || len(record.Held) == 0 {
			return record, text, err
		}
		older := map[int]string{}
		numbers := slices.Sorted(maps.Keys(record.Held))
		for _, number := range numbers[:len(numbers)*9/10] {
			older[number] = record.Held[number]
		}
		record.Held = older
	}
}

// handOver makes the secret for the next leader, if it is not there, and gives the digest
// in its label.
func (c *Charm) handOver(ctx context.Context, record state.Record, text string) (handed string, err error) {
	if record.Told == "" && len(record.Given)+len(record.Held) == 0 {
		return "", c.dropRecord(ctx)
	}
	sum := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(sum[:8])
	if c.learned.handed == digest {
		return digest, nil // This hook has seen it.
	}
	label := recordPrefix + digest
	switch _, err = c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: label}); {
	case err == nil:
		return digest, nil
	case !errors.Is(err, gocharm.ErrNotFound):
		return "", err
	}
	if err := c.dropRecord(ctx); err != nil {
		return "", err
	}
	_, err = c.Tools.AddSecret(ctx, gocharm.SecretSpec{
		Label: label, Owner: gocharm.OwnerApplication,
		Description: "Tells what the charm has put into the cluster from what others have.",
		Content:     map[string]string{recordField: text},
	})
	return digest, err
}

// dropRecord removes the secret with the record of before, if there is one.
func (c *Charm) dropRecord(ctx context.Context) error {
	if c.learned.handed == "" {
		return nil
	}
	info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: recordPrefix + c.learned.handed})
	if err == nil {
		err = c.Tools.RemoveSecret(ctx, info.ID, 0)
	}
	if errors.Is(err, gocharm.ErrNotFound) {
		return nil
	}
	return err
}
