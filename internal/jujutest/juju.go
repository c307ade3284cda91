package jujutest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options configure a simulated Juju. The zero value is usable.
type Options struct {
	Model     string // model name; default "demo"
	ModelUUID string // default: made from the seed
	Dir       string // work directory; default: a temporary one, removed by Close
	Seed      uint64 // of every random choice: order of events, ids
	Profile   Profile
	// ToolBinary is the program the hook tools on PATH link to; it must call RunToolIfInvoked.
	// Default: this program.
	ToolBinary string
	// Env returns variables to add to the environment of every dispatch of a unit. A PATH given here
	// replaces the agent's, behind the directory of the hook tools.
	Env func(unit string) []string
	// Now is the model's clock; default time.Now. Tick uses it, and time stamps.
	Now func() time.Time
	// Log receives the unit logs in the form of juju debug-log.
	Log io.Writer
	// Observe is called after each hook, action and exec. It may read and change the model, and
	// must not run anything: Settle, Step, RunAction, Exec, KillPod and Close would wait for it for
	// ever.
	Observe func(HookRun)
	// UnitAddress gives the address of a new unit's pod; "" or nil: the next one in 10.1.0.0/16.
	UnitAddress func(unit string) string
	// AgentRestarts makes agents restart by themselves: at random, on average after one of so many
	// hooks; 0: never.
	AgentRestarts int
	// Retries is how often Settle runs a failing hook again before it gives up; default 3, negative: never.
	Retries int
	// HookTimeout kills a dispatch that hangs; default 2 minutes. Juju itself would wait for ever.
	HookTimeout time.Duration
	// SocketPatience is how long the simulator waits for open connections to the agent socket after
	// a hook, before it reports the unit as hanging; default 5 seconds.
	SocketPatience time.Duration
	// KubernetesVersion is CLOUD_API_VERSION; default "1.32.0".
	KubernetesVersion string
}

// Juju is a simulated controller with one model, and the agents of the units in it. Its methods may be
// called from several goroutines; hooks run one at a time, in Step, Settle, RunAction and Exec.
type Juju struct {
	options Options
	traits  traits
	dir     string
	ownsDir bool
	sockets string // directory for agent sockets, short enough for sun_path

	running sync.Mutex // held while a hook, action or exec runs

	mu           sync.Mutex // guards everything below
	rand         *rand.Rand
	apps         map[string]*application
	relations    map[int]*relation
	nextRelation int
	nextAddress  int
	nextAction   int
	secrets      map[string]*secret
	faults       faults
	closed       bool
	scriptQueued chan struct{} // closed, and replaced, when a juju-exec comes in
}

// New makes an empty model.
func New(options Options) (*Juju, error) {
	j := &Juju{
		options:   options.withDefaults(),
		traits:    options.Profile.traits(),
		rand:      rand.New(rand.NewPCG(options.Seed, 0x6a756a75)),
		apps:      make(map[string]*application),
		relations: make(map[int]*relation),
		secrets:   make(map[string]*secret),

		scriptQueued: make(chan struct{}),
	}
	if j.options.ModelUUID == "" {
		h := j.hex(32)
		j.options.ModelUUID = strings.Join([]string{h[:8], h[8:12], "4" + h[13:16], "8" + h[17:20], h[20:]}, "-")
	}
	if j.options.ToolBinary == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("cannot find own executable: %w", err)
		}
		j.options.ToolBinary = self
	}
	if err := j.makeDirs(); err != nil {
		return nil, err
	}
	return j, nil
}

