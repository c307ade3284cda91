package tlscertificates_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// requestForm is a form of a request that providers were given.
type requestForm struct {
	bag bag
	// ours says that we write this form: present providers have to issue for it.
	ours bool
	// kept is how many requests of this form we keep if another charm has left them in our databag.
	// A request that we keep is then written in our own form.
	kept int
}

// requestForms are the forms of tls_provider.txt by their names there. The form of a unit is the
// same request in the databag of a unit.
func requestForms(f fixture) map[string]requestForm {
	form := func(text string) bag { return bag{"certificate_signing_requests": text} }
	quoted := func(pem string) string {
		return `"` + strings.ReplaceAll(pem, "\n", `\n`) + `"`
	}
	one := func(pem, rest string) bag {
		return form(`[{"certificate_signing_request": ` + quoted(pem) + rest + `}]`)
	}
	bad := strings.Replace(f.CSR, "MII", "!!!", 1)
	return map[string]requestForm{
		"app mode":             {one(f.CSR, `, "ca": false`), true, 1},
		"unit mode":            {one(f.CSR, `, "ca": false`), false, 1},
		"ca missing":           {one(f.CSR, ``), false, 1},
		"ca null":              {one(f.CSR, `, "ca": null`), false, 1},
		"compact json":         {form(`[{"certificate_signing_request":` + quoted(f.CSR) + `,"ca":false}]`), false, 1},
		"csr trailing newline": {one(f.CSR+"\n", `, "ca": false`), false, 1},
		"bad csr":              {one(bad, `, "ca": false`), false, 0},
		"[]":                   {form(`[]`), false, 0},
		"same csr in app+unit": {one(f.CSR, `, "ca": false`), false, 1},
	}
}

// unlikeForms are the recorded forms whose requests the recording does not have, and why none of
// ours is like them.
var unlikeForms = map[string]string{
	"no unique id": "ours have one, see TestNewRequest",
	"ec key":       "ours are of RSA keys, see TestKeyRoundTrip",
}

// TestProvidersRecordings goes through what present providers, and those of version 3, made of
// requests. Present providers issue for what we write; any form that is found in our databag
// becomes our form.
func TestProvidersRecordings(t *testing.T) {
	t.Parallel()
	f := load(t)
	forms := requestForms(f)
	text := recorded.Text(t, "testdata/tls_provider.txt")
	_, today, found := strings.Cut(text, "---- P\n")
	today, before, alsoFound := strings.Cut(today, "---- P3\n")
	if !found || !alsoFound {
		t.Fatal("the recording has not both providers")
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq("\n"+today+"\n"+before, "\n## ") {
		name, outcome, ok := strings.Cut(part, "\n")
		if !ok || name == "" {
			continue
		}
		of3 := seen[name] || strings.HasPrefix(name, "unit ") && name != "unit mode"
		seen[name] = true
		name = formName(name)
		if unlikeForms[name] != "" {
			continue
		}
		form, known := forms[name]
		if !known {
			t.Errorf("block %q is unknown to this test", name)
			continue
		}
		if issued := strings.Contains(outcome, `"certificate"`); form.ours && !of3 && !issued {
			t.Errorf("%s: we write what a provider of today does not issue for", name)
		}
		checkForm(t, name, form, f)
	}
	if len(seen) != 17 {
		t.Errorf("%d blocks, want 17", len(seen))
	}
}

// formName returns the name of the form, for a block that has it in a unit's databag.
func formName(block string) string {
	switch block {
	case "unit ca missing", "unit ca null":
		return strings.TrimPrefix(block, "unit ")
	case "unit compact":
		return "compact json"
	case "unit trailing newline":
		return "csr trailing newline"
	case "unit ec":
		return "ec key"
	case "unit nouid":
		return "no unique id"
	}
	return block
}

func checkForm(t *testing.T, name string, form requestForm, f fixture) {
	t.Helper()
	requests, remarks := tlscertificates.ParseRequests(form.bag)
	if len(requests) != form.kept || (form.kept == 0 && name != "[]") != (len(remarks) > 0) {
		t.Fatalf("%s: requests %v, remarks %v", name, requests, remarks)
	}
	written := tlscertificates.EncodeRequests(requests)
	want := bag{"certificate_signing_requests": ""}
	if form.kept > 0 {
		want = requestForms(f)["app mode"].bag
	}
	if diff := cmp.Diff(want, written); diff != "" {
		t.Errorf("%s: written again (-want +got):\n%s", name, diff)
	}
	if form.ours {
		if diff := cmp.Diff(f.Requirer, written); diff != "" {
			t.Errorf("%s: not the library's bytes (-library +ours):\n%s", name, diff)
		}
	}
}

// TestModesAreTheSame compares the recordings of a requirer in unit mode with those in application
// mode, which the tests of Judge use: the content of a provider's databag means the same in both.
func TestModesAreTheSame(t *testing.T) {
	t.Parallel()
	unit := map[string]bool{}
	for _, block := range recorded.Section(t, "testdata/tls_requirer.txt", "MODE Mode.UNIT") {
		if name, ok := strings.CutPrefix(block.Name, "changed "); ok {
			unit[name] = strings.Contains(block.Text, "EVENT available")
		}
	}
	if diff := cmp.Diff(recordedBlocks(t), unit); diff != "" {
		t.Errorf("taken (-application +unit):\n%s", diff)
	}
}

// TestRequirerCreated compares the library's first requests, in application mode, with ours.
func TestRequirerCreated(t *testing.T) {
	t.Parallel()
	f := load(t)
	for _, block := range recorded.Section(t, "testdata/tls_requirer.txt", "MODE Mode.APP") {
		if block.Name != "created" {
			continue
		}
		ours := f.Requirer["certificate_signing_requests"]
		head, tail := `[{"certificate_signing_request": "-----BEGIN CERTIFICATE REQUEST-----\nMII`, `\n-----END CERTIFICATE REQUEST-----", "ca": false}]`
		if !strings.HasPrefix(ours, head) || !strings.HasSuffix(ours, tail) {
			t.Errorf("we write %s", ours)
		}
		for _, recorded := range []string{head, tail} {
			if text := strings.ReplaceAll(recorded, `\n`, `\\n`); !strings.Contains(block.Text, text) {
				t.Errorf("the library does not write %s:\n%s", text, block.Text)
			}
		}
		label, _ := tlscertificates.KeyLabels("certificates")
		if !strings.Contains(block.Text, "secret label="+label+" owner=app keys=['private-key'] rotate=None expire=None") {
			t.Errorf("the library's key is not that of %s:\n%s", label, block.Text)
		}
		return
	}
	t.Error("no block \"created\"")
}
