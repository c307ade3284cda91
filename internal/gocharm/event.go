package gocharm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is the kind of event for which a process was started. Its text is the event's name
// without the endpoint, container or storage that it is about.
type Kind string

// The events of a unit's life.
const (
	Install       Kind = "install"
	Start         Kind = "start"
	Stop          Kind = "stop"
	Remove        Kind = "remove"
	ConfigChanged Kind = "config-changed"
	UpdateStatus  Kind = "update-status"
	UpgradeCharm  Kind = "upgrade-charm"
	LeaderElected Kind = "leader-elected"
	// LeaderSettingsChanged is sent by Juju 3 only, to units that are not the leader.
	LeaderSettingsChanged Kind = "leader-settings-changed"
	// LeaderDeposed is a known name that Juju never sends: a unit that loses leadership
	// is not told.
	LeaderDeposed Kind = "leader-deposed"
	// CollectMetrics, MeterStatusChanged, PreSeriesUpgrade and PostSeriesUpgrade no
	// longer exist in Juju 4.
	CollectMetrics     Kind = "collect-metrics"
	MeterStatusChanged Kind = "meter-status-changed"
	PreSeriesUpgrade   Kind = "pre-series-upgrade"
	PostSeriesUpgrade  Kind = "post-series-upgrade"
)

// The events of a relation; Event.Relation is set.
const (
	RelationCreated  Kind = "relation-created"
	RelationJoined   Kind = "relation-joined"
	RelationChanged  Kind = "relation-changed"
	RelationDeparted Kind = "relation-departed"
	RelationBroken   Kind = "relation-broken"
)

// The events of a secret; Event.Secret is set.
const (
	SecretChanged Kind = "secret-changed" // for a unit that reads it: there is a newer revision
	SecretRotate  Kind = "secret-rotate"  // for its owner: a new revision is due
	SecretExpired Kind = "secret-expired" // for its owner: repeated until the revision is removed
	SecretRemove  Kind = "secret-remove"  // for its owner: nobody reads the revision any more
)

// The events of a workload container, with Event.Workload set, and of a
// storage, with Event.Storage set.
const (
	PebbleReady          Kind = "pebble-ready"
	PebbleCustomNotice   Kind = "pebble-custom-notice"
	PebbleCheckFailed    Kind = "pebble-check-failed"
	PebbleCheckRecovered Kind = "pebble-check-recovered"
	StorageAttached      Kind = "storage-attached"
	StorageDetaching     Kind = "storage-detaching"
)

// What is not one of Juju's hooks.
const (
	// Action is an operator's request; Event.Action is set.
	Action Kind = "action"
	// Exec is a process that juju-exec started without naming an event.
	Exec Kind = "exec"
	// Unknown is a hook with none of the names above, such as an event of the charm's own
	// that juju-exec runs.
	Unknown Kind = "unknown"
)

// Event is the Juju event for which this process was started. A value that Juju left
// empty is empty here.
type Event struct {
	Kind Kind
	// Name is the hook's name ("config-changed", "gateway-relation-changed") or
	// the action's, and empty for Exec.
	Name string

	Unit        string // "gateway-api-integrator/0"
	Model       string // the model's name; on Kubernetes its namespace too
	ModelUUID   string
	JujuVersion string // the agent's: "3.6.9", perhaps with a build number
	CharmDir    string
	// ContextID lets anybody who has it call hook tools as this unit: keep it out of
	// logs.
	ContextID string

	Relation *EventRelation // relation events, and commands that juju-exec runs for a relation
	Secret   *EventSecret   // secret events
	Action   *EventAction   // actions
	Workload *EventWorkload // pebble events
	Storage  *EventStorage  // storage events

	Agent EventAgent
}

// EventRelation says which relation an event is about.
type EventRelation struct {
	Endpoint string // the name in our metadata: "gateway"
	ID       string // "gateway:3"
	// RemoteApp is the application on the other side. juju-exec leaves it empty.
	RemoteApp string
	// RemoteUnit is empty in relation-created and relation-broken, and in
	// relation-changed for application data.
	RemoteUnit string
	// DepartingUnit is set in relation-departed. It is our own unit if that is being
	// removed.
	DepartingUnit string
}

// EventSecret says which secret an event is about.
type EventSecret struct {
	// ID is the bare id, in whichever of its three forms Juju sent it: see [SecretID].
	ID string
	// Label is the label that this unit gave the secret, if any.
	Label string
	// Revision is 0 if Juju sends none: in secret-changed and secret-rotate, and on older
	// agents in secret-expired.
	Revision int
}

// EventAction says which run of which action this is.
type EventAction struct {
	Name string
	ID   string // "7"
}

// EventWorkload says which container an event is about, and which notice or check.
type EventWorkload struct {
	Container                       string
	NoticeID, NoticeType, NoticeKey string
	CheckName                       string
}

// EventStorage says which storage an event is about.
type EventStorage struct {
	Name     string // the name in our metadata: "data"
	ID       string // "data/0"
	Location string // where it is mounted
	Kind     string // "filesystem" or "block"
}

