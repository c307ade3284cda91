package pkitest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"testing"
)

// The parts of a certificate's signed body (RFC 5280, 4.1.2), counted with the version.
const (
	serialNumber = 1
	publicKey    = 6
)

// brainpoolP256r1 is a curve that Go does not know.
var brainpoolP256r1 = asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7}

// NegativeSerial returns the certificate with the serial number -5.
func NegativeSerial(tb testing.TB, der []byte, signer crypto.Signer) []byte {
	tb.Helper()
	return must(tb)(WithNegativeSerial(der, signer))
}

// WithNegativeSerial is NegativeSerial where there is no test at hand.
func WithNegativeSerial(der []byte, signer crypto.Signer) ([]byte, error) {
	return edited(der, signer, serialNumber, func([]byte) (any, error) { return -5, nil })
}

// UnknownCurve returns the certificate with its elliptic key said to be of
// brainpoolP256r1. As it is of another one, no library can check what was signed with
// it; Go does not even read it.
func UnknownCurve(tb testing.TB, der []byte, signer crypto.Signer) []byte {
	tb.Helper()
	return must(tb)(edited(der, signer, publicKey, func(before []byte) (any, error) {
		var key struct {
			Algorithm struct{ Kind, Curve asn1.ObjectIdentifier }
			Point     asn1.BitString
		}
		_, err := asn1.Unmarshal(before, &key)
		key.Algorithm.Curve = brainpoolP256r1
		return key, err
	}))
}

func must(tb testing.TB) func([]byte, error) []byte {
	tb.Helper()
	return func(der []byte, err error) []byte {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return der
	}
}

// edited replaces one part of the body.
func edited(der []byte, signer crypto.Signer, part int, by func(before []byte) (any, error)) ([]byte, error) {
	var certificate struct {
		Body      asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &certificate); err != nil {
		return nil, err
	}
	var body []byte
	for at, rest := 0, certificate.Body.Bytes; len(rest) > 0; at++ {
		var one asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &one); err != nil {
			return nil, err
		}
		encoded := one.FullBytes
		if at == part {
			value, err := by(encoded)
			if err != nil {
				return nil, err
			}
			if encoded, err = asn1.Marshal(value); err != nil {
				return nil, err
			}
		}
		body = append(body, encoded...)
	}
	certificate.Body = asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: body}
	signed, err := asn1.Marshal(certificate.Body)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(signed)
	signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	certificate.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	return asn1.Marshal(certificate)
}
