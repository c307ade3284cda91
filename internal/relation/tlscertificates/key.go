package tlscertificates

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// minKeyBits is the smallest RSA key that the Python library, and so every provider, accepts as
// valid. New keys have this size.
const minKeyBits = 2048

// maxKeyDER limits what is read as a private key, in bytes. A key of maxKeyBits has less than five
// thousand. To read a key of a megabyte, which a Secret may hold, takes a minute.
const maxKeyDER = 8 << 10

// LabelPrefix is the Charmhub identifier of the Python library, with which the labels of all its
// secrets begin.
const LabelPrefix = "afd8c2bccf834997afce12c2706d2ede"

// KeyLabels returns the labels under which the Python library stores the private key of an
// application: since its version 1.9.0, and before. A key may be under either; a new one goes under
// current.
func KeyLabels(endpoint string) (current, legacy string) {
	return LabelPrefix + "-private-key-app-" + endpoint, LabelPrefix + "-private-key-" + endpoint
}

// NewKey returns a new RSA key of 2048 bits. Go 1.26 and later draw it from the system's
// randomness, whatever random is.
func NewKey(random io.Reader) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(random, minKeyBits)
	if err != nil {
		return nil, fmt.Errorf("cannot generate private key: %w", err)
	}
	return key, nil
}

// EncodeKey returns key as the Python library stores it: PKCS#1 PEM without a newline at the end.
func EncodeKey(key *rsa.PrivateKey) string {
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return strings.TrimSpace(string(pem.EncodeToMemory(block)))
}

// ParseKey reads a private key as EncodeKey or an operator writes it: PEM, PKCS#1 or PKCS#8, RSA of
// 2048 to 8192 bits. Errors contain nothing of the key.
func ParseKey(text string) (*rsa.PrivateKey, error) {
	block := pki.First(text)
	if block == nil {
		return nil, errors.New("cannot read private key: not PEM")
	}
	if len(block.Bytes) > maxKeyDER {
		return nil, fmt.Errorf("cannot read private key: longer than %d bytes", maxKeyDER)
	}
	var key *rsa.PrivateKey
	switch block.Type {
	case "RSA PRIVATE KEY":
		parsed, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("cannot read private key: not PKCS#1")
		}
		key = parsed
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("cannot read private key: not PKCS#8")
		}
		var ok bool
		if key, ok = parsed.(*rsa.PrivateKey); !ok {
			return nil, errors.New("cannot use private key: not RSA")
		}
	default:
		return nil, errors.New("cannot read private key: not an RSA key in PEM")
	}
	switch bits := key.N.BitLen(); {
	case bits < minKeyBits:
		return nil, fmt.Errorf("cannot use private key: fewer than %d bits", minKeyBits)
	case bits > maxKeyBits:
		return nil, fmt.Errorf("cannot use private key: more than %d bits", maxKeyBits)
	}
	return key, nil
}
