package charm

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A ledger holds what this unit knows about our side of the relations. Reading a databag of our own
// is a request to Juju's controller, for every relation in every hook. If the ledger says that a
// databag already holds what is to be written, the databag is not touched. Any other databag is
// read, and written if it differs. The ledger is kept in the unit's stored state.
//
// A databag is entered only after a hook has found its content right. A databag that a hook writes
// is not entered until the next hook has read it. So the ledger is never ahead of the databags, in
// whatever order Juju stores the changes of a hook. If Juju wrote relations before state, a crash
// in between would leave a stale entry. A hook that wants the new data misses and reads again; one
// that wants the old data back would wrongly trust it.
//
// After events that let somebody else write, the ledger is not trusted (see trusts), and never for
// longer than an hour. DESIGN.md has the reasons, and the rejected alternatives.
type ledger struct {
	// Read is when every databag was last read without a trusted ledger.
	Read time.Time `json:"read"`
	// Digests are the digests of our databags as they were found, by relation number. Juju never
	// reuses a number.
	Digests map[int]string `json:"digests,omitempty"`
	// Published says where an application is served according to our databag: the digest of its
	// place on gateway, any text on gateway-route, empty for nothing.
	Published map[int]string `json:"told,omitempty"`
	// Ours are the numbers of relations with applications of our own model, Theirs of those with
	// others. A relation keeps the same other side for as long as it lasts.
	Ours   []int `json:"ours,omitempty"`
	Theirs []int `json:"theirs,omitempty"`
}

// The keys in the unit's stored state: for the ledger, and for the allowance of applications (see
// state.Allowance). The allowance is trusted, but for which hosts applications had if another unit has
// led since: a unit that takes over leadership starts with
// the one that it has stored itself, which may be empty.
const (
	keyLedger    = "ledger"
	keyAllowance = "allowance"
)

const (
	// maxLedger is less than Juju's limit for one value, 64 KiB. It has room for about a thousand
	// relations. Newer ones are read in every hook.
	maxLedger = 60 << 10
	maxTrust  = time.Hour
)

// ledgers holds the ledger loaded at the start of this run (trusted) and the one being built for
// the next (written).
type ledgers struct {
	stored  map[string]string        // the unit's stored state as the hook found it; nil before it is read
	trusted ledger                   // empty if the stored one is not trusted
	written *ledger                  // nil before openLedger
	bags    map[string]state.Databag // our databags by relation id, as this hook has read them
	// stale is true if another unit has led since this one last stored anything.
	stale bool
}

// learned caches the answers of Juju in this run, so that each question is asked once.
type learned struct {
	// modelsUnknown is true if this Juju does not tell which model an application is in.
	modelsUnknown bool
	// recordDigest is the digest in the label of the secret that holds the record, if this hook has
	// seen that secret.
	recordDigest string
	// models are the UUIDs of the models of applications on gateway-route, by relation number;
	// empty if not known.
	models map[int]string
	// asked are the model UUIDs that Juju has told in this hook, by relation id.
	asked map[string]string
	// goals is what exists according to the controller; nil before it is asked.
	goals *gocharm.GoalState
	// undecided lists what this hook was denied for an unknown reason. firstUndecided is the first
	// such error; nil for none. The hook ends with it after it has read everything.
	undecided      []string
	firstUndecided error
}

// openLedger loads the ledger, once in a hook, and starts the next one. It must run before anything
// that reads relations, because that adds to the ledger.
func (c *Charm) openLedger(ctx context.Context) error {
	if c.ledgers.written != nil {
		return nil
	}
	stored, err := c.storedState(ctx)
	if err != nil {
		return err
	}
	var l ledger
	err = json.Unmarshal([]byte(stored[keyLedger]), &l)
	if err != nil || !c.trusts(l) {
		l = ledger{Read: c.Now.UTC().Truncate(time.Second)}
	}
	c.ledgers.trusted, c.ledgers.written = l, &ledger{Read: l.Read, Digests: map[int]string{}, Published: map[int]string{}}
	c.ledgers.bags = map[string]state.Databag{}
	return nil
}

