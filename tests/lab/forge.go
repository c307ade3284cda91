package lab

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"time"
)

// A Forgery is a way in which an answer to a request is wrong.
type Forgery string

// What Forge can do wrong. Each certificate is signed by the authority, and answers
// the request in all other respects.
const (
	ForgedKey   Forgery = "of another key"
	ForgedHost  Forgery = "for another host"
	ForgedCA    Forgery = "CA:TRUE"
	ForgedEarly Forgery = "not valid yet"
	ForgedLate  Forgery = "expired"
	ForgedPEM   Forgery = "no certificate"
)

// Forgeries are all of them.
func Forgeries() []Forgery {
	return []Forgery{ForgedKey, ForgedHost, ForgedCA, ForgedEarly, ForgedLate, ForgedPEM}
}

// Forge makes an element of `certificates` that answers the request, in PEM, with a certificate
// that must not be served. It is JSON, and can be used as Garbage.
func (a *Authority) Forge(request string, forgery Forgery) (string, error) {
	csr, err := parseRequest(request)
	if err != nil {
		return "", fmt.Errorf("cannot read the request: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: csr.Subject, DNSNames: csr.DNSNames, IPAddresses: csr.IPAddresses,
		NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(0, 3, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	public := csr.PublicKey
	switch forgery {
	case ForgedKey:
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return "", err
		}
		public = &key.PublicKey
	case ForgedHost:
		template.Subject, template.DNSNames, template.IPAddresses = pkix.Name{CommonName: "other.example.net"}, []string{"other.example.net"}, nil
	case ForgedCA:
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	case ForgedEarly:
		template.NotBefore = now.Add(time.Hour)
	case ForgedLate:
		template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(-time.Minute)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, public, a.key)
	if err != nil {
		return "", fmt.Errorf("cannot forge a certificate %s: %w", forgery, err)
	}
	leaf := encodePEM(der)
	if forgery == ForgedPEM {
		leaf = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
	}
	text, err := json.Marshal(certificateEntry{Request: request, Certificate: leaf, CA: a.PEM(), Chain: []string{leaf, a.PEM()}})
	return string(text), err
}
