package tlscertificates

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Subject is what a request is for.
type Subject struct {
	CommonName  string   // left out of the CSR past 64 characters
	DNSNames    []string // ASCII: punycode for other scripts
	IPAddresses []net.IP

	// UniqueID is the x500UniqueIdentifier. If it is empty, as it should be except in tests,
	// NewRequest makes one.
	UniqueID string
}

// maxCommonName is the upper limit of X.520 (ub-common-name). Longer host names are only in the
// subject alternative names.
const maxCommonName = 64

// commonName returns the common name that the CSR will have.
func (s Subject) commonName() string {
	if utf8.RuneCountInString(s.CommonName) > maxCommonName {
		return ""
	}
	return s.CommonName
}

// NewUniqueID returns a UUID of version 7 (RFC 9562): the time, then random bits. The time says
// when a request was made, which no databag does.
func NewUniqueID(random io.Reader, now time.Time) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		return "", fmt.Errorf("cannot make unique identifier: %w", err)
	}
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(now.UnixMilli()))
	copy(b[:6], millis[2:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// uuid7 matches a UUID of version 7; its first groups are the time.
var uuid7 = regexp.MustCompile(`^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// madeAt returns the time in a unique identifier; zero if it has none: those of the Python library
// are of version 4.
func madeAt(uniqueID string) time.Time {
	parts := uuid7.FindStringSubmatch(uniqueID)
	if parts == nil {
		return time.Time{}
	}
	millis, err := strconv.ParseInt(parts[1]+parts[2], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// NewRequest makes a request like those of the Python library: PKCS#10, RSA with SHA-256; the
// subject is the common name, then the unique identifier; names and addresses are in a subject
// alternative name that is not critical.
//
// RSA signatures of this kind are not random. Without the unique identifier, a renewal with the
// same key would be the same request, and no provider would notice that a certificate is requested.
// The identifier contains the time now, see [Details].Made.
func NewRequest(random io.Reader, now time.Time, key *rsa.PrivateKey, subject Subject) (Request, error) {
	if key == nil {
		return Request{}, errors.New("cannot make certificate request: no private key")
	}
	if subject.UniqueID == "" {
		id, err := NewUniqueID(random, now)
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

// marshal returns the DER of the subject. pkix.Name would choose the string type by the characters;
// the Python library always writes UTF8String.
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
