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
	"unicode/utf8"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The charm keeps in Juju a record of what it has put into the cluster (state.Record), so that it
// does not believe what others change there. The record is kept twice:
//
//   - in the unit's stored state, which every hook reads anyway;
//   - in a secret of the application, for the next leader, as soon as the record has certificates,
//     authorities or places. The label contains a digest of the record. So it is enough to find the
//     secret, without reading it. Another record is another secret, not another revision: Juju
//     would send an event for the obsolete revision.
//
// Every hook looks for the secret, and believes the stored record only if the secret exists:
// another unit may have led meanwhile, and Juju 4.0 stores a unit's state before it makes secrets,
// and may fail in between. A unit that takes over leadership reads the secret. If there never was
// one, because nothing or only settings were recorded yet, what is in the cluster is believed once.

const (
	// keyRecord is the key in the unit's stored state for the record. recordPrefix begins the
	// labels of secrets that hold one. These secrets outlive the certificates relation.
	keyRecord    = "record"
	recordPrefix = "gateway-api-integrator-record-"
	recordField  = "record"
)

// A storedRecord is a record as it is in the unit's stored state.
type storedRecord struct {
	state.Record
	// Digest is the one in the label of the secret that holds the record; empty if there is none.
	Digest string `json:"handed,omitempty"`
}

// readRecord returns the record that Juju keeps; nil for none.
func (c *Charm) readRecord(ctx context.Context) (*state.Record, error) {
	stored, err := c.storedState(ctx)
	if err != nil {
		return nil, err
	}
	var own storedRecord
	known := stored[keyRecord] != "" && json.Unmarshal([]byte(stored[keyRecord]), &own) == nil
	if known && own.Digest != "" {
		_, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: recordPrefix + own.Digest})
		if err == nil || !gone(err) {
			c.learned.recordDigest = own.Digest
			return &own.Record, err
		}
	}
	inherited, found, err := c.inheritedRecord(ctx)
	switch {
	case err != nil:
		return nil, err
	case found:
		c.learned.recordDigest, c.ledgers.stale = inherited.Digest, true
		return &inherited.Record, nil
	case !known:
		return nil, nil
	case own.Digest != "": // The previous leader has left no record.
		c.ledgers.stale = true
		own.Told, own.Given, own.Held = "", nil, nil
	}
	return &own.Record, nil
}

// inheritedRecord reads the record that the previous leader has left.
func (c *Charm) inheritedRecord(ctx context.Context) (inherited storedRecord, found bool, err error) {
	ids, err := c.Tools.SecretIDs(ctx)
	if err != nil {
		return storedRecord{}, false, err
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
			return storedRecord{}, false, fmt.Errorf("cannot read what is on record: %w", err)
		case json.Unmarshal([]byte(joinFields(content)), &inherited.Record) == nil:
			inherited.Digest, found = strings.TrimPrefix(info.Label, recordPrefix), true
		}
	}
	if !found {
		// Juju shows the secret to the leader only.
		err = c.mustLead(ctx)
	}
	return inherited, found, err
}

// encodeRecord returns the record as it is stored, after it has stored the secret for the next
// leader if one is needed.
func (c *Charm) encodeRecord(ctx context.Context, record state.Record) (string, error) {
	record, text, err := bounded(record, maxRecord)
	if err != nil {
		return "", err
	}
	digest, err := c.storeRecordSecret(ctx, record, string(text))
	if err != nil {
		return "", fmt.Errorf("cannot keep on record what is served: %w", err)
	}
	text, err = json.Marshal(storedRecord{Record: record, Digest: digest})
	return string(text), err
}

// bounded returns a record of at most limit bytes, and its text. If it is longer, the places of the
// newest relations are left out: a hook that fails because of the length would fail for all
// applications.
func bounded(record state.Record, limit int) (state.Record, []byte, error) {
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

// storeRecordSecret makes the secret for the next leader, if it does not exist, and returns the
// digest in its label.
func (c *Charm) storeRecordSecret(ctx context.Context, record state.Record, text string) (digest string, err error) {
	if record.Told == "" && len(record.Given)+len(record.Held) == 0 {
		return "", c.removeRecordSecret(ctx)
	}
	sum := sha256.Sum256([]byte(text))
	digest = hex.EncodeToString(sum[:8])
	if c.learned.recordDigest == digest {
		return digest, nil // This hook has seen the secret.
	}
	label := recordPrefix + digest
	switch _, err = c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: label}); {
	case err == nil:
		return digest, nil
	case !errors.Is(err, gocharm.ErrNotFound):
		return "", err
	}
	if err := c.removeRecordSecret(ctx); err != nil {
		return "", err
	}
	_, err = c.Tools.AddSecret(ctx, gocharm.SecretSpec{
		Label: label, Owner: gocharm.OwnerApplication,
		Description: "Tells what the charm has put into the cluster from what others have.",
		Content:     splitFields(text),
	})
	return digest, err
}

const (
	// maxField is less than what any release of Juju takes as one field of a secret: 5 KiB at first.
	maxField = 3500
	// maxRecord is less than what Juju takes as one secret, 64 KiB, of which base64 uses a third.
	maxRecord = 45 << 10
)

// splitFields returns the fields of a secret that holds a text: "record", "record-2" and so on.
func splitFields(text string) map[string]string {
	content := map[string]string{}
	for i := 0; i == 0 || text != ""; i++ {
		cut := min(len(text), maxField)
		for cut < len(text) && !utf8.RuneStart(text[cut]) {
			cut--
		}
		content[fieldName(i)], text = text[:cut], text[cut:]
	}
	return content
}

// joinFields returns the text that splitFields has split.
func joinFields(content map[string]string) string {
	text := ""
	for i := 0; content[fieldName(i)] != ""; i++ {
		text += content[fieldName(i)]
	}
	return text
}

// fieldName returns the name of a field of the record, the first of which is 0.
func fieldName(i int) string {
	if i == 0 {
		return recordField
	}
	return fmt.Sprintf("%s-%d", recordField, i+1)
}

// removeRecordSecret removes the secret with the previous record, if there is one.
func (c *Charm) removeRecordSecret(ctx context.Context) error {
	if c.learned.recordDigest == "" {
		return nil
	}
	info, err := c.Tools.SecretInfo(ctx, gocharm.SecretRef{Label: recordPrefix + c.learned.recordDigest})
	if err == nil {
		err = c.Tools.RemoveSecret(ctx, info.ID, 0)
	}
	if errors.Is(err, gocharm.ErrNotFound) {
		return nil
	}
	return err
}

// clearLeaderState removes the ledger and the record from the stored state of a unit that no longer
// leads: it does not know what the new leader writes. The allowance stays.
func (c *Charm) clearLeaderState(ctx context.Context) error {
	stored, err := c.storedState(ctx)
	if err != nil {
		return err
	}
	for _, key := range []string{keyLedger, keyRecord} {
		if stored[key] == "" {
			continue
		}
		if err := c.Tools.DeleteState(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
