package bench_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// The ports between which the first application goes back and forth.
const (
	firstPort  = 8080
	secondPort = 8081
)

// A scenario brings about one hook, in a world at rest.
type scenario struct {
	name string
	// prepare makes the world what the hook finds; nil for as it is.
	prepare func(context.Context, *world) error
	// cause has Juju run the hook when it settles.
	cause func(context.Context, *world) error
}

var (
	// noChange is any hook that finds everything as it should be.
	noChange = scenario{
		name:  "NoChange",
		cause: func(ctx context.Context, w *world) error { return w.Juju.UpdateStatus(ctx, charm) },
	}
	// oneChange is the hook of an application that has changed its port.
	oneChange = scenario{
		name: "OneChange",
		cause: func(_ context.Context, w *world) error {
			w.port = firstPort + secondPort - w.port
			return w.Juju.SetApplicationData(w.relations[0], "app0000", map[string]string{"port": strconv.Itoa(w.port)})
		},
	}
	// firstReconcile is the hook that finds nothing in the cluster, and no URL published.
	// It has its certificate, which is the provider's to make. It is a config-changed,
	// which looks at what is published rather than trust that it still is.
	firstReconcile = scenario{
		name:    "FirstReconcile",
		prepare: func(ctx context.Context, w *world) error { return w.empty(ctx) },
		cause: func(ctx context.Context, w *world) error {
			w.maxAge++
			return w.Juju.SetConfig(ctx, charm, map[string]any{"hsts-max-age": w.maxAge})
		},
	}
)

// A cost is what one hook has cost.
type cost struct {
	took   time.Duration  // from the start of the process until its changes were applied
	calls  int            // of hook tools
	asked  int            // those of the calls that a controller has to answer
	sets   int            // those of the calls that write to relations, secrets and state
	reads  int            // API requests, as verbs counts them
	writes map[string]int // other API requests, by verb and resource: "patch services"
	verbs  map[string]int // all API requests
}

// run runs the scenario's hook, and leaves the world at rest.
func (s scenario) run(ctx context.Context, w *world) (cost, error) {
	user := cluster.ServiceAccount(w.Model, charm)
	if s.prepare != nil {
		if err := s.prepare(ctx, w); err != nil {
			return cost{}, fmt.Errorf("cannot prepare %s: %w", s.name, err)
		}
	}
	if err := w.Cluster.ResetRequestCounts(user); err != nil {
		return cost{}, err
	}
	w.runs = nil
	if err := s.cause(ctx, w); err != nil {
		return cost{}, fmt.Errorf("cannot cause %s: %w", s.name, err)
	}
	if err := w.Settle(ctx); err != nil {
		return cost{}, err
	}
	if len(w.runs) != 1 {
		return cost{}, fmt.Errorf("%s: %d hooks ran, not 1", s.name, len(w.runs))
	}
	requests, err := w.Cluster.RequestCount(user)
	if err != nil {
		return cost{}, err
	}
	cost := w.cost(requests)
	if cost.sets > 0 { // The next hook reads what this one has written, and no other does.
		if err := w.updateStatus(ctx); err != nil {
			return cost, err
		}
	}
	return cost, w.rest(ctx)
}

// cost reads the last run and its requests to the API server.
func (w *world) cost(requests map[string]int) cost {
	run := w.runs[0]
	c := cost{took: run.Duration, calls: len(run.Calls), writes: map[string]int{}, verbs: map[string]int{}}
	c.asked = controllerCalls(run.Calls)
	for _, call := range run.Calls {
		if strings.HasSuffix(call.Tool, "-set") && call.Tool != "status-set" {
			c.sets++
		}
	}
	for request, n := range requests {
		verb, _, _ := strings.Cut(request, " ")
		c.verbs[verb] += n
		switch verb {
		case "get", "list", "watch":
			c.reads += n
		default:
			c.writes[request] += n
		}
	}
	return c
}
