package pki

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Certificate is an X.509 certificate as far as it can be read.
type Certificate struct {
	// Raw is its DER, without bytes after it.
	Raw []byte
	// X509 is Go's reading of it; nil if Go refuses it, for the reason in Refusal.
	X509    *x509.Certificate
	Refusal string
	// Subject, Issuer and Key are its names and its public key, in DER.
	Subject, Issuer, Key []byte
	// NotBefore and NotAfter limit its validity; zero if they cannot be read.
	NotBefore, NotAfter time.Time
	// SubjectKeyID and AuthorityKeyID identify its key and its issuer's key; empty for none.
	SubjectKeyID, AuthorityKeyID []byte
	// IsCA says that it may sign others, according to its basic constraints and to its key usage if
	// there is one.
	IsCA bool
}

// The extensions that are read.
var (
	oidSubjectKeyID     = []byte{0x55, 0x1d, 0x0e}
	oidKeyUsage         = []byte{0x55, 0x1d, 0x0f}
	oidBasicConstraints = []byte{0x55, 0x1d, 0x13}
	oidAuthorityKeyID   = []byte{0x55, 0x1d, 0x23}
)

// ParseCertificate reads a certificate in DER. It returns an error if the bytes do not have the
// form of a certificate.
func ParseCertificate(der []byte) (*Certificate, error) {
	c, err := read(der)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(c.Raw)
	if err != nil {
		c.Refusal = pyjson.Plain(err.Error())
		return c, nil
	}
	return Of(parsed), nil
}

// Unread reports whether the first PEM block of text is a certificate that Go cannot parse.
func Unread(text string) bool {
	block := First(text)
	if block == nil {
		return false
	}
	c, err := ParseCertificate(block.Bytes)
	return err == nil && c.X509 == nil
}

// Of returns the certificate for one that Go has parsed.
func Of(parsed *x509.Certificate) *Certificate {
	return &Certificate{
		Raw: parsed.Raw, X509: parsed,
		Subject: parsed.RawSubject, Issuer: parsed.RawIssuer, Key: parsed.RawSubjectPublicKeyInfo,
		NotBefore: parsed.NotBefore, NotAfter: parsed.NotAfter,
		SubjectKeyID: parsed.SubjectKeyId, AuthorityKeyID: parsed.AuthorityKeyId,
		IsCA: parsed.BasicConstraintsValid && parsed.IsCA && (parsed.KeyUsage == 0 || parsed.KeyUsage&x509.KeyUsageCertSign != 0),
	}
}

// read parses the parts of a certificate (RFC 5280, 4.1).
func read(der []byte) (*Certificate, error) {
	whole := reader{rest: der}
	outer := whole.take(tagSequence)
	signed := reader{rest: outer.content}
	body := reader{rest: signed.take(tagSequence).content}
	signed.take(tagSequence)
	signed.take(tagBitString)
	body.optional(tagVersion)
	body.take(tagInteger)
	body.take(tagSequence)
	c := &Certificate{Raw: outer.full, Issuer: body.take(tagSequence).full}
	validity := reader{rest: body.take(tagSequence).content}
	c.NotBefore, c.NotAfter = timeOf(validity.any()), timeOf(validity.any())
	c.Subject, c.Key = body.take(tagSequence).full, body.take(tagSequence).full
	body.optional(tagIssuerID)
	body.optional(tagSubjectID)
	if whole.failed || signed.failed || body.failed || validity.failed {
		return nil, errors.New("not a certificate")
	}
	if extensions, ok := body.optional(tagExtensions); ok {
		outer := reader{rest: extensions.content}
		c.readExtensions(outer.take(tagSequence).content)
	}
	return c, nil
}

func (c *Certificate) readExtensions(list []byte) {
	isCA, signs := false, true
	for all := (reader{rest: list}); all.more(); {
		one := reader{rest: all.take(tagSequence).content}
		id := one.take(tagOID).content
		one.optional(tagBoolean)
		value := reader{rest: one.take(tagOctetString).content}
		switch {
		case bytes.Equal(id, oidSubjectKeyID):
			c.SubjectKeyID = value.take(tagOctetString).content
		case bytes.Equal(id, oidAuthorityKeyID):
			parts := reader{rest: value.take(tagSequence).content}
			keyID, _ := parts.optional(tagKeyID)
			c.AuthorityKeyID = keyID.content
		case bytes.Equal(id, oidBasicConstraints):
			parts := reader{rest: value.take(tagSequence).content}
			flag, _ := parts.optional(tagBoolean)
			isCA = len(flag.content) == 1 && flag.content[0] != 0
		case bytes.Equal(id, oidKeyUsage):
			bits := value.take(tagBitString).content
			const keyCertSign = 0x04 // the sixth bit of the first byte
			signs = len(bits) > 1 && bits[1]&keyCertSign != 0
		}
	}
	c.IsCA = isCA && signs
}

// timeOf reads a time in any of the forms that certificates have used.
func timeOf(one element) time.Time {
	text := string(one.content)
	switch one.tag {
	case tagUTCTime:
		for _, layout := range []string{"060102150405Z0700", "0601021504Z0700"} {
			if at, err := time.Parse(layout, text); err == nil {
				if at.Year() >= 2050 { // Two digits stand for 1950 to 2049.
					at = at.AddDate(-100, 0, 0)
				}
				return at.UTC()
			}
		}
	case tagTime:
		for _, layout := range []string{"20060102150405Z0700", "200601021504Z0700"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC()
			}
		}
	}
	return time.Time{}
}

// NameText returns a name in DER as one line (RFC 2253) for a log; empty if the name cannot be
// read.
func NameText(name []byte) string {
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(name, &sequence); err != nil || len(rest) > 0 {
		return ""
	}
	return pyjson.Plain(sequence.String())
}