// EventAgent has what the unit agent says about itself and its environment in every
// event. The variables that only Juju 3 sets (service level, meter status, target series)
// are left out: they are of no use any more.
type EventAgent struct {
	APIAddresses     []string
	CloudAPIVersion  string // of Kubernetes, or empty
	MachineID        string // empty on Kubernetes, as are the next two
	AvailabilityZone string
	PrincipalUnit    string

	// The proxies the model wants charms to use.
	HTTPProxy, HTTPSProxy, FTPProxy, NoProxy string

	// The trace this event belongs to; Juju 4 with tracing on.
	TraceID, SpanID, TraceFlags string
}

// Application returns the name of the unit's application: "app" of "app/0".
func (e Event) Application() string { return applicationOf(e.Unit) }

// String returns the event in a few words for a log: "gateway-relation-changed gateway:3
// web/0".
func (e Event) String() string {
	words := []string{e.Name}
	switch {
	case e.Kind == Exec:
		words[0] = "juju-exec"
	case e.Action != nil:
		words = []string{"action", e.Name}
	}
	if r := e.Relation; r != nil {
		words = append(words, r.ID)
		if r.RemoteUnit != "" {
			words = append(words, r.RemoteUnit)
		} else if r.RemoteApp != "" {
			words = append(words, r.RemoteApp)
		}
	}
	return strings.Join(words, " ")
}

// ParseEvent reads the event from the environment through getenv, such as os.Getenv. It
// fails if the environment is not one that Juju makes.
//
// The name comes from JUJU_DISPATCH_PATH: JUJU_HOOK_NAME is empty for actions.
func ParseEvent(getenv func(string) string) (Event, error) {
	e := Event{
		Unit:        getenv("JUJU_UNIT_NAME"),
		Model:       getenv("JUJU_MODEL_NAME"),
		ModelUUID:   getenv("JUJU_MODEL_UUID"),
		JujuVersion: getenv("JUJU_VERSION"),
		CharmDir:    getenv("JUJU_CHARM_DIR"),
		ContextID:   getenv("JUJU_CONTEXT_ID"),
		Agent:       parseAgent(getenv),
	}
	if e.CharmDir == "" {
		e.CharmDir = getenv("CHARM_DIR")
	}
	if app, number, ok := strings.Cut(e.Unit, "/"); !ok || app == "" || !isNumber(number) {
		return Event{}, fmt.Errorf("cannot read event: JUJU_UNIT_NAME is %q, not a unit's name", e.Unit)
	}
	if err := e.parseName(getenv); err != nil {
		return Event{}, fmt.Errorf("cannot read event: %w", err)
	}
	return e, nil
}

// parseName sets what the dispatch path says, and the details for its kind.
func (e *Event) parseName(getenv func(string) string) error {
	path := getenv("JUJU_DISPATCH_PATH")
	if path == "" {
		e.Kind = Exec
		if getenv("JUJU_RELATION_ID") != "" {
			e.Relation = parseRelation(getenv)
		}
		return nil
	}
	if name, ok := strings.CutPrefix(path, "actions/"); ok && name != "" {
		id := getenv("JUJU_ACTION_UUID")
		if id == "" {
			id = strings.TrimPrefix(getenv("JUJU_ACTION_TAG"), "action-")
		}
		e.Kind, e.Name, e.Action = Action, name, &EventAction{Name: name, ID: id}
		return nil
	}
	name, ok := strings.CutPrefix(path, "hooks/")
	if !ok || name == "" {
		return fmt.Errorf("JUJU_DISPATCH_PATH is %q, neither a hook nor an action", path)
	}
	e.Name = name
	return e.parseHook(getenv)
}

// The hooks that have a fixed name, and those that have a subject before it.
var (
	plainHooks = []Kind{
		Install, Start, Stop, Remove, ConfigChanged, UpdateStatus, UpgradeCharm, LeaderElected,
		LeaderSettingsChanged, LeaderDeposed, CollectMetrics, MeterStatusChanged, PreSeriesUpgrade, PostSeriesUpgrade,
	}
	secretHooks   = []Kind{SecretChanged, SecretRotate, SecretExpired, SecretRemove}
	relationHooks = []Kind{RelationCreated, RelationJoined, RelationChanged, RelationDeparted, RelationBroken}
	workloadHooks = []Kind{PebbleReady, PebbleCustomNotice, PebbleCheckFailed, PebbleCheckRecovered}
	storageHooks  = []Kind{StorageAttached, StorageDetaching}
)

