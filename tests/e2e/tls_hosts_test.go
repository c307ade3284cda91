package e2e_test

import (
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestUnusualHosts changes from host to host, of lengths and forms that not
// everything takes: past 64 characters there is no common name, at 253 a name ends.
// The old one is served until the new one has its certificate; what is no name at
// all is refused, and changes nothing.
func TestUnusualHosts(t *testing.T) {
	t.Parallel()
	const story = "a host in an unusual form"
	tests := []struct{ option, host string }{
		{"UPPER.Case.Example.COM", "upper.case.example.com"},
		{"Bücher.example.com", "xn--bcher-kva.example.com"},
		{"例え.テスト", "xn--r8jz45g.xn--zckzah"},
		{long(64), long(64)},
		{long(65), long(65)},
		{long(100), long(100)},
		{long(253), long(253)},
		{"short.example.com", "short.example.com"},
	}
	f := newFixture(t, "unusual", map[string]any{"external-hostname": "usual.example.com"}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	for _, test := range tests {
		want := "https://" + test.host + "/unusual-web"
		users := f.moving(story+", "+state.Quote(test.option), app, want)
		f.ca.Hold = true
		f.nextSecond()
		f.configure(map[string]any{"external-hostname": test.option})
		f.awaitStatusBeginning("waiting " + pending)
		users.more()
		f.ca.Hold = false
		f.must(f.Settle(f.ctx))
		f.awaitStatus("active", active)
		if got := app.URL(charm); got != want {
			t.Fatalf("published %s, want %s", got, want)
		}
		f.awaitAnswer(want, 200)
		users.end()
	}

	watched := f.watch(story+", refused", app.URL(charm))
	for option, reason := range map[string]string{
		"10.43.45.1":                     "is an IP address",
		"[fd00::1]":                      "is an IP address",
		"*.example.com":                  "has a wildcard",
		"a_b.example.com":                "is not a DNS name",
		"shop.1":                         "ends in a number",
		long(253) + "c":                  "is longer than 25…",
		"https://example.com":            "is not a DNS name",
		"example.com:443":                "is not a DNS name",
		strings.Repeat("a", 64) + ".com": "is not a DNS name",
		"two words.example.com.":         "is not a DNS name",
	} {
		f.configure(map[string]any{"external-hostname": option})
		f.awaitStatus("blocked", "invalid configuration: external-hostname "+reason+"; `juju config gateway-api-integrator external-hostname=NAME`")
	}
	f.configure(map[string]any{"external-hostname": "short.example.com"})
	f.awaitStatus("active", active)
	watched.end()
	if n := len(f.ca.Issued("short.example.com")); n != 1 {
		t.Errorf("%d certificates were issued for the host that went on", n)
	}
}

// long makes a host name of so many characters.
func long(length int) string {
	const end = ".example.com"
	return strings.Repeat(strings.Repeat("a", 49)+".", 5)[:length-len(end)] + end
}
