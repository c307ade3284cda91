package addresses_test

import (
	"context"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

func asItComes(*lab.Authority) {}

// TestAddressChanges serves by IP address, and goes from one address to two to the
// other. Whoever asks at an address that stays is served throughout.
func TestAddressChanges(t *testing.T) {
	const story = "certificates for IP addresses"
	f := newFixture(t, "changes", []string{first}, asItComes)
	f.await(atAddress + first)
	f.awaitAsked(first)
	f.published(f.url(first))

	end := f.watch(story+", the first, while a second comes", f.url(first))
	f.ca.Hold = true
	f.must(shared.SetAddresses(f.ctx, first, second))
	f.await(issuing)
	f.awaitAsked(first, first+","+second)
	f.ca.Hold = false
	f.must(f.Settle(f.ctx))
	f.awaitAsked(first + "," + second)
	f.await(atAddress + first + ", " + second)
	both := f.watch(story+", both", f.url(first), f.url(second))
	end()
	both()

	end = f.watch(story+", the second, while the first goes", f.url(second))
	f.ca.Hold = true
	f.must(shared.SetAddresses(f.ctx, second))
	f.await(issuing)
	f.awaitAsked(first+","+second, second)
	f.published(f.url(second))
	f.ca.Hold = false
	f.must(f.Settle(f.ctx))
	f.awaitAsked(second)
	f.await(atAddress + second)
	f.published(f.url(second))
	end()
}

// TestBothFamilies has one certificate for an IPv4 and an IPv6 address, verified by
// either.
func TestBothFamilies(t *testing.T) {
	const story = "one certificate for both families"
	addresses, urls := []string{first, ipv6}, 2
	if !cluster.HasIPv6() {
		t.Logf("the kernel has no IPv6: %s is left out", ipv6)
		addresses, urls = addresses[:1], 1
	}
	f := newFixture(t, "families", addresses, asItComes)
	want, names := atAddress+first, first
	if len(addresses) > 1 {
		want, names = want+", "+ipv6, names+","+ipv6
	}
	f.await(want)
	f.awaitAsked(names)
	end := f.watch(story, []string{f.url(first), f.url(ipv6)}[:urls]...)
	f.must(f.Juju.KillPod(f.ctx, charm+"/0"))
	f.must(f.Settle(f.ctx))
	f.awaitAsked(names)
	end()
	if n := len(f.ca.Issued(first)); n != 1 {
		t.Errorf("%d certificates were issued", n)
	}
}

// TestHostAndBack returns the gateway a host name and takes it away. It is served by
// its address until the name has a certificate, and by its name until the address
// has one.
func TestHostAndBack(t *testing.T) {
	const story, name = "external-hostname set and unset", "named.example.com"
	f := newFixture(t, "host", []string{first}, asItComes)
	f.await(atAddress + first)

	end := f.watch(story+", by address", f.url(first))
	f.ca.Hold = true
	f.configure(map[string]any{"external-hostname": name})
	f.await(issuing)
	f.awaitAsked(first, name)
	f.published(f.url(first))
	end()
	f.ca.Hold = false
	f.must(f.Settle(f.ctx))
	f.published(f.url(name))
	f.awaitAsked(name)

	end = f.watch(story+", by name", f.url(name))
	f.await(atAddress + first)
	f.ca.Hold = true
	f.configure(map[string]any{"external-hostname": ""})
	f.await(issuing)
	f.awaitAsked(name, first)
	f.published(f.url(name))
	end()
	f.ca.Hold = false
	f.must(f.Settle(f.ctx))
	f.published(f.url(first))
	f.awaitAsked(first)
	f.watch(story+", by address again", f.url(first))()
	f.await(atAddress + first)
}

// TestNoAddressCertificates has a provider that issues none for IP addresses, and says
// so. Then the operator has to set a name.
func TestNoAddressCertificates(t *testing.T) {
	const story, name = "a provider without IP certificates", "needed.example.com"
	const blocked = "blocked external-hostname must be set: addresses get no certificate; `juju config gateway-api-integrator external-hostname=NAME`"
	refusal := map[string]lab.Refusal{first: {Code: 101, Message: "names only"}}
	f := newFixture(t, "none", []string{first}, func(ca *lab.Authority) {
		ca.Capabilities, ca.Refuse = `{"supports_ip_sans": false}`, refusal
	})
	f.await(blocked)
	f.awaitAsked()
	f.published("")
	f.must(cluster.Eventually(f.ctx, lab.Patience, func(ctx context.Context) error {
		return f.Expect(ctx, "http://"+first+"/none-web", nil, 404) // Not in clear.
	}))

	f.configure(map[string]any{"external-hostname": name})
	f.published(f.url(name))
	end := f.watch(story+", by name", f.url(name))
	f.await(atAddress + first)
	f.configure(map[string]any{"external-hostname": ""})
	f.await(blocked)
	f.published(f.url(name))
	end()

	f.ca.Capabilities, f.ca.Refuse = "", nil
	f.must(f.Settle(f.ctx))
	f.published(f.url(first))
	end = f.watch(story+", which learns it and forgets it again", f.url(first))
	f.ca.Capabilities, f.ca.Refuse = `{"supports_ip_sans": false}`, refusal
	f.must(f.Settle(f.ctx))
	f.await(blocked)
	f.awaitAsked(first)
	end()
}

// TestBalancerName has a load balancer that is known by a DNS name alone.
func TestBalancerName(t *testing.T) {
	const story = "a load balancer's name"
	f := newFixture(t, "balancer", []string{balancer}, asItComes)
	f.await(atAddress + balancer)
	f.awaitAsked(balancer)
	f.published(f.url(balancer))
	end := f.watch(story, f.url(balancer))
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
	end()

	// No address at all for a while: what was asked for stays.
	f.must(shared.SetAddresses(f.ctx))
	f.await("waiting Waiting for gateway address")
	f.awaitAsked(balancer)
	f.must(shared.SetAddresses(f.ctx, balancer))
	f.await(atAddress + balancer)
	f.awaitServed(f.url(balancer))
	if n := len(f.ca.Issued(balancer)); n != 1 {
		t.Errorf("%d certificates were issued", n)
	}
}
