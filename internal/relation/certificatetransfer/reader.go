package certificatetransfer

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// maxEntries limits a list. A databag cannot hold so many certificates.
const maxEntries = 10_000

// blockType is the type of a PEM block that holds a certificate.
const blockType = "CERTIFICATE"

// A reader collects the certificates of one provider.
type reader struct {
	now   time.Time
	seen  map[string]bool // by DER, judged already
	kept  []string
	notes pyjson.Notes
}

// check refuses a databag that exceeds the limits.
func (r *reader) check(bag map[string]string) bool {
	if err := pyjson.CheckBag(bag); err != nil {
		r.notes.Add("%v; ignored", err)
		return false
	}
	return true
}

// list reads a JSON list of certificates one by one, so that a list of millions is not built in
// memory.
func (r *reader) list(key, value string) {
	decoder := json.NewDecoder(strings.NewReader(value))
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		r.notes.Add("%s: not a JSON list; ignored", key)
		return
	}
	var entries []json.RawMessage
	for decoder.More() {
		if len(entries) == maxEntries {
			r.notes.Add("%s: more than %d entries; ignored", key, maxEntries)
			return
		}
		var entry json.RawMessage
		if err := decoder.Decode(&entry); err != nil {
			r.notes.Add("%s: not a JSON list; ignored", key)
			return
		}
		entries = append(entries, entry)
	}
	_, err := decoder.Token() // The closing bracket.
	if _, after := decoder.Token(); err != nil || !errors.Is(after, io.EOF) {
		r.notes.Add("%s: not a JSON list; ignored", key)
		return
	}
	for i, entry := range entries {
		where := fmt.Sprintf("%s[%d]", key, i)
		text, ok := pyjson.String(string(entry))
		if !ok {
			r.notes.Add("%s: not a string; ignored", where)
			continue
		}
		r.text(where, text)
	}
}

// text reads certificates in PEM; there are several if somebody wrote a bundle.
func (r *reader) text(where, text string) {
	if len(text) > pyjson.MaxEntry {
		r.notes.Add("%s: longer than %d bytes; ignored", where, pyjson.MaxEntry)
		return
	}
	found := pki.Blocks(text)
	for _, block := range found {
		if block.Type != blockType {
			// Not shown: it could be a private key.
			r.notes.Add("%s: not a certificate but another kind of PEM; ignored", where)
			continue
		}
		r.certificate(where, block.Bytes)
	}
	if len(found) == 0 {
		r.notes.Add("%s: not PEM; ignored", where)
	}
}

// certificate keeps the certificate of an authority, and notes why it does not keep another one.
func (r *reader) certificate(where string, der []byte) {
	if r.seen[string(der)] {
		return
	}
	r.seen[string(der)] = true
	certificate, err := pki.ParseCertificate(der)
	if err != nil {
		r.notes.Add("%s: not a certificate; ignored", where)
		return
	}
	subject := pyjson.Said(pki.NameText(certificate.Subject))
	switch {
	case len(certificate.Raw) < len(der) && r.seen[string(certificate.Raw)]:
		return
	case !certificate.IsCA:
		r.notes.Add("%s: %s: not the certificate of an authority; ignored", where, subject)
		return
	case !certificate.NotAfter.IsZero() && r.now.After(certificate.NotAfter):
		r.notes.Add("%s: %s: expired on %s; ignored", where, subject, certificate.NotAfter.UTC().Format(time.DateOnly))
		return
	case certificate.X509 == nil:
		// Whoever verifies with it may know more than Go does.
		r.notes.Add("%s: %s: cannot be checked (%s); taken as it is", where, subject, certificate.Refusal)
	}
	r.seen[string(certificate.Raw)] = true
	// Without headers, and with the same line ends, whoever wrote it.
	r.kept = append(r.kept, string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: certificate.Raw})))
}

// result returns what was collected, as far as there is room for it.
func (r *reader) result(written bool) CAs {
	slices.Sort(r.kept)
	size, fit := 0, 0
	for fit < len(r.kept) && size+len(r.kept[fit]) <= MaxBytes {
		size += len(r.kept[fit])
		fit++
	}
	if left := len(r.kept) - fit; left > 0 {
		r.notes.Add("%d certificates are more than there is room for; ignored", left)
	}
	return CAs{PEM: slices.Clone(r.kept[:fit]), Written: written, Remarks: r.notes.All()}
}
