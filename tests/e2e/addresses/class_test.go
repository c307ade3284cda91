package addresses_test

import (
	"context"
	"strings"
	"testing"
)

// TestClassUnsetAmongSeveral unsets gateway-class when several classes are accepted: that
// is a wrong setting, and takes no traffic down. It is here because a second class would
// be one for every other story of its cluster.
func TestClassUnsetAmongSeveral(t *testing.T) {
	const story = "gateway-class unset among several"
	f := newFixture(t, "class", []string{first}, asItComes)
	f.must(f.Juju.SetConfig(f.ctx, charm, map[string]any{"gateway-class": "traefik"}))
	f.must(f.Settle(f.ctx))
	f.await(atAddress + first)
	end := f.watch(story, f.url(first))
	f.must(shared.CreateGatewayClass(f.ctx, "another", "traefik.io/gateway-controller"))
	t.Cleanup(func() { _ = shared.DeleteGatewayClass(context.Background(), "another") })
	f.must(f.Juju.ResetConfig(f.ctx, charm, "gateway-class"))
	const want = "blocked Gateway class must be one of: [another,traefik]"
	f.must(f.Await(f.ctx, charm, func() error {
		if unit := f.Juju.Status().Unit(charm + "/0"); !strings.HasPrefix(unit.Status+" "+unit.Message, want) {
			return statusError(unit.Status + " " + unit.Message)
		}
		return nil
	}))
	f.published(f.url(first))
	f.must(f.Juju.SetConfig(f.ctx, charm, map[string]any{"gateway-class": "traefik"}))
	f.must(f.Settle(f.ctx))
	f.await(atAddress + first)
	end()
}

type statusError string

func (e statusError) Error() string { return "status is " + string(e) }