func (o Options) withDefaults() Options {
	if o.Model == "" {
		o.Model = "demo"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Retries == 0 {
		o.Retries = 3
	}
	if o.HookTimeout == 0 {
		o.HookTimeout = 2 * time.Minute
	}
	if o.SocketPatience == 0 {
		o.SocketPatience = 5 * time.Second
	}
	if o.KubernetesVersion == "" {
		o.KubernetesVersion = "1.32.0"
	}
	return o
}

// longestSocketDir leaves room for a unit's name in the 107 bytes of a unix socket address.
const longestSocketDir = 40

func (j *Juju) makeDirs() error {
	j.dir = j.options.Dir
	if j.dir == "" {
		dir, err := os.MkdirTemp("", "juju-")
		if err != nil {
			return fmt.Errorf("cannot make work directory: %w", err)
		}
		j.dir, j.ownsDir = dir, true
	}
	dir, err := filepath.Abs(j.dir)
	if err != nil {
		return fmt.Errorf("cannot make work directory: %w", err)
	}
	j.dir, j.sockets = dir, dir
	for _, sub := range []string{"agents", "tools", "charms"} {
		if err := os.MkdirAll(filepath.Join(j.dir, sub), 0o755); err != nil {
			return fmt.Errorf("cannot make work directory: %w", err)
		}
	}
	if len(j.dir) > longestSocketDir {
		if j.sockets, err = os.MkdirTemp("", "juju-"); err != nil {
			return fmt.Errorf("cannot make socket directory: %w", err)
		}
	}
	return nil
}

// Close ends every process of every unit and removes what New made on disk.
func (j *Juju) Close() error {
	j.running.Lock()
	defer j.running.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	var errs []error
	for _, u := range j.agents() {
		errs = append(errs, j.endPod(u))
	}
	if j.sockets != j.dir {
		errs = append(errs, os.RemoveAll(j.sockets))
	}
	if j.ownsDir {
		errs = append(errs, os.RemoveAll(j.dir))
	}
	return errors.Join(errs...)
}

// Dir returns the work directory. The charm of unit web/0 is in agents/unit-web-0/charm below it.
func (j *Juju) Dir() string { return j.dir }

// CharmDir returns the directory of a unit's unpacked charm, which is the working directory of its
// dispatch.
func (j *Juju) CharmDir(unit string) string {
	return filepath.Join(j.agentDir(unit), "charm")
}

func (j *Juju) agentDir(unit string) string { return filepath.Join(j.dir, "agents", unitTag(unit)) }

// ToolsDir returns the directory with the hook tools of a unit, as links to Options.ToolBinary.
func (j *Juju) ToolsDir(unit string) string { return filepath.Join(j.dir, "tools", unitTag(unit)) }

// socketAddress is JUJU_AGENT_SOCKET_ADDRESS.
func (j *Juju) socketAddress(unit string) string {
	path := j.socketPath(unit, "agent")
	if j.traits.abstractSocket {
		return "@" + path
	}
	return path
}

// socketPath is where the agent listens: <agent dir>/<name>.socket if that fits into an address.
func (j *Juju) socketPath(unit, name string) string {
	const longest = 100
	path := filepath.Join(j.agentDir(unit), name+".socket")
	if j.sockets != j.dir || len(path) > longest {
		path = filepath.Join(j.sockets, shortHash(unit)+"."+name)
	}
	return path
}

// agents returns the units that run a charm, in order of name.
func (j *Juju) agents() []*unit {
	var units []*unit
	for _, name := range sortedKeys(j.apps) {
		for _, u := range j.apps[name].units {
			if u.agent != nil {
				units = append(units, u)
			}
		}
	}
	return units
}

func (j *Juju) application(name string) (*application, error) {
	app, ok := j.apps[name]
	if !ok {
		return nil, fmt.Errorf("application %q not found", name)
	}
	return app, nil
}

func (j *Juju) unit(name string) (*unit, error) {
	if app, ok := j.apps[applicationOf(name)]; ok {
		for _, u := range app.units {
			if u.name == name {
				return u, nil
			}
		}
	}
	return nil, fmt.Errorf("unit %q not found", name)
}

// agentUnit returns a unit that runs a charm.
func (j *Juju) agentUnit(name string) (*unit, error) {
	u, err := j.unit(name)
	if err != nil {
		return nil, err
	}
	if u.agent == nil {
		return nil, fmt.Errorf("unit %q is scripted and runs no charm", name)
	}
	return u, nil
}

func (j *Juju) relationOf(id int) (*relation, error) {
	r, ok := j.relations[id]
	if !ok {
		return nil, fmt.Errorf("relation %d not found", id)
	}
	return r, nil
}

// hex returns n random hexadecimal digits.
func (j *Juju) hex(n int) string {
	const digits = "0123456789abcdef"
	return j.word(n, digits)
}

func (j *Juju) word(n int, alphabet string) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[j.rand.IntN(len(alphabet))]
	}
	return string(text)
}

// shuffled returns the keys of m in a random order that depends only on the seed.
func shuffled[K interface{ ~int | ~string }, V any](j *Juju, m map[K]V) []K {
	keys := sortedKeys(m)
	j.rand.Shuffle(len(keys), func(a, b int) { keys[a], keys[b] = keys[b], keys[a] })
	return slices.Clip(keys)
}
