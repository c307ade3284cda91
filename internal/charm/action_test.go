package charm_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// act runs an action, and gives its results, or why it fails.
func (w *world) act(name string, params map[string]any) (results []string, failure string) {
	w.t.Helper()
	w.params, w.results, w.failed = params, nil, nil
	w.run(gocharm.Event{Kind: gocharm.Action, Action: &gocharm.EventAction{Name: name}})
	if len(w.failed)+min(1, len(w.results)) != 1 {
		w.t.Errorf("%s fails with %q, and gives %q", name, w.failed, w.results)
	}
	return w.results, strings.Join(w.failed, "")
}

// askedFor is a world at rest in which a certificate was requested.
func askedFor(t *testing.T) *world {
	t.Helper()
	w := serving(t)
	w.withAuthority()
	w.quiet()
	return w
}

func TestListCertificates(t *testing.T) {
	t.Parallel()
	w := serving(t)
	if _, failure := w.act("list-certificates", nil); failure != "Certificates relation not created." {
		t.Errorf("without the relation: %q", failure)
	}
	for name, c := range map[string]struct {
		world func(*testing.T) *world
		want  string
	}{
		"requested": {askedFor, "HOST             ISSUER  NOT AFTER  STATE\nweb.example.com  -       -          pending"},
		"issued": {issued, "HOST             ISSUER         NOT AFTER             STATE\n" +
			"web.example.com  CN=Example CA  2026-01-05T04:00:00Z  served"},
	} {
		results, failure := c.world(t).act("list-certificates", nil)
		if got := strings.TrimPrefix(strings.Join(results, " "), "certificates="); got != c.want {
			t.Errorf("%s: %s\n%s\nwant\n%s", name, failure, got, c.want)
		}
	}
}

func TestGetCertificate(t *testing.T) {
	t.Parallel()
	w := issued(t)
	for host, want := range map[string]string{
		"":                  "",
		"web.example.com":   "",
		"Web.Example.COM":   "",
		"other.example.com": "No certificate has been requested for other.example.com; there are: web.example.com",
		"*.example.com":     `hostname: "*.example.com" has a wildcard`,
		"[::ffff:10.0.0.9]": "No certificate has been requested for 10.0.0.9; there are: web.example.com",
	} {
		results, failure := w.act("get-certificate", map[string]any{"hostname": host})
		if failure != want {
			t.Errorf("%q: %q, want %q", host, failure, want)
		}
		if want == "" {
			got := strings.Join(results, "\n")
			for _, part := range []string{"certificate=-----BEGIN CERTIFICATE-----", "ca=", "chain="} {
				if !strings.Contains(got, part) {
					t.Errorf("%q: no %s in\n%s", host, part, got)
				}
			}
		}
	}
	if _, failure := askedFor(t).act("get-certificate", nil); failure != "The certificate for web.example.com has not been issued yet." {
		t.Errorf("of one that is pending: %q", failure)
	}
	w.later = 200 * time.Hour
	if _, failure := w.act("get-certificate", nil); !strings.HasPrefix(failure, "The certificate for web.example.com cannot be used: the certificate expired on ") {
		t.Errorf("of one that has expired: %q", failure)
	}
	if _, failure := serving(t).act("get-certificate", nil); failure != "Certificates relation not created." {
		t.Errorf("without the relation: %q", failure)
	}
}

func TestRotatePrivateKey(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	if _, failure := serving(t).act("rotate-private-key", nil); failure != "Certificates relation not created." {
		t.Errorf("without the relation: %q", failure)
	}
	w := issued(t)
	w.realKeys = true
	key, request := w.secrets[current], w.bags["certificates:2"][own]["certificate_signing_requests"]
	w.writes()
	var followed []string
	w.before = func(call gocharm.Call) error {
		if call.Tool == "secret-get" && slices.Contains(call.Args, "--refresh") {
			followed = append(followed, call.Args[slices.IndexFunc(call.Args, func(arg string) bool { return strings.HasPrefix(arg, "--label=") })])
		}
		return nil
	}
	w.later = time.Minute
	results, failure := w.act("rotate-private-key", nil)
	if want := []string{"requested=web.example.com"}; !slices.Equal(results, want) {
		t.Errorf("%s: got %q, want %q", failure, results, want)
	}
	if w.secrets[current] == key || w.secrets[legacy] != w.secrets[current] {
		t.Error("the key is the old one under one of the labels")
	}
	if want := []string{"--label=" + current, "--label=" + legacy}; !slices.Equal(followed, want) {
		t.Errorf("of the new revisions %q are followed, so that Juju keeps the others", followed)
	}
	if got := w.bags["certificates:2"][own]["certificate_signing_requests"]; got == request {
		t.Error("no other certificate is requested")
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("written: %q", got)
	}
	if got := w.lastStatus(); !strings.HasPrefix(got, "waiting Waiting for TLS certificates") {
		t.Errorf("status is %q", got)
	}

	// Without the older label's secret nothing is requested: the hook fails, and Juju takes all of it back.
	w = issued(t)
	request = w.bags["certificates:2"][own]["certificate_signing_requests"]
	w.before = func(call gocharm.Call) error {
		if call.Tool == "secret-set" && slices.ContainsFunc(call.Args, func(arg string) bool { return arg == "--label="+legacy }) {
			return errors.New("no room")
		}
		return nil
	}
	w.params = nil
	if err := w.try(gocharm.Event{Kind: gocharm.Action, Action: &gocharm.EventAction{Name: "rotate-private-key"}}); err == nil && len(w.failed) == 0 {
		t.Error("it does not fail")
	}
	if got := w.bags["certificates:2"][own]["certificate_signing_requests"]; got != request {
		t.Error("another certificate is requested")
	}
}

// TestActionsAreHandled: each action of actions.yaml has its case.
func TestActionsAreHandled(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../actions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var actions map[string]any
	if err := yaml.Unmarshal(text, &actions); err != nil {
		t.Fatal(err)
	}
	if len(actions) == 0 {
		t.Error("there is no action")
	}
	for name := range actions {
		if _, failure := askedFor(t).act(name, nil); strings.Contains(failure, "unknown action") {
			t.Errorf("%s: %s", name, failure)
		}
	}
	if _, failure := askedFor(t).act("another", nil); failure != `unknown action "another"` {
		t.Errorf("one that there is not fails with %q", failure)
	}
}
