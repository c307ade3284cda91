package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// Options configure a Lab.
type Options struct {
	// Cluster is the cluster, started. Several labs can share one, each with a
	// model of its own; Traefik serves them all at one address, Envoy each at its own.
	Cluster *cluster.Cluster
	// Model is the name of the Juju model; "demo" when empty.
	Model string
	// Charm is the packed charm; the one of Main when empty.
	Charm string
	// Processes makes the charm call the hook tools as processes on PATH
	// instead of over the agent's socket.
	Processes bool
	// Env is added to the environment of every hook.
	Env []string
	// Profile is the version of Juju.
	Profile jujutest.Profile
	// Seed is that of Juju's random choices, such as the order of events.
	Seed uint64
	// Observe is called after every hook.
	Observe func(jujutest.HookRun)
	// Now is Juju's clock, which decides when secrets expire; time.Now if it is nil. See Tick.
	// Clients, the charm and the authorities use the machine's clock.
	Now func() time.Time
	// Log gets the units' log, as `juju debug-log` shows it.
	Log io.Writer
	// Retries is how often a failing hook is run again, see jujutest.
	Retries int
}

// A Lab is one Juju model in a cluster.
type Lab struct {
	Juju    *jujutest.Juju
	Cluster *cluster.Cluster
	Model   string

	charm       string
	mu          sync.Mutex
	kubeconfigs map[string]string // of each deployed application
	authorities map[string]*Authority
	apps        map[string]*App
	players     map[string]player
}

// A player plays the other side of a relation, if that is neither an App nor an Authority.
type player interface {
	// related gives it its relation, and the application on the other side.
	related(id int, other string) error
	// act does what the databags ask for, and reports whether it changed its own.
	act(ctx context.Context) (changed bool, err error)
	stop(ctx context.Context) error
}

// New makes an empty model.
func New(ctx context.Context, options Options) (*Lab, error) {
	l := &Lab{
		Cluster: options.Cluster, Model: options.Model, charm: options.Charm,
		kubeconfigs: map[string]string{}, authorities: map[string]*Authority{}, apps: map[string]*App{},
		players: map[string]player{},
	}
	if l.Model == "" {
		l.Model = "demo"
	}
	if l.charm == "" {
		l.charm = CharmFile()
	}
	env := options.Env
	if options.Processes {
		env = append(slices.Clone(env), "CHARM_HOOK_TOOLS=exec")
	}
	juju, err := jujutest.New(jujutest.Options{
		Model: l.Model, ModelUUID: cluster.ModelUUID(l.Model), Profile: options.Profile, Seed: options.Seed,
		Now: options.Now, Observe: options.Observe, Log: options.Log, Retries: options.Retries,
		Env: func(unit string) []string { return append(slices.Clone(env), "KUBECONFIG="+l.Kubeconfig(unit)) },
	})
	if err != nil {
		return nil, err
	}
	l.Juju = juju
	return l, options.Cluster.CreateModel(ctx, l.Model)
}

// Namespace returns the model's namespace, where its objects are.
func (l *Lab) Namespace() string { return cluster.Namespace(l.Model) }

// Address returns the address of the model's Gateway.
func (l *Lab) Address() string { return l.Cluster.GatewayAddressOf(l.Model) }

// Close ends the model's processes and deletes its namespace.
func (l *Lab) Close(ctx context.Context) error {
	errs := []error{l.Juju.Close()}
	for _, app := range l.apps {
		errs = append(errs, app.stop(ctx))
	}
	for _, player := range l.players {
		errs = append(errs, player.stop(ctx))
	}
	return errors.Join(append(errs, l.Cluster.DestroyModel(ctx, l.Model))...)
}

// Kubeconfig returns the path of the file with which a unit's charm reaches the cluster, as its
// application's service account.
func (l *Lab) Kubeconfig(unit string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	app, _, _ := strings.Cut(unit, "/")
	return l.kubeconfigs[app]
}

// Deploy deploys the charm under test: `juju deploy ./….charm app [--trust]`. Its
// events wait for Settle.
func (l *Lab) Deploy(ctx context.Context, app string, config map[string]any, trust bool) error {
	kubeconfig, err := l.Cluster.DeployApplication(ctx, l.Model, app)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.kubeconfigs[app] = kubeconfig
	l.mu.Unlock()
	if trust {
		if err := l.Cluster.Trust(ctx, l.Model, app); err != nil {
			return err
		}
	}
	return l.Juju.Deploy(ctx, app, l.charm, jujutest.DeployOptions{Config: config, Trust: trust})
}

