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

// A ledger is what this unit knows of what stands on our side of the relations. To read a databag
// of our own is a question to Juju's controller, for every relation in every hook; a databag that
// is in the ledger with what is to be written is left alone instead. Any other is read, and
// written if it differs. The ledger is kept in the unit's stored state.
//
// A databag is entered only after a hook has found it to be as it has to be. One that a hook
// writes is not entered, until the next hook has read it. So the ledger never runs ahead of the
// databags, in whichever order Juju stores what a hook leaves behind. If Juju wrote relations
// before state, a crash in between would leave a stale entry. A hook that wants the new data
// misses and reads again; one that wants the old data back would wrongly trust it.
//
// Events after which somebody else may have written do not trust the ledger (see trusts), and none
// does for longer than an hour. DESIGN.md has the reasons, and what was rejected.
type ledger struct {
	// Read is when every databag was last read, and none trusted.
	Read time.Time `json:"read"`
	// Digests are the sums of what was found in our databags, by the relations' numbers. Juju
	// uses no number twice.
	Digests map[int]string `json:"digests,omitempty"`
	// Told is where an application is served, by what our databag was found to say: the sum of
	// its place on gateway, something on gateway-route; empty for nothing.
	Told map[int]string `json:"told,omitempty"`
	// Ours are the relations, by number, with applications of our own model, Theirs those
	// with others. A relation has the same other side as long as it lasts.
	Ours   []int `json:"ours,omitempty"`
	Theirs []int `json:"theirs,omitempty"`
}

// The keys of the unit's stored state: for the ledger, and for what applications have had (see
// state.Allowance). The latter is trusted whatever happens: a unit that leads after another begins
// with what it has stored itself, which may be nothing.
const (
	ledgerKey    = "ledger"
	allowanceKey = "allowance"
)

const (
	// maxLedger is less than what Juju takes as one value, 64 KiB. It has room for about a
	// thousand relations; newer ones are read in every hook.
	maxLedger = 60 << 10
	maxTrust  = time.Hour
)

// ledgers holds the ledger loaded at the start of this run (trusted) and the one being built for
// the next (written).
type ledgers struct {
	stored  map[string]string        // the unit's stored state as the hook found it; nil before it is read
	trusted ledger                   // empty where the stored one is not trusted
	written *ledger                  // nil before openLedger
	bags    map[string]state.Databag // our sides, by the relations' ids, as this hook has read them
	// stale says that another unit has led since this one has stored anything.
	stale bool
}

// learned is what Juju has told in this run, so that it is asked once.
type learned struct {
	// modelsUnknown says that this Juju does not tell models apart.
	modelsUnknown bool
	// handed tells which secret has the record, as this hook has seen it.
	handed string
	// models are the UUIDs of the models of applications on gateway-route, by the relations'
	// numbers; empty where they are not known.
	models map[int]string
	// asked are those of which Juju has told in this hook, by the relations' ids.
	asked map[string]string
	// goals is what the controller has; nil before it is asked.
	goals *gocharm.GoalState
	// undecided is what this hook was denied, and nobody can say why; doubt is the first of it, nil
	// for none, with which the hook ends when it has read all there is.
	undecided []string
	doubt     error
}

// openLedger loads the ledger, once in a hook, and begins the next one. It comes before whatever
// reads relations: they enter what they find.
func (c *Charm) openLedger(ctx context.Context) error {
	if c.ledgers.written != nil {
		return nil
	}
	stored, err := c.storedState(ctx)
	if err != nil {
		return err
	}
	var l ledger
	err = json.Unmarshal([]byte(stored[ledgerKey]), &l)
	if err != nil || !c.trusts(l) {
		l = ledger{Read: c.Now.UTC().Truncate(time.Second)}
	}
	c.ledgers.trusted, c.ledgers.written = l, &ledger{Read: l.Read, Digests: map[int]string{}, Told: map[int]string{}}
	c.ledgers.bags = map[string]state.Databag{}
	return nil
}

// trusts reports whether this hook may rely on the ledger: nobody else can have written since.
//
//   - leader-elected: another leader may have. An event that comes before it and trusts the ledger
//     leaves what that leader wrote, and leader-elected mends it.
//   - upgrade-charm: another version may have, the Python one among them.
//   - config-changed and start: an operator may have, by hand, and can cause these.
//
// An event like these can be lost (resolved without a retry; leadership lost and won again behind
// one long hook): hence the hour.
func (c *Charm) trusts(l ledger) bool {
	switch c.Event.Kind {
	case gocharm.LeaderElected, gocharm.UpgradeCharm, gocharm.Start, gocharm.ConfigChanged:
		return false
	}
	age := c.Now.Sub(l.Read)
	return !c.ledgers.stale && age >= 0 && age < maxTrust
}

// keep carries what is known of a relation that is still there over to the next ledger.
func (c *Charm) keep(relation int) {
	if digest, ok := c.ledgers.trusted.Digests[relation]; ok {
		c.ledgers.written.Digests[relation] = digest
	}
}

// closeLedger stores the ledger, the allowance, and the record of what is in the cluster, if
// they have changed, in one call. Relations that are gone are not in the ledger any more.
func (c *Charm) closeLedger(ctx context.Context, allowance state.Allowance, record state.Record) error {
	stored, err := c.storedState(ctx)
	if err != nil {
		return err
	}
	had, changed, err := c.allowanceText(ctx, allowance)
	if err != nil {
		return err
	}
	text, err := c.ledgers.written.encode()
	if err != nil {
		return err
	}
	kept, err := c.keepRecord(ctx, record)
	if err != nil || text == stored[ledgerKey] && kept == stored[recordKey] && !changed {
		return err
	}
	return c.Tools.SetState(ctx, map[string]string{ledgerKey: text, allowanceKey: had, recordKey: kept})
}

// allowanceText returns the allowance as it is to be stored, and whether it has to be: not if what
// is stored says the same but for requests of more than an hour ago.
func (c *Charm) allowanceText(ctx context.Context, allowance state.Allowance) (text string, changed bool, err error) {
	stored, err := c.storedState(ctx)
	if err != nil {
		return "", false, err
	}
	before, err := state.ParseAllowance(stored[allowanceKey]).Within(c.Now).Text(maxLedger)
	if err != nil {
		return "", false, err
	}
	text, err = allowance.Text(maxLedger)
	return text, text != before, err
}

// encode returns the ledger as it is stored, without the newest relations if it would be
// too long.
func (l ledger) encode() (string, error) {
	slices.Sort(l.Ours)
	slices.Sort(l.Theirs)
	numbers := slices.Sorted(maps.Keys(l.Digests))
	numbers = slices.Compact(slices.Sorted(slices.Values(slices.Concat(numbers, slices.Collect(maps.Keys(l.Told))))))
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
		l.Digests, l.Told = maps.Clone(l.Digests), maps.Clone(l.Told)
		maps.DeleteFunc(l.Digests, newest)
		maps.DeleteFunc(l.Told, newest)
		l.Ours, l.Theirs = slices.DeleteFunc(slices.Clone(l.Ours), newer), slices.DeleteFunc(slices.Clone(l.Theirs), newer)
	}
}

// digest returns a short sum of data to be written. An empty value counts: it deletes a key.
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
