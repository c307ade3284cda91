package lab

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
)

// Keys of a provider's databag.
const (
	keyCertificates  = "certificates"
	keyRequestErrors = "request_errors"
	keyCapabilities  = "capabilities"
)

// certificateEntry is an element of `certificates`.
type certificateEntry struct {
	Request     string   `json:"certificate_signing_request"`
	Certificate string   `json:"certificate"`
	CA          string   `json:"ca"`
	Chain       []string `json:"chain"`
	Revoked     bool     `json:"revoked,omitempty"`
}

// errorEntry is an element of `request_errors`: the library calls the request
// "csr", the interface's README calls it "certificate_signing_request".
type errorEntry struct {
	CSR     string     `json:"csr,omitempty"`
	Request string     `json:"certificate_signing_request,omitempty"`
	Error   errorValue `json:"error"`
}

type errorValue struct {
	Code    int    `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
	Reason  string `json:"reason,omitempty"`
}

// Answer returns the certificates that the authority writes to its databag if the requirer's has
// these certificate_signing_requests; empty for nothing.
func (a *Authority) Answer(requests string) (string, error) {
	bag, err := a.Databag(requests)
	return bag[keyCertificates], err
}

// Databag returns what the authority writes to its databag if the requirer's has these
// certificate_signing_requests: `certificates`, `request_errors` and `capabilities`, each empty for
// nothing.
func (a *Authority) Databag(requests string) (map[string]string, error) {
	var asked []struct {
		Request string `json:"certificate_signing_request"`
	}
	if requests != "" {
		if err := json.Unmarshal([]byte(requests), &asked); err != nil {
			return nil, fmt.Errorf("cannot read the requests: %w", err)
		}
	}
	bag := map[string]string{keyCertificates: "", keyRequestErrors: "", keyCapabilities: a.Capabilities}
	if a.Mute {
		return bag, nil
	}
	var certificates, refused []any
	for _, request := range asked {
		entry, err := a.decide(request.Request)
		switch entry := entry.(type) {
		case certificateEntry:
			certificates = append(certificates, entry)
		case errorEntry:
			refused = append(refused, entry)
		}
		if err != nil {
			return nil, err
		}
	}
	var err error
	if bag[keyCertificates], err = encodeList(certificates, a.Garbage); err != nil {
		return nil, err
	}
	bag[keyRequestErrors], err = encodeList(refused, a.ErrorGarbage)
	return bag, err
}

// decide returns the answer to a request: a certificateEntry or an errorEntry, or
// nil for none yet.
func (a *Authority) decide(request string) (any, error) {
	entry := a.answers[request]
	if entry == nil {
		csr, err := parseRequest(request)
		if err != nil {
			return nil, fmt.Errorf("cannot read a request: %w", err)
		}
		names := hosts(csr.Subject, csr.DNSNames, csr.IPAddresses)
		for _, name := range names {
			if refusal, ok := a.Refuse[name]; ok {
				return refusal.entry(request), nil
			}
		}
		if a.Hold || slices.ContainsFunc(names, a.holds) {
			return nil, nil
		}
		if entry, err = a.sign(request, csr); err != nil {
			return nil, fmt.Errorf("cannot sign the request for %s: %w", strings.Join(names, ", "), err)
		}
	}
	// The chain has the leaf and the root, as self-signed-certificates writes it.
	leaf := encodePEM(entry.certificate.Raw)
	return certificateEntry{
		Request: request, Certificate: leaf, CA: a.PEM(), Chain: []string{leaf, a.PEM()},
		Revoked: entry.revoked || slices.ContainsFunc(a.Revoke, entry.covers),
	}, nil
}

func (a *Authority) holds(host string) bool { return slices.Contains(a.HoldHosts, host) }

// errorNames are the words of the interface's error codes.
var errorNames = map[int]string{
	101: "ip_not_allowed", 102: "domain_not_allowed", 103: "wildcard_not_allowed",
	201: "server_not_available", 999: "other",
}

func (r Refusal) entry(request string) errorEntry {
	value := errorValue{Code: r.Code, Name: cmp.Or(r.Name, errorNames[r.Code]), Message: r.Message, Reason: r.Reason}
	if r.Schema {
		value.Name = strings.ToLower(value.Name)
		return errorEntry{Request: request, Error: value}
	}
	value.Name = strings.ToUpper(value.Name)
	return errorEntry{CSR: request, Error: value}
}

// sign issues a certificate for a request, and remembers it.
func (a *Authority) sign(request string, csr *x509.CertificateRequest) (*issued, error) {
	notBefore, notAfter := a.validity(time.Now())
	template := &x509.Certificate{
		// The root's is 1.
		SerialNumber: big.NewInt(int64(len(a.history) + 2)), Subject: csr.Subject, DNSNames: csr.DNSNames, IPAddresses: csr.IPAddresses,
		NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, csr.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	entry := &issued{certificate: certificate}
	a.answers[request] = entry
	a.history = append(a.history, entry)
	return entry, nil
}

func (a *Authority) validity(now time.Time) (notBefore, notAfter time.Time) {
	start := now.Add(a.Delay)
	notAfter = start.Add(a.Life)
	if a.Life == 0 {
		notAfter = start.AddDate(0, 3, 0)
	}
	if a.Delay > 0 {
		return start, notAfter
	}
	return now.Add(-cmp.Or(a.Backdate, time.Minute)), notAfter
}

func parseRequest(request string) (*x509.CertificateRequest, error) {
	block, _ := pem.Decode([]byte(request))
	if block == nil {
		return nil, errors.New("no PEM")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	return csr, csr.CheckSignature()
}

// hosts are what a certificate or a request is for; the common name counts when
// there is no other.
func hosts(subject pkix.Name, names []string, addresses []net.IP) []string {
	all := slices.Clone(names)
	for _, address := range addresses {
		all = append(all, address.String())
	}
	if len(all) == 0 {
		all = append(all, subject.CommonName)
	}
	return all
}

// encodeList writes entries as a JSON list, with garbage in every gap between
// them: before the first, between any two, and after the last, in turn. It gives
// "" for an empty list.
func encodeList(entries []any, garbage []string) (string, error) {
	var list []any
	for i := range max(len(entries)+1, len(garbage)) {
		if len(garbage) > 0 {
			list = append(list, json.RawMessage(garbage[i%len(garbage)]))
		}
		if i < len(entries) {
			list = append(list, entries[i])
		}
	}
	if len(list) == 0 {
		return "", nil
	}
	var buffer bytes.Buffer
	if err := json.NewEncoder(&buffer).Encode(list); err != nil {
		return "", fmt.Errorf("cannot write a list with garbage %q: %w", garbage, err)
	}
	return strings.TrimSpace(buffer.String()), nil
}
