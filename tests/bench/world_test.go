package bench_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// charm is the application's name in every model, unit its only one's.
const (
	charm = "gateway-api-integrator"
	unit  = charm + "/0"
)

// patience bounds every wait for the cluster, which may have thousands of objects to
// see to.
const patience = 3 * time.Minute

// The ways to call hook tools.
const (
	bySocket    = "socket"
	byProcesses = "processes"
)

// size is what a world is like.
type size struct {
	requirers int
	tools     string
}

func (s size) String() string { return fmt.Sprintf("requirers=%d/tools=%s", s.requirers, s.tools) }

// A world is a model with the charm in it, a certificate authority, and applications
// that ask for ingress, of one unit each: all served over HTTPS at one host with one
// certificate, and at rest. Its applications have no pods, for nobody sends requests.
type world struct {
	*lab.Lab
	size
	relations  []int // of the applications, by number
	controller *controller
	memory     *memoryMeter
	traffic    *trafficMeter
	port       int // of the first application; see scenarios
	maxAge     int // of HSTS; see scenarios
	runs       []jujutest.HookRun
}

func newWorld(ctx context.Context, c *cluster.Cluster, s size) (*world, error) {
	return newWorldIn(ctx, c, s, fmt.Sprintf("m%d-%s", s.requirers, s.tools))
}

// newWorldIn makes a world in a model of that name.
func newWorldIn(ctx context.Context, c *cluster.Cluster, s size, model string) (*world, error) {
	w := &world{size: s, memory: &memoryMeter{}, port: firstPort}
	var err error
	w.Lab, err = lab.New(ctx, lab.Options{
		Cluster: c, Model: model, Processes: s.tools == byProcesses, Log: w.memory,
		Observe: func(run jujutest.HookRun) { w.runs = append(w.runs, run) },
	})
	if err != nil {
		return nil, err
	}
	w.controller = startController(c, model)
	w.memory.program = w.dispatch()
	if err = w.fill(ctx); err == nil {
		w.traffic, err = newTrafficMeter(w.Kubeconfig(unit))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot make a world of %s: %w", s, err), w.close())
	}
	return w, nil
}

func (w *world) close() error {
	w.controller.stop()
	if w.traffic != nil {
		w.traffic.close()
	}
	return w.Juju.Close()
}

// dispatch is the charm's program.
func (w *world) dispatch() string { return filepath.Join(w.Juju.CharmDir(unit), "dispatch") }

// fill deploys the charm and everything it serves, and checks that it does.
func (w *world) fill(ctx context.Context) error {
	if err := w.Deploy(ctx, charm, map[string]any{"external-hostname": "bench.example.com"}, true); err != nil {
		return err
	}
	if _, err := w.AddAuthority("ca"); err != nil {
		return err
	}
	if err := w.Relate(ctx, charm+":certificates", "ca"); err != nil {
		return err
	}
	if err := w.Settle(ctx); err != nil {
		return err
	}
	if err := w.addRequirers(ctx); err != nil {
		return err
	}
	// The first run makes the objects, the second finds them accepted.
	for range 2 {
		if err := w.updateStatus(ctx); err != nil {
			return err
		}
		if err := w.rest(ctx); err != nil {
			return err
		}
	}
	if status := w.Juju.Status().Unit(unit); status.Status != "active" {
		return fmt.Errorf("the charm is %s: %s", status.Status, status.Message)
	}
	return nil
}

// addRequirers adds the applications. Each brings three hooks, which would all read
// everything; a program that does nothing stands in for the charm meanwhile.
func (w *world) addRequirers(ctx context.Context) (err error) {
	idle, err := exec.LookPath("true")
	if err != nil {
		return err
	}
	if err := os.Rename(w.dispatch(), w.dispatch()+".charm"); err != nil {
		return err
	}
	if err := os.Symlink(idle, w.dispatch()); err != nil {
		return err
	}
	for i := range w.requirers {
		if err := w.addRequirer(ctx, i); err != nil {
			return err
		}
	}
	if err := w.Settle(ctx); err != nil {
		return err
	}
	return os.Rename(w.dispatch()+".charm", w.dispatch())
}

func (w *world) addRequirer(ctx context.Context, i int) error {
	name := fmt.Sprintf("app%04d", i)
	if err := w.Juju.AddScripted(name, jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, 1); err != nil {
		return err
	}
	id, err := w.Juju.Integrate(ctx, name+":ingress", charm)
	if err != nil {
		return err
	}
	w.relations = append(w.relations, id)
	host := fmt.Sprintf("%s-0.%s-endpoints.%s.svc.cluster.local", name, name, w.Model)
	address := fmt.Sprintf("10.1.%d.%d", 100+i/250, i%250+1)
	err = w.Juju.SetUnitData(id, name+"/0", map[string]string{"host": strconv.Quote(host), "ip": strconv.Quote(address)})
	if err != nil {
		return err
	}
	return w.Juju.SetApplicationData(id, name, map[string]string{
		"model": strconv.Quote(w.Model), "name": strconv.Quote(name), "port": strconv.Itoa(firstPort),
	})
}

func (w *world) updateStatus(ctx context.Context) error {
	if err := w.Juju.UpdateStatus(ctx, charm); err != nil {
		return err
	}
	return w.Settle(ctx)
}

// rest lets the cluster come to rest: routes accepted, and for each Service the
// EndpointSlice that Kubernetes makes.
func (w *world) rest(ctx context.Context) error {
	if err := w.controller.acceptRoutes(ctx); err != nil {
		return err
	}
	return w.await(ctx, w.requirers)
}

// await waits until the cluster has as many of the charm's Services, and slices of
// them.
func (w *world) await(ctx context.Context, want int) error {
	return cluster.Eventually(ctx, patience, func(ctx context.Context) error {
		for _, kind := range []schema.GroupVersionResource{services, endpointSlices} {
			list, err := w.Cluster.Dynamic().Resource(kind).Namespace(w.Model).List(ctx, ours)
			if err != nil {
				return err
			}
			if got := len(list.Items); got != want {
				return fmt.Errorf("%d %s, not %d", got, kind.Resource, want)
			}
		}
		return nil
	})
}

// ours selects the charm's objects.
var ours = metav1.ListOptions{LabelSelector: "gateway-api-integrator.charm.juju.is/managed-by=" + charm}

// empty deletes the charm's objects from the cluster, and the URLs that it has
// published.
func (w *world) empty(ctx context.Context) error {
	for _, kind := range []schema.GroupVersionResource{routes, services, gateways, secrets} {
		err := w.Cluster.Dynamic().Resource(kind).Namespace(w.Model).DeleteCollection(ctx, metav1.DeleteOptions{}, ours)
		if err != nil {
			return fmt.Errorf("cannot delete %s: %w", kind.Resource, err)
		}
	}
	for _, id := range w.relations {
		if err := w.Juju.SetApplicationData(id, charm, map[string]string{"ingress": ""}); err != nil {
			return err
		}
	}
	return w.await(ctx, 0)
}