// parseHook finds the kind of the hook e.Name. The variable that names the subject says
// what to cut off before "-relation-" and the like, because an endpoint may have any of
// these words in its own name.
func (e *Event) parseHook(getenv func(string) string) error {
	container := getenv("JUJU_WORKLOAD_NAME")
	storage, _, _ := strings.Cut(getenv("JUJU_STORAGE_ID"), "/")
	if kind := Kind(e.Name); slices.Contains(plainHooks, kind) {
		e.Kind = kind
		return nil
	}
	if kind := Kind(e.Name); slices.Contains(secretHooks, kind) {
		e.Kind = kind
		return e.parseSecret(getenv)
	}
	if kind := kindBehind(getenv("JUJU_RELATION"), e.Name); slices.Contains(relationHooks, kind) {
		e.Kind, e.Relation = kind, parseRelation(getenv)
		if e.Relation.ID == "" {
			return fmt.Errorf("JUJU_RELATION_ID is not set in %s", e.Name)
		}
		return nil
	}
	if kind := kindBehind(container, e.Name); slices.Contains(workloadHooks, kind) {
		e.Kind = kind
		e.Workload = &EventWorkload{
			Container:  container,
			NoticeID:   getenv("JUJU_NOTICE_ID"),
			NoticeType: getenv("JUJU_NOTICE_TYPE"),
			NoticeKey:  getenv("JUJU_NOTICE_KEY"),
			CheckName:  getenv("JUJU_PEBBLE_CHECK_NAME"),
		}
		return nil
	}
	if kind := kindBehind(storage, e.Name); slices.Contains(storageHooks, kind) {
		e.Kind = kind
		e.Storage = &EventStorage{
			Name:     storage,
			ID:       getenv("JUJU_STORAGE_ID"),
			Location: getenv("JUJU_STORAGE_LOCATION"),
			Kind:     getenv("JUJU_STORAGE_KIND"),
		}
		return nil
	}
	return e.parseUnknown(getenv)
}

// parseUnknown treats a hook as one of the charm's own. It is an error if the name is
// that of a relation's event and the variables do not match it: that must not count as a
// custom hook, which a charm may ignore.
func (e *Event) parseUnknown(getenv func(string) string) error {
	for _, kind := range relationHooks {
		if strings.HasSuffix(e.Name, "-"+string(kind)) {
			return fmt.Errorf("JUJU_RELATION is %q in %s", getenv("JUJU_RELATION"), e.Name)
		}
	}
	e.Kind = Unknown
	if getenv("JUJU_RELATION_ID") != "" {
		e.Relation = parseRelation(getenv)
	}
	return nil
}

// kindBehind returns what follows the subject in a hook's name: "relation-broken" for
// "gateway" and "gateway-relation-broken". It is empty if the hook is not about the
// subject.
func kindBehind(subject, name string) Kind {
	kind, ok := strings.CutPrefix(name, subject+"-")
	if subject == "" || !ok {
		return ""
	}
	return Kind(kind)
}

func parseRelation(getenv func(string) string) *EventRelation {
	r := &EventRelation{
		Endpoint:      getenv("JUJU_RELATION"),
		ID:            getenv("JUJU_RELATION_ID"),
		RemoteApp:     getenv("JUJU_REMOTE_APP"),
		RemoteUnit:    getenv("JUJU_REMOTE_UNIT"),
		DepartingUnit: getenv("JUJU_DEPARTING_UNIT"),
	}
	if r.RemoteApp == "" {
		r.RemoteApp = applicationOf(r.RemoteUnit)
	}
	return r
}

func (e *Event) parseSecret(getenv func(string) string) error {
	e.Secret = &EventSecret{ID: SecretID(getenv("JUJU_SECRET_ID")), Label: getenv("JUJU_SECRET_LABEL")}
	if e.Secret.ID == "" {
		return fmt.Errorf("JUJU_SECRET_ID is not set in %s", e.Name)
	}
	text := getenv("JUJU_SECRET_REVISION")
	if text == "" {
		return nil
	}
	revision, err := strconv.Atoi(text)
	if err != nil || revision < 0 {
		return fmt.Errorf("JUJU_SECRET_REVISION is %q, not a number", text)
	}
	e.Secret.Revision = revision
	return nil
}

func parseAgent(getenv func(string) string) EventAgent {
	return EventAgent{
		APIAddresses:     strings.Fields(getenv("JUJU_API_ADDRESSES")),
		CloudAPIVersion:  getenv("CLOUD_API_VERSION"),
		MachineID:        getenv("JUJU_MACHINE_ID"),
		AvailabilityZone: getenv("JUJU_AVAILABILITY_ZONE"),
		PrincipalUnit:    getenv("JUJU_PRINCIPAL_UNIT"),
		HTTPProxy:        getenv("JUJU_CHARM_HTTP_PROXY"),
		HTTPSProxy:       getenv("JUJU_CHARM_HTTPS_PROXY"),
		FTPProxy:         getenv("JUJU_CHARM_FTP_PROXY"),
		NoProxy:          getenv("JUJU_CHARM_NO_PROXY"),
		TraceID:          getenv("JUJU_TRACE_ID"),
		SpanID:           getenv("JUJU_SPAN_ID"),
		TraceFlags:       getenv("JUJU_TRACE_FLAGS"),
	}
}

// applicationOf returns "app" of "app/0", and of "app".
func applicationOf(unit string) string {
	app, _, _ := strings.Cut(unit, "/")
	return app
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 63)
	return err == nil
}
