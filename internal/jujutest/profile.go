package jujutest

import "fmt"

// Profile selects whose behaviour is simulated where Juju versions differ.
type Profile int

// The three behaviours a charm of today may meet.
const (
	// Juju36 is Juju 3.6: requests may carry a token; a hook's changes of secrets are carried out one by one
	// before the rest.
	Juju36 Profile = iota
	// Juju40 is Juju 4.0: no token, no leader-get, other wordings for what is gone, no private-address;
	// what a hook leaves to its end is carried out in one transaction.
	Juju40
	// OldJuju3 is Juju 3.1: breaking relations are still listed, no relation-model-get, owners of
	// secrets see the latest revision, the agent socket has an abstract address.
	OldJuju3
)

// traits spells out what a profile means, so that the code asks for a behaviour and never for a version.
type traits struct {
	version           string // JUJU_VERSION
	checksToken       bool   // a request with another token than "" is refused
	listsBroken       bool   // relation-ids shows every relation about to break; else see relationState.dying
	privateAddress    bool   // unit bags have private-address
	modelGet          bool   // relation-model-get exists
	ownerSeesLatest   bool   // secret-get by the owner ignores tracking
	abstractSocket    bool   // the socket address is "@path"
	decimalContextID  bool   // context ids end in a guessable number
	commitsAtOnce     bool   // a hook's changes are one transaction; else secrets come first, one by one
	removesFirst      bool   // of the changes of secrets, removals come first
	refusesBrokenBag  bool   // relation-set --app fails in relation-broken
	leaderSettings    bool   // followers get leader-settings-changed once
	meterVariables    bool   // JUJU_SLA and its kin are set
	qualifiedSecrets  bool   // secret-add prints secret://<model>/<id>
	goneRelation      string // reading a relation removed by force; %d is its id if present
	labelNotFound     string // secret-get --label with an unknown label
	wrongContext      func(want, got string) string
	removedInThisJuju map[string]bool
}

// String is the version that JUJU_VERSION shows.
func (p Profile) String() string { return p.traits().version }

func (p Profile) traits() traits {
	t := traits{
		version:        "3.6.28",
		checksToken:    true,
		modelGet:       true,
		leaderSettings: true,
		privateAddress: true,
		goneRelation:   "permission denied",
		labelNotFound:  "consumer label %q not found",
		wrongContext:   func(_, got string) string { return fmt.Sprintf("wrong context ID; got %q", got) },
	}
	switch p {
	case Juju40:
		t.version = "4.0.15"
		t.checksToken = false
		t.leaderSettings = false
		t.privateAddress = false
		t.qualifiedSecrets = true
		t.commitsAtOnce = true
		t.goneRelation = "relation %d not found"
		t.labelNotFound = "secret with label %q not found"
		t.removedInThisJuju = removedInJuju4
	case OldJuju3:
		t.version = "3.1.6"
		t.meterVariables = true
		t.removesFirst = true
		t.listsBroken = true
		t.modelGet = false
		t.ownerSeesLatest = true
		t.abstractSocket = true
		t.decimalContextID = true
		t.refusesBrokenBag = true
		t.wrongContext = func(want, got string) string {
			return fmt.Sprintf("expected context id %q, got %q", want, got)
		}
	}
	return t
}

// removedInJuju4 are the tools Juju 4 no longer has.
var removedInJuju4 = map[string]bool{
	"leader-get": true, "leader-set": true, "add-metric": true,
	"payload-register": true, "payload-unregister": true, "payload-status-set": true,
	"k8s-spec-get": true, "k8s-spec-set": true, "pod-spec-get": true, "pod-spec-set": true,
	"k8s-raw-get": true, "k8s-raw-set": true,
}
