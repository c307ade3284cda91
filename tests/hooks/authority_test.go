package hooks

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// What certificate authorities do: the words of `ca`, and the reading of PEM.

func (s *story) authority(name string) (*lab.Authority, error) {
	if authority := s.authorities[name]; authority != nil {
		return authority, nil
	}
	return nil, fmt.Errorf("%w: no authority %q", errUsage, name)
}

// hold has an authority leave new requests unanswered, all of them or those for the
// hosts, or answer them again.
func (s *story) hold(_ context.Context, args []string) error {
	if len(args) < 2 {
		return errUsage
	}
	authority, err := s.authority(args[0])
	if err != nil {
		return err
	}
	on, hosts := args[1] == "on", args[2:]
	switch {
	case len(hosts) == 0:
		authority.Hold = on
	case on:
		authority.HoldHosts = append(authority.HoldHosts, hosts...)
	default:
		authority.HoldHosts = slices.DeleteFunc(authority.HoldHosts, func(host string) bool { return slices.Contains(hosts, host) })
	}
	return nil
}

func (s *story) revoke(_ context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	authority, err := s.authority(args[0])
	if err == nil {
		authority.Revoke = args[1:]
	}
	return err
}

// answer prints the databag with which an authority answers the one of the file,
// both in JSON.
func (s *story) answer(_ context.Context, args []string) error {
	var name, file string
	if err := exactly(args, &name, &file); err != nil {
		return err
	}
	authority, err := s.authority(name)
	if err != nil {
		return err
	}
	var bag map[string]string
	if err := json.Unmarshal([]byte(s.script.ReadFile(file)), &bag); err != nil {
		return err
	}
	certificates, err := authority.Answer(bag["certificate_signing_requests"])
	if err != nil {
		return err
	}
	return json.NewEncoder(s.out).Encode(map[string]string{"certificates": certificates})
}

// write has a rogue authority write the text to its databag; see rogue.fill for
// what it may contain.
func (s *story) write(_ context.Context, args []string) error {
	var name, key, text string
	if err := exactly(args, &name, &key, &text); err != nil {
		return err
	}
	rogue := s.rogues[name]
	if rogue == nil {
		return fmt.Errorf("%w: no rogue authority %q", errUsage, name)
	}
	requests, err := s.requestsBy(name)
	if err != nil {
		return err
	}
	if text, err = rogue.fill(text, requests); err != nil {
		return err
	}
	return s.writeData(name, map[string]string{key: text})
}

// redact prints a text in which every PEM block is said in words, and every time
// from now.
func (s *story) redact(_ context.Context, args []string) error {
	var file string
	if err := exactly(args, &file); err != nil {
		return err
	}
	_, err := fmt.Fprint(s.out, redactTimes(redactPEM(s.script.ReadFile(file)), time.Now()))
	return err
}

// times are those of the charm's tables and statuses; two blanks end a column.
var times = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\dZ| UTC)(  )?`)

// redactTimes replaces each time of a text by how far away it is.
func redactTimes(text string, now time.Time) string {
	return times.ReplaceAllStringFunc(text, func(found string) string {
		layout, written := "2006-01-02 15:04 MST", strings.TrimRight(found, " ")
		if strings.HasSuffix(written, "Z") {
			layout = time.RFC3339
		}
		at, err := time.Parse(layout, written)
		if err != nil {
			return found
		}
		said := "<" + fromNow(at, now) + ">"
		if written != found {
			return fmt.Sprintf("%-*s", len(found), said)
		}
		return said
	})
}

// redactPEM replaces each PEM block of a text, and leaves everything between
// them as it is.
func redactPEM(text string) string {
	const begin, end = "-----BEGIN ", "-----END "
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, begin)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		stop := strings.Index(rest, end)
		if stop < 0 {
			return b.String() + begin + rest
		}
		length := stop + len(end) + strings.Index(rest[stop+len(end):], "-----") + len("-----")
		block, _ := pem.Decode([]byte(begin + rest[:length] + "\n"))
		b.WriteString(inWords(block))
		text = rest[length:]
	}
}

func inWords(block *pem.Block) string {
	if block == nil {
		return "<unreadable PEM>"
	}
	if block.Type != "CERTIFICATE" {
		return "<" + strings.ToLower(block.Type) + ">"
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "<unreadable certificate>"
	}
	words := "<certificate of " + certificate.Subject.CommonName
	if len(certificate.DNSNames) > 0 {
		words += " for " + strings.Join(certificate.DNSNames, ", ")
	}
	return words + ", by " + certificate.Issuer.CommonName + ">"
}
