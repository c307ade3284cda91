package e2e_test

import (
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestProviderErrors: an authority refuses one host of three, in each possible form. The others are
// served all the time, the refused one when it is allowed.
func TestProviderErrors(t *testing.T) {
	t.Parallel()
	const story = "errors of the provider"
	f := newSubdomains(t, "refused")
	one, two := f.app("one", 8080, nil), f.app("two", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch(story+", the other hosts", one.URL(charm), two.URL(charm))

	host := f.host("three")
	inClear := f.neverClear(story+", in clear", "http://"+host+"/")
	f.ca.Refuse = map[string]lab.Refusal{host: {Code: 102, Message: "policy", Reason: "not ours"}}
	three := f.app("three", 8080, nil)
	// The other two are served: the unit is not blocked for one.
	const refused, delayed = "active 2 of 3 applications served; three: certificate for ", "waiting Waiting for a certificate for "
	const cure, lasting = "; allow it at the provider", "; see `juju status ca`"
	for _, refusal := range []struct {
		lab.Refusal
		begin, said, end string
	}{
		{lab.Refusal{Code: 102, Message: "policy", Reason: "not ours"}, refused, ": refused: ", cure},
		{lab.Refusal{Code: 102, Message: "policy", Schema: true}, refused, ": refused: ", cure},
		{lab.Refusal{Code: 103, Message: "no stars", Schema: true}, refused, ": refused: ", cure},
		{lab.Refusal{Code: 101, Message: "no addresses"}, refused, ": refused: ", cure},
		{lab.Refusal{Code: 201, Message: "try later"}, delayed, ": ca reports: server_not_available: \"try", lasting},
		{lab.Refusal{Code: 201, Schema: true}, delayed, ": ca reports: server_not_available", lasting},
		{lab.Refusal{Code: 999, Message: "odd"}, delayed, ": ca reports: \"odd\"", lasting},
	} {
		f.ca.Refuse[host] = refusal.Refusal
		f.must(f.Settle(f.ctx))
		if got := f.status(); !strings.HasPrefix(got, refusal.begin) || !strings.Contains(got, refusal.said) || !strings.HasSuffix(got, refusal.end) {
			t.Errorf("status is %q, want %q…%q…%q", got, refusal.begin, refusal.said, refusal.end)
		}
		if url := three.URL(charm); url != "" {
			t.Errorf("publishes %s", url)
		}
	}
	watched.more()
	if table := f.action(charm+"/0", "list-certificates")["certificates"]; !strings.Contains(table, host) || !strings.Contains(table, "odd") {
		t.Errorf("the table does not tell of %s:\n%s", host, table)
	}

	f.ca.Refuse = nil
	f.must(f.Settle(f.ctx))
	f.awaitAnswer("https://"+host+"/", 200)
	f.awaitStatus("active", active)
	inClear()
	watched.end()
	for _, name := range []string{"one", "two", "three"} {
		if n := len(f.ca.Issued(f.host(name))); n != 1 {
			t.Errorf("%d certificates were issued for %s", n, f.host(name))
		}
	}
}

// TestRefusedReplacement shows that a host is still served while its next certificate is refused,
// and that the status says so.
func TestRefusedReplacement(t *testing.T) {
	t.Parallel()
	const story = "a refused replacement"
	f := newSubdomains(t, "denied")
	one := f.app("one", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch(story, one.URL(charm))
	f.ca.Refuse = map[string]lab.Refusal{f.host("one"): {Code: 102, Message: "not any more"}}
	f.action(charm+"/0", "rotate-private-key")
	f.must(f.Settle(f.ctx))
	until := servedUntil(last(f.ca.Issued(f.host("one"))))
	want := "blocked Certificate for " + f.host("one") + until + ": refused: "
	if got := f.status(); !strings.HasPrefix(got, want) {
		t.Errorf("status is %q, want %q", got, want)
	}
	watched.more()
	f.ca.Refuse = nil
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	f.awaitLeaf(one.URL(charm), last(f.ca.Issued(f.host("one"))))
	watched.end()
}

// garbage are entries that no provider should write.
var garbage = []string{
	`null`, `17`, `"text"`, `[]`, `{}`, `{"certificate": 5}`,
	`{"certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "certificate_signing_request": "x", "ca": "y", "chain": [7]}`,
	`{"certificate": null, "certificate_signing_request": null, "ca": null, "chain": null, "revoked": "perhaps"}`,
}

// TestGarbage puts entries that cannot be read before, between and after the good
// ones. Only they are left out.
func TestGarbage(t *testing.T) {
	t.Parallel()
	const story = "entries that cannot be read"
	f := newSubdomains(t, "garbage")
	one := f.app("one", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch(story, one.URL(charm))

	f.ca.Garbage, f.ca.ErrorGarbage = garbage, garbage
	f.ca.Capabilities = `{"supports_ip_sans": "maybe", "provider_type": 7}`
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	f.app("two", 8080, nil)
	f.awaitAnswer("https://"+f.host("two")+"/", 200)
	f.ca.Refuse = map[string]lab.Refusal{f.host("three"): {Code: 102, Message: "policy"}}
	f.app("three", 8080, nil)
	f.awaitStatusBeginning("active 2 of 3 applications served; three: certificate for ")
	f.ca.Capabilities = `{"supports_ip_sans": false, "supports_wildcards": false, "provider_type": "acme"}`
	f.ca.Refuse = nil
	f.must(f.Settle(f.ctx))
	f.awaitAnswer("https://"+f.host("three")+"/", 200)
	f.awaitStatus("active", active)
	f.ca.Capabilities = `not JSON`
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	watched.end()
	for _, name := range []string{"one", "two", "three"} {
		if n := len(f.ca.Issued(f.host(name))); n != 1 {
			t.Errorf("%d certificates were issued for %s", n, f.host(name))
		}
	}
}