// Trust is `juju trust app --scope=cluster`.
func (l *Lab) Trust(ctx context.Context, app string) error {
	if err := l.Cluster.Trust(ctx, l.Model, app); err != nil {
		return err
	}
	return l.Juju.Trust(ctx, app, true)
}

// unrelated is used as the id of a relation that does not exist: Juju counts from 0.
const unrelated = -1

// Relate is `juju integrate a b`, endpoints by name if need be.
func (l *Lab) Relate(ctx context.Context, a, b string) error {
	id, err := l.Juju.Integrate(ctx, a, b)
	if err != nil {
		return err
	}
	a, _, _ = strings.Cut(a, ":")
	b, _, _ = strings.Cut(b, ":")
	for _, side := range [][2]string{{a, b}, {b, a}} {
		name, other := side[0], side[1]
		if app := l.apps[name]; app != nil {
			app.Relation = id
			if err := app.write(); err != nil {
				return err
			}
		}
		if authority := l.authorities[name]; authority != nil {
			authority.relation = id
			authority.requirer = other
		}
		if player := l.players[name]; player != nil {
			if err := player.related(id, other); err != nil {
				return err
			}
		}
	}
	return nil
}

// Unrelate is `juju remove-relation a b`.
func (l *Lab) Unrelate(ctx context.Context, a, b string) error {
	for _, side := range []string{a, b} {
		name, _, _ := strings.Cut(side, ":")
		if authority := l.authorities[name]; authority != nil {
			authority.relation = unrelated
		}
	}
	return l.Juju.RemoveRelation(ctx, a, b)
}

// Ghost removes the relation of a and b so quickly that the charm's agents do not notice: they
// still list it, and are denied its data.
func (l *Lab) Ghost(ctx context.Context, a, b string) error {
	for _, side := range []string{a, b} {
		name, _, _ := strings.Cut(side, ":")
		if authority := l.authorities[name]; authority != nil {
			authority.relation = unrelated
		}
	}
	return l.Juju.GhostRelation(ctx, a, b)
}

// Settle runs everything that is pending: events, the reactions of the applications on the other
// side of the relations, and the events of these.
func (l *Lab) Settle(ctx context.Context) error {
	for {
		if err := l.Juju.Settle(ctx); err != nil {
			return err
		}
		answered, err := l.Answer(ctx)
		if err != nil || !answered {
			return err
		}
	}
}

// Tick makes Juju look at its clock, as it does every minute, and settles: owners of secrets learn
// what has expired.
func (l *Lab) Tick(ctx context.Context) error {
	if err := l.Juju.Tick(ctx); err != nil {
		return err
	}
	return l.Settle(ctx)
}

// Patience limits every wait for a gateway, which needs some seconds at most.
const Patience = 30 * time.Second

// Await lets time pass as Juju does: it runs update-status until check succeeds, and returns
// check's last error if it never does.
func (l *Lab) Await(ctx context.Context, app string, check func() error) error {
	return cluster.Eventually(ctx, Patience, func(ctx context.Context) error {
		if check() == nil {
			return nil
		}
		if err := l.Juju.UpdateStatus(ctx, app); err != nil {
			return err
		}
		if err := l.Settle(ctx); err != nil {
			return err
		}
		return check()
	})
}

// Remove is `juju remove-application app`, together with what Juju does in the cluster.
func (l *Lab) Remove(ctx context.Context, app string) error {
	if err := l.Juju.RemoveApplication(ctx, app); err != nil {
		return err
	}
	if err := l.Settle(ctx); err != nil {
		return err
	}
	return l.Cluster.RemoveApplication(ctx, l.Model, app)
}

// kinds are the kinds of objects that the charm makes.
var kinds = []schema.GroupVersionResource{
	{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"},
	{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"},
	{Version: "v1", Resource: "configmaps"},
	{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "backendtlspolicies"},
	{Version: "v1", Resource: "services"},
	{Version: "v1", Resource: "secrets"},
	{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
}

// Objects lists the application's objects in the cluster, as "Kind/name", in
// order of kind and name.
func (l *Lab) Objects(ctx context.Context, app string) ([]string, error) {
	var names []string
	for _, kind := range kinds {
		selector := "gateway-api-integrator.charm.juju.is/managed-by=" + app
		if kind.Resource == "endpointslices" {
			// Kubernetes copies a Service's labels to the slices it makes.
			selector += ",endpointslice.kubernetes.io/managed-by=" + app
		}
		list, err := l.Cluster.Dynamic().Resource(kind).Namespace(l.Namespace()).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if apierrors.IsNotFound(err) {
			continue // A kind that an old bundle of the Gateway API does not have.
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w", kind.Resource, err)
		}
		for _, item := range list.Items {
			names = append(names, item.GetKind()+"/"+item.GetName())
		}
	}
	return names, nil
}
