package tlscertificates

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

const (
	keyRequests = "certificate_signing_requests"
	keyCSR      = "certificate_signing_request"
	keyCA       = "ca"
)

// ParseRequests reads our own databag, also if the Python library wrote it. It leaves out what
// cannot be used, and says so in the remarks: some providers fail on an unreadable request, so it
// must not be written again.
func ParseRequests(bag map[string]string) (requests []Request, remarks []string) {
	value, ok := bag[keyRequests]
	if !ok || value == "" {
		return nil, nil
	}
	var notes pyjson.Notes
	if err := pyjson.CheckBag(bag); err != nil {
		notes.Add("%v", err)
		return nil, notes.All()
	}
	entries, err := pyjson.List(value)
	if err != nil {
		notes.Add("%s: %v", keyRequests, err)
		return nil, notes.All()
	}
	for i, entry := range entries {
		request, err := parseRequest(string(entry))
		if err != nil {
			notes.Add("%s[%d]: %v", keyRequests, i, err)
			continue
		}
		requests = append(requests, request)
	}
	return requests, notes.All()
}

func parseRequest(entry string) (Request, error) {
	members, err := pyjson.Object(entry)
	if err != nil {
		return Request{}, err
	}
	text, ok := pyjson.String(string(members[keyCSR]))
	if !ok {
		return Request{}, errors.New(keyCSR + " missing")
	}
	request := Request{PEM: strings.TrimSpace(text)}
	if _, err := request.parse(); err != nil {
		return Request{}, err
	}
	if ca, ok := members[keyCA]; ok && !pyjson.IsNull(string(ca)) {
		if request.CA, ok = pyjson.Bool(string(ca)); !ok {
			return Request{}, errors.New(keyCA + " must be true or false")
		}
	}
	return request, nil
}

// EncodeRequests returns our application data that request these certificates, in the bytes of the
// Python library and in the given order. Both members are always written: some providers refuse a
// request without "ca", others one with null. An empty list deletes the key.
//
//	[{"certificate_signing_request": "-----BEGIN …", "ca": false}]
func EncodeRequests(requests []Request) map[string]string {
	if len(requests) == 0 {
		return map[string]string{keyRequests: ""}
	}
	entries := make([]string, 0, len(requests))
	for _, request := range requests {
		entries = append(entries, fmt.Sprintf(`{"%s": %s, "%s": %t}`,
			keyCSR, pyjson.Quote(strings.TrimSpace(request.PEM)), keyCA, request.CA))
	}
	return map[string]string{keyRequests: "[" + strings.Join(entries, ", ") + "]"}
}

// Details is the content of a request.
type Details struct {
	CommonName  string // empty: none
	DNSNames    []string
	IPAddresses []net.IP
	UniqueID    string         // x500UniqueIdentifier; empty: none
	Made        time.Time      // when NewRequest made it, to the millisecond; zero: unknown
	PublicKey   *rsa.PublicKey // nil: not RSA
}

// Details reads the request. It returns an error for a Request that neither NewRequest nor
// ParseRequests made.
func (r Request) Details() (Details, error) {
	csr, err := r.parse()
	if err != nil {
		return Details{}, err
	}
	details := Details{
		CommonName:  csr.Subject.CommonName,
		DNSNames:    csr.DNSNames,
		IPAddresses: csr.IPAddresses,
	}
	details.PublicKey, _ = csr.PublicKey.(*rsa.PublicKey)
	for _, attribute := range csr.Subject.Names {
		if attribute.Type.Equal(oidUniqueID) {
			details.UniqueID, _ = attribute.Value.(string)
			details.Made = madeAt(details.UniqueID)
		}
	}
	return details, nil
}

// Fits reports whether r asks for subject and ca with the private part of key, and for nothing
// else. Such a request is kept, and a certificate that answers it stays served. The value of the
// unique identifier does not matter, but it must be present.
func (r Request) Fits(subject Subject, ca bool, key *rsa.PublicKey) bool {
	csr, err := r.parse()
	if err != nil || r.CA != ca || key == nil || !key.Equal(csr.PublicKey) {
		return false
	}
	uniqueIDs := 0
	for _, attribute := range csr.Subject.Names {
		switch {
		case attribute.Type.Equal(oidUniqueID):
			uniqueIDs++
		case !attribute.Type.Equal(oidCommonName):
			return false
		}
	}
	for _, extension := range csr.Extensions {
		if !extension.Id.Equal(oidSubjectAltName) {
			return false
		}
	}
	return uniqueIDs == 1 &&
		csr.Subject.CommonName == subject.commonName() &&
		len(csr.EmailAddresses) == 0 && len(csr.URIs) == 0 &&
		slices.Equal(sortedNames(csr.DNSNames), sortedNames(subject.DNSNames)) &&
		slices.Equal(sortedAddresses(csr.IPAddresses), sortedAddresses(subject.IPAddresses))
}

// Is reports whether both are the same request, whatever line ends their PEM has.
func (r Request) Is(other Request) bool {
	ours, err := requestDER(r.PEM)
	if err != nil {
		return false
	}
	theirs, err := requestDER(other.PEM)
	return err == nil && bytes.Equal(ours, theirs)
}

func (r Request) parse() (*x509.CertificateRequest, error) {
	der, err := requestDER(r.PEM)
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, errors.New("not a certificate request")
	}
	return csr, nil
}

var (
	oidCommonName     = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidUniqueID       = asn1.ObjectIdentifier{2, 5, 4, 45}
	oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// sortedNames returns names sorted, each once, in lower case.
func sortedNames(names []string) []string {
	sorted := make([]string, 0, len(names))
	for _, name := range names {
		sorted = append(sorted, strings.ToLower(name))
	}
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// sortedAddresses returns the text of addresses sorted, each once.
func sortedAddresses(addresses []net.IP) []string {
	sorted := make([]string, 0, len(addresses))
	for _, address := range addresses {
		sorted = append(sorted, address.String())
	}
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
