package bench_test

import (
	"context"
	"errors"
	"sync"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// A ground is the cluster, the worlds in it, and what was measured there. A world is
// made when it is first asked for, and kept: at rest it costs the others nothing, and
// one with a thousand applications takes a while to make.
type ground struct {
	cluster *cluster.Cluster

	mu       sync.Mutex
	worlds   map[size]*making
	measured []measurement
}

// A making is a world, or why there is none.
type making struct {
	once  sync.Once
	world *world
	err   error
}

func newGround(c *cluster.Cluster) *ground { return &ground{cluster: c, worlds: map[size]*making{}} }

// world returns the world of a size. One at a time may use it.
func (g *ground) world(ctx context.Context, s size) (*world, error) {
	g.mu.Lock()
	m := g.worlds[s]
	if m == nil {
		m = &making{}
		g.worlds[s] = m
	}
	g.mu.Unlock()
	m.once.Do(func() { m.world, m.err = newWorld(ctx, g.cluster, s) })
	return m.world, m.err
}

func (g *ground) add(m measurement) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.measured = append(g.measured, m)
}

func (g *ground) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var errs []error
	for _, m := range g.worlds {
		if m.world != nil {
			errs = append(errs, m.world.close())
		}
	}
	return errors.Join(errs...)
}
