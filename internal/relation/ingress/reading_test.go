package ingress_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
)

var readyEvent = regexp.MustCompile(`EVENT ready url='([^']*)'`)

// TestRequirersRead goes through what requirers made of a provider's data: requirers of version 2
// (read19) and of version 1. The URL that they report is one that we publish in the same form, and
// read back from our own databag. If they find no URL, neither do we, so that it is written again.
func TestRequirersRead(t *testing.T) {
	t.Parallel()
	// The recording does not have the data, only what resulted from them.
	written := map[string]string{
		"read19 ok":                 `{"url": "http://gw.example.com/my-model-myapp"}`,
		"read19 compact json":       `{"url":"http://gw.example.com/my-model-myapp"}`,
		"read19 no path":            `{"url": "https://gw.example.com"}`,
		"read19 extra key inside":   `{"url": "https://gw.example.com/x", "more": 1}`,
		"read19 extra top json":     `{"url": "https://gw.example.com/x"}`,
		"read19 extra top NON json": `{"url": "https://gw.example.com/x"}`,
		"read19 null":               `null`,
		"read19 empty obj":          `{}`,
		"read19 yaml v1 style":      "url: http://gw.example.com/x\n",
		"read19 raw url":            `http://gw.example.com/x`,
		"read19 url empty":          `{"url": ""}`,
		"read19 ipv6":               `{"url": "http://[fd00::1]/x"}`,
		"read19 port":               `{"url": "http://gw:80/x"}`,
		"read19 httpsport443":       `{"url": "https://gw.example.com:443/x"}`,
		"read19 upper":              `{"url": "https://GW.Example.COM/My-Model"}`,
		"read19 empty":              "",
		"readv1 json":               `{"url": "http://gw.example.com/x"}`,
		"readv1 null":               `null`,
		"readv1 yaml":               "url: http://gw.example.com/x\n",
	}
	text := recorded.Text(t, "testdata/ingress_requirer.txt")
	_, text, found := strings.Cut(text, "=== REQUIRER READS\n")
	if !found {
		t.Fatal("no section of that name")
	}
	text, _, _ = strings.Cut(text, "\n=== ")
	// An event was printed before the name of the block it belongs to.
	event, blocks := "", 0
	for line := range strings.Lines(text) {
		if ready := readyEvent.FindStringSubmatch(line); ready != nil {
			event = ready[1]
		}
		name, isBlock := strings.CutPrefix(strings.TrimSpace(line), "## ")
		if !isBlock {
			continue
		}
		blocks++
		data, known := written[name]
		if !known {
			t.Errorf("block %q is unknown to this test", name)
		}
		checkRead(t, name, data, event)
		event = ""
	}
	if blocks != len(written) {
		t.Errorf("%d blocks, want %d", blocks, len(written))
	}
}

// checkRead compares our reading of a provider's value with the URL that the requirer has reported;
// empty for none.
func checkRead(t *testing.T, name, data, reported string) {
	t.Helper()
	url, err := ingress.ParseURL(map[string]string{"ingress": data})
	if reported == "" || name == "readv1 yaml" { // We never write that: version 1 reads JSON too.
		if err == nil && url != "" {
			t.Errorf("%s: we read %q", name, url)
		}
		return
	}
	published, err := ingress.NormalizeURL(reported)
	if err != nil || published != reported {
		t.Errorf("%s: the requirer has %q, and we publish %q, %v", name, reported, published, err)
	}
	if back, err := ingress.ParseURL(ingress.EncodeURL(published)); err != nil || back != reported {
		t.Errorf("%s: the requirer has %q, and we read back %q, %v", name, reported, back, err)
	}
}

// TestRequirerEvents goes through what a requirer was told when the provider's data arrived and
// disappeared. It is not told that a URL was withdrawn: the charm's status says that. It is told of
// another URL, and of the end of the relation, in which we write nothing.
func TestRequirerEvents(t *testing.T) {
	t.Parallel()
	published := map[string]string{"changed": "http://gw/x", "changed with url removed": "", "changed with new url": "https://gw/x"}
	got, last := map[string]string{}, ""
	for _, line := range recorded.Lines(t, "testdata/ingress_requirer.txt", "broken") {
		switch ready := readyEvent.FindStringSubmatch(line); {
		case ready != nil:
			got[last] = ready[1]
		case strings.HasPrefix(line, "EVENT "):
			got[last] = line
		case strings.HasSuffix(line, ":"):
			last = strings.TrimSuffix(line, ":")
		}
	}
	if diff := cmp.Diff(map[string]string{"changed": "http://gw/x", "changed with new url": "https://gw/x", "broken": "EVENT revoked"}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for when, url := range published {
		bag := ingress.EncodeURL(url)
		if back, err := ingress.ParseURL(bag); err != nil || back != url || got[when] != url {
			t.Errorf("%s: we publish %q, read back %q, %v; the requirer was told %q", when, url, back, err, got[when])
		}
	}
	want := []string{"REQUIRER", "REQUIRER READS", "broken"}
	if diff := cmp.Diff(want, recorded.Titles(t, "testdata/ingress_requirer.txt")); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
}
