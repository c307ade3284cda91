package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
)

// Unread makes an element of `certificates` that answers the request, in PEM, with a
// certificate below an intermediate that Go does not read, for its negative serial number,
// and other clients do. It is newer than any that the authority has issued. It is JSON, fit
// for Garbage.
func (a *Authority) Unread(request string) (string, error) {
	csr, err := parseRequest(request)
	if err != nil {
		return "", fmt.Errorf("cannot read the request: %w", err)
	}
	now := time.Now()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	template := func(subject pkix.Name) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(now.UnixNano()), Subject: subject, NotBefore: now.Add(-time.Second), NotAfter: now.AddDate(0, 3, 0), BasicConstraintsValid: true,
		}
	}
	between, leaf := template(pkix.Name{CommonName: a.Name + " between"}), template(csr.Subject)
	between.IsCA, between.KeyUsage = true, x509.KeyUsageCertSign
	leaf.DNSNames, leaf.IPAddresses, leaf.KeyUsage = csr.DNSNames, csr.IPAddresses, x509.KeyUsageDigitalSignature
	signed, err := x509.CreateCertificate(rand.Reader, leaf, between, csr.PublicKey, key)
	if err != nil {
		return "", err
	}
	link, err := x509.CreateCertificate(rand.Reader, between, a.root, &key.PublicKey, a.key)
	if err != nil {
		return "", err
	}
	if link, err = pkitest.WithNegativeSerial(link, a.key); err != nil {
		return "", err
	}
	text, err := json.Marshal(certificateEntry{
		Request: request, Certificate: encodePEM(signed), CA: a.PEM(), Chain: []string{encodePEM(signed), encodePEM(link), a.PEM()},
	})
	return string(text), err
}
