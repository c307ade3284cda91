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

// A ledger is what this unit knows of what stands on our side of the relations, so that
// it need not ask: to read a databag of our own is a question to Juju's controller, for
// every relation in every hook. It is kept in the unit's stored state. A databag that is
// in the ledger with what is to be written is left alone; any other is read, and written
// if it differs.
//
// A databag is entered only where a hook has found it to be as it has to; one that a hook
// writes is not, until the next has read it. So the ledger is never ahead of what stands
// there, in whichever order Juju carries out what a hook leaves to its end: Juju 3 writes
// relations and stored state together, Juju 4.0 the stored state first, then secrets, then
// relations, and may fail in between (juju/juju, commitHookChangesForOneUnit of
// apiserver/facades/agent/uniter). A Juju that wrote relations first could leave an entry
// of before: that is read past by a hook which wants what it has failed to enter, and is
// wrong for one that wants the old data back. The entry may also be of what somebody else
// has overwritten since:
//
//   - another leader. A new one has a leader-elected of its own, which does not trust
//     its ledger. Until then an event may come that does: where it wants what is
//     entered it leaves what the other leader wrote, and leader-elected mends it;
//     where it wants anything else it reads. Nobody else writes meanwhile.
//   - another version of the charm, the Python one among them: upgrade-charm.
//   - an operator, by hand: config-changed and start, which he can cause.
//   - any of these, where the event that would have told is lost (resolved without a
//     retry; leadership that is lost and won again behind one long hook).
//
// No ledger is trusted for longer than an hour, which bounds them all.
type ledger struct {
	// Read is when every databag was last read, rather than trusted to be what is
	// entered.
	Read time.Time `json:"read"`
	// Digests are those of what was found in our databags, by the relations' numbers. Juju
	// gives no number twice.
	Digests map[int]string `json:"digests,omitempty"`
	// Told is where an application is served, by what it was found to be told: the sum of
	// its place on gateway, something on gateway-route; empty for nothing.
	Told map[int]string `json:"told,omitempty"`
	// Ours are the relations, by number, with applications of our own model, Theirs those
	// with others. A relation has the same other side as long as it lasts.
	Ours   []int `json:"ours,omitempty"`
	Theirs []int `json:"theirs,omitempty"`
}

// ledgerKey is where the ledger stands in the unit's stored state, allowanceKey where what
// applications have had does (see state.Allowance). The latter is trusted whatever happens:
// who gets to lead after another unit begins with what it has itself, which may be nothing.
const (
	ledgerKey    = "ledger"
	allowanceKey = "allowance"
)

const (
	// maxLedger is less than what Juju takes as one value, 64 KiB. It has room for some
	// thousand relations; those that are newer are read in every hook.
	maxLedger = 60 << 10
	maxTrust  = time.Hour
)

// A desk is where a run has the ledger that it trusts, and the one that it writes.
type desk struct {
	stored  map[string]string // the unit's stored state as the hook found it; nil before it is read
	trusted ledger
	written *ledger                  // nil before openLedger
	bags    map[string]state.Databag // our sides, by the relations' ids, as this hook has read them
	// modelsUnknown says that this Juju does not tell models apart.
	modelsUnknown bool
	// trustsLedger says that the ledger which the hook found is trusted.
	trustsLedger bool
	// handed tells which secret has the record, as this hook has seen it.
	handed string
	// stale says that another unit has led since this one has stored anything.
	stale bool
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

// openLedger reads the ledger, once in a hook.
func (c *Charm) openLedger(ctx context.Context) error {
	if c.desk.written != nil {
		return nil
	}
	stored, err := c.storedState(ctx)
	if err != nil {
		return err
	}
	var l ledger
	err = json.Unmarshal([]byte(stored[ledgerKey]), &l)
	if c.desk.trustsLedger = err == nil && c.trusts(l); !c.desk.trustsLedger {
		l = ledger{Read: c.Now.UTC().Truncate(time.Second)}
	}
	c.desk.trusted, c.desk.written = l, &ledger{Read: l.Read, Digests: map[int]string{}, Told: map[int]string{}}
	c.desk.bags = map[string]state.Databag{}
	return nil
}

func (c *Charm) trusts(l ledger) bool {
	switch c.Event.Kind {
	case gocharm.LeaderElected, gocharm.UpgradeCharm, gocharm.Start, gocharm.ConfigChanged:
		return false
	}
	age := c.Now.Sub(l.Read)
	return !c.desk.stale && age >= 0 && age < maxTrust
}

// keep carries what is known of a relation that is still there into the next ledger.
func (c *Charm) keep(relation int) {
	if digest, ok := c.desk.trusted.Digests[relation]; ok {
		c.desk.written.Digests[relation] = digest
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
	text, err := c.desk.written.encode()
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

// digest stands for data to be written. An empty value counts: it deletes a key.
func digest(data state.Databag) (string, error) {
	text, err := json.Marshal(data) // with sorted keys
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:9]), err
}

// storedState returns what the unit has stored, as it stood when the hook began.
func (c *Charm) storedState(ctx context.Context) (map[string]string, error) {
	if c.desk.stored != nil {
		return c.desk.stored, nil
	}
	var err error
	c.desk.stored, err = c.Tools.State(ctx)
	return c.desk.stored, err
}