// trusts reports whether this hook may rely on the ledger: nobody else can have written since.
//
//   - leader-elected: another leader may have written. A hook that runs before it and trusts the
//     ledger leaves what that leader wrote, and leader-elected corrects it.
//   - upgrade-charm: another version may have written, such as the Python charm.
//   - config-changed and start: an operator may have written by hand, and can cause these events.
//
// Such an event can be lost (resolved without a retry; leadership lost and won again during one
// long hook): hence the limit of an hour.
func (c *Charm) trusts(l ledger) bool {
	switch c.Event.Kind {
	case gocharm.LeaderElected, gocharm.UpgradeCharm, gocharm.Start, gocharm.ConfigChanged:
		return false
	}
	age := c.Now.Sub(l.Read)
	return !c.ledgers.stale && age >= 0 && age < maxTrust
}

// carryOver copies what is known of a relation that still exists to the next ledger.
func (c *Charm) carryOver(relation int) {
	if digest, ok := c.ledgers.trusted.Digests[relation]; ok {
		c.ledgers.written.Digests[relation] = digest
	}
}

// closeLedger stores the ledger, the allowance, and the record of what is in the cluster, in one
// call, if they have changed. Relations that are gone are no longer in the ledger.
func (c *Charm) closeLedger(ctx context.Context, allowance state.Allowance, record state.Record) error {
	stored, err := c.storedState(ctx)
	if err != nil {
		return err
	}
	allowanceText, changed, err := c.allowanceText(ctx, allowance)
	if err != nil {
		return err
	}
	text, err := c.ledgers.written.encode()
	if err != nil {
		return err
	}
	recordText, err := c.encodeRecord(ctx, record)
	if err != nil || text == stored[keyLedger] && recordText == stored[keyRecord] && !changed {
		return err
	}
	return c.Tools.SetState(ctx, map[string]string{keyLedger: text, keyAllowance: allowanceText, keyRecord: recordText})
}

// allowanceText returns the allowance as it is stored, and whether it has to be stored. It need not
// be if the stored one differs only in requests that are older than an hour.
func (c *Charm) allowanceText(ctx context.Context, allowance state.Allowance) (text string, changed bool, err error) {
	stored, err := c.storedState(ctx)
	if err != nil {
		return "", false, err
	}
	before, err := state.ParseAllowance(stored[keyAllowance]).Within(c.Now).Text(maxLedger)
	if err != nil {
		return "", false, err
	}
	text, err = allowance.Text(maxLedger)
	return text, text != before, err
}

// encode returns the ledger as it is stored. If it is too long, the newest relations are left out.
func (l ledger) encode() (string, error) {
	slices.Sort(l.Ours)
	slices.Sort(l.Theirs)
	numbers := slices.Sorted(maps.Keys(l.Digests))
	numbers = slices.Compact(slices.Sorted(slices.Values(slices.Concat(numbers, slices.Collect(maps.Keys(l.Published))))))
	for {
		text, err := json.Marshal(l)
		if err != nil || len(text) <= maxLedger {
			return string(text), err
		}
		numbers = numbers[:len(numbers)*9/10]
		last := -1
		if n := len(numbers); n > 0 {
			last = numbers[n-1]
		}
		newer := func(number int) bool { return number > last }
		newest := func(number int, _ string) bool { return newer(number) }
		l.Digests, l.Published = maps.Clone(l.Digests), maps.Clone(l.Published)
		maps.DeleteFunc(l.Digests, newest)
		maps.DeleteFunc(l.Published, newest)
		l.Ours, l.Theirs = slices.DeleteFunc(slices.Clone(l.Ours), newer), slices.DeleteFunc(slices.Clone(l.Theirs), newer)
	}
}

// digest returns a short digest of data to be written. An empty value counts: it deletes a key.
func digest(data state.Databag) (string, error) {
	text, err := json.Marshal(data) // with sorted keys
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:9]), err
}

// storedState returns the unit's stored state as it was when the hook began.
func (c *Charm) storedState(ctx context.Context) (map[string]string, error) {
	if c.ledgers.stored != nil {
		return c.ledgers.stored, nil
	}
	var err error
	c.ledgers.stored, err = c.Tools.State(ctx)
	return c.ledgers.stored, err
}
