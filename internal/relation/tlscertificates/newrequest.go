package tlscertificates

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"unicode/utf8"
)

// Subject is what a request is for.
type Subject struct {
	CommonName  string   // left out of the CSR past 64 characters
	DNSNames    []string // ASCII: punycode for other scripts
	IPAddresses []net.IP

	// UniqueID is the x500UniqueIdentifier. NewRequest makes one when it is
	// empty, which is what it should be but in tests.
	UniqueID string
}

// maxCommonName is the upper bound of X.520 (ub-common-name). Longer host names
// are asked for in the subject alternative names alone.
const maxCommonName = 64

// commonName returns the common name that the CSR will have.
func (s Subject) commonName() string {
	if utf8.RuneCountInString(s.CommonName) > maxCommonName {
		return ""
	}
	return s.CommonName
}

// NewUniqueID returns a random (version 4) UUID.
func NewUniqueID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("cannot make unique identifier: %w", err)
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// NewRequest makes a request like those of the Python library: PKCS#10, RSA with
// SHA-256; the subject is the common name, then the unique identifier; names
// and addresses are in a subject alternative name that is not critical.
//
// RSA signatures of this kind are not random: without the unique identifier, a
// renewal with the same key would be the same request, and no provider would
// see that anything is asked of it.
func NewRequest(random io.Reader, key *rsa.PrivateKey, subject Subject) (Request, error) {
	if key == nil {
		return Request{}, errors.New("cannot make certificate request: no private key")
	}
	if subject.UniqueID == "" {
		id, err := NewUniqueID(random)
		if err != nil {
			return Request{}, err
		}
		subject.UniqueID = id
	}
	rawSubject, err := subject.marshal()
	if err != nil {
		return Request{}, fmt.Errorf("cannot make certificate request: %w", err)
	}
	template := &x509.CertificateRequest{
		RawSubject:         rawSubject,
		SignatureAlgorithm: x509.SHA256WithRSA,
		DNSNames:           subject.DNSNames,
		IPAddresses:        subject.IPAddresses,
	}
	for _, ip := range subject.IPAddresses {
		if ip.To16() == nil {
			return Request{}, errors.New("cannot make certificate request: not an IP address")
		}
	}
	der, err := x509.CreateCertificateRequest(random, template, key)
	if err != nil {
		return Request{}, fmt.Errorf("cannot make certificate request: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: requestTypes[0], Bytes: der})
	return Request{PEM: strings.TrimSpace(string(text))}, nil
}

// marshal returns the DER of the subject. pkix.Name would choose the string type
// by the characters; the Python library always writes UTF8String.
func (s Subject) marshal() ([]byte, error) {
	var sequence pkix.RDNSequence
	add := func(oid asn1.ObjectIdentifier, value string) {
		sequence = append(sequence, pkix.RelativeDistinguishedNameSET{{
			Type:  oid,
			Value: asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagUTF8String, Bytes: []byte(value)},
		}})
	}
	if !utf8.ValidString(s.CommonName) || !utf8.ValidString(s.UniqueID) {
		return nil, errors.New("subject is not UTF-8")
	}
	if name := s.commonName(); name != "" {
		add(oidCommonName, name)
	}
	add(oidUniqueID, s.UniqueID)
	return asn1.Marshal(sequence)
}
