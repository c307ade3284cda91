package addresses_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// awaitRecords waits until a provider is asked for just these records, each "host type
// address", in the order of the databag.
func (f *fixture) awaitRecords(dns *lab.DNS, want ...string) {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		entries, err := dns.Asked()
		if err != nil {
			return err
		}
		var got []string
		for _, entry := range entries {
			got = append(got, entry.Domain+" "+entry.Type+" "+entry.Data)
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("asked for records %q, not for %q", got, want)
		}
		return nil
	}))
}

// TestRecords follows the Gateway's addresses with records: of both families, and when
// they change. A name instead of an address has none, for the interface knows no names;
// while there is no address at all, the records stay.
func TestRecords(t *testing.T) {
	const host, routed = "gw.records.example.com", "routed.records.example.com"
	f := newFixture(t, "records", []string{first}, asItComes)
	dns, err := f.AddDNS("bind")
	f.must(err)
	f.must(f.Relate(f.ctx, charm, "bind"))
	f.must(f.Settle(f.ctx))
	f.awaitRecords(dns) // Addresses alone need none.
	f.configure(map[string]any{"external-hostname": host})
	f.awaitRecords(dns, host+" A "+first)

	// One of each family: a provider takes two for a conflict.
	both, want := []string{first, second}, []string{host + " A " + first}
	if cluster.HasIPv6() {
		both, want = append(both, ipv6), append(want, host+" AAAA "+ipv6)
	} else {
		t.Logf("the kernel has no IPv6: %s is left out", ipv6)
	}
	f.must(shared.SetAddresses(f.ctx, both...))
	f.awaitRecords(dns, want...)

	// Hosts of gateway-route too, at the addresses of the moment.
	c, err := f.AddConfigurator(f.ctx, "routed", "records")
	f.must(err)
	c.Request = lab.Asks(routed)
	f.must(f.Relate(f.ctx, "routed:gateway-route", charm))
	f.must(shared.SetAddresses(f.ctx, second))
	f.awaitRecords(dns, host+" A "+second, routed+" A "+second)
	if got, want := c.Answer(charm)["gateway_address"], `"`+second+`"`; got != want {
		t.Errorf("the application on gateway-route is told %s, not %s", got, want)
	}
	f.awaitServed("https://" + routed + "/routed")

	f.must(shared.SetAddresses(f.ctx))
	f.await("waiting Waiting for gateway address")
	f.awaitRecords(dns, host+" A "+second, routed+" A "+second)
	f.must(shared.SetAddresses(f.ctx, balancer))
	f.awaitRecords(dns)
	if got := c.Answer(charm)["gateway_address"]; got != `"`+balancer+`"` {
		t.Errorf("the application on gateway-route is told %s of a load balancer", got)
	}
	f.await(atAddress + balancer + "; no DNS records, which take IP addresses only")

	f.must(shared.SetAddresses(f.ctx, first))
	f.awaitRecords(dns, host+" A "+first, routed+" A "+first)
	f.must(f.Unrelate(f.ctx, "routed", charm))
	f.must(f.Settle(f.ctx))
	f.awaitRecords(dns, host+" A "+first)
}
