package pkitest

import (
	"crypto/ecdsa"
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
func NegativeSerial(tb testing.TB, der []byte, signer *ecdsa.PrivateKey) []byte {
	tb.Helper()
	return edited(tb, der, signer, serialNumber, func([]byte) any { return -5 })
}

// UnknownCurve returns the certificate with its elliptic key said to be of
// brainpoolP256r1. As it is of another one, no library can check what was signed with
// it; Go does not even read it.
func UnknownCurve(tb testing.TB, der []byte, signer *ecdsa.PrivateKey) []byte {
	tb.Helper()
	return edited(tb, der, signer, publicKey, func(before []byte) any {
		var key struct {
			Algorithm struct{ Kind, Curve asn1.ObjectIdentifier }
			Point     asn1.BitString
		}
		if _, err := asn1.Unmarshal(before, &key); err != nil {
			tb.Fatal(err)
		}
		key.Algorithm.Curve = brainpoolP256r1
		return key
	})
}

// edited replaces one part of the body.
func edited(tb testing.TB, der []byte, signer *ecdsa.PrivateKey, part int, by func(before []byte) any) []byte {
	tb.Helper()
	var certificate struct {
		Body      asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &certificate); err != nil {
		tb.Fatal(err)
	}
	var body []byte
	for at, rest := 0, certificate.Body.Bytes; len(rest) > 0; at++ {
		var one asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &one); err != nil {
			tb.Fatal(err)
		}
		encoded := one.FullBytes
		if at == part {
			encoded = marshal(tb, by(encoded))
		}
		body = append(body, encoded...)
	}
	certificate.Body = asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: body}
	digest := sha256.Sum256(marshal(tb, certificate.Body))
	signature, err := ecdsa.SignASN1(rand.Reader, signer, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	certificate.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	return marshal(tb, certificate)
}

func marshal(tb testing.TB, value any) []byte {
	tb.Helper()
	encoded, err := asn1.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return encoded
}
