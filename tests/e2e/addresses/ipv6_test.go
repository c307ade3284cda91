package addresses_test

import (
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestIPv6Alone has a Gateway with no IPv4 address: in URLs it stands in brackets, in
// the status, on gateway-route and in records without.
func TestIPv6Alone(t *testing.T) {
	const story, host = "IPv6 alone", "six.example.com"
	if !cluster.HasIPv6() {
		t.Log("the kernel has no IPv6: nothing to see")
		return
	}
	f := newFixture(t, "six", []string{ipv6}, asItComes)
	f.await(atAddress + ipv6)
	f.awaitAsked(ipv6)
	if want := "https://[" + ipv6 + "]/six-web"; f.url(ipv6) != want {
		t.Fatalf("the test asks for %s, not %s", f.url(ipv6), want)
	}
	f.published(f.url(ipv6))
	f.watch(story, f.url(ipv6))()

	c, err := f.AddConfigurator(f.ctx, "routed", "six")
	f.must(err)
	c.Request = lab.Asks(host)
	f.must(f.Relate(f.ctx, "routed:gateway-route", charm))
	dns, err := f.AddDNS("bind")
	f.must(err)
	f.must(f.Relate(f.ctx, charm, "bind"))
	f.must(f.Settle(f.ctx))
	f.await(atAddress + ipv6)
	if got, want := c.Answer(charm)["gateway_address"], `"`+ipv6+`"`; got != want {
		t.Errorf("the application on gateway-route is told %s, not %s", got, want)
	}
	f.awaitRecords(dns, host+" AAAA "+ipv6)
	f.awaitServed("https://" + host + "/routed")
}
