package lab

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// An Authority is a certificate authority on the provider side of a
// tls-certificates relation. It signs what is asked for, drops what is not asked
// for any more, and writes its databag as the Python library does.
type Authority struct {
	Name string
	// Hold makes it leave new requests unanswered.
	Hold bool
	// Mute makes it take back all it has answered.
	Mute bool
	// Revoke are hosts whose certificates it reports as revoked.
	Revoke []string

	root     *x509.Certificate
	key      *rsa.PrivateKey
	relation int
	requirer string
	issued   map[string]issue // by request
	serial   int64
}

type issue struct {
	Request     string   `json:"certificate_signing_request"`
	Certificate string   `json:"certificate"`
	CA          string   `json:"ca"`
	Chain       []string `json:"chain"`
	Revoked     bool     `json:"revoked,omitempty"`
}

// AddAuthority adds a certificate authority to the model.
func (l *Lab) AddAuthority(name string) (*Authority, error) {
	a := &Authority{Name: name, relation: unrelated, issued: map[string]issue{}, serial: 1}
	var err error
	if a.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name + " root"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	l.authorities[name] = a
	return a, l.Juju.AddScripted(name, jujutest.ScriptedMetadata{Provides: map[string]string{"certificates": "tls-certificates"}}, 1)
}

// Pool holds the authority's root, for clients that trust it.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// PEM is the authority's root.
func (a *Authority) PEM() string { return encodePEM(a.root.Raw) }

// answer brings the authority's databag up to date and tells whether that
// changed it.
func (a *Authority) answer(juju *jujutest.Juju) (bool, error) {
	if a.relation == unrelated {
		return false, nil
	}
	text, err := a.Answer(juju.RelationData(a.relation, a.requirer)["certificate_signing_requests"])
	if err != nil || juju.RelationData(a.relation, a.Name)["certificates"] == text {
		return false, err
	}
	return true, juju.SetApplicationData(a.relation, a.Name, map[string]string{"certificates": text})
}

// Answer is what the authority writes as certificates to its databag when the
// requirer's has these certificate_signing_requests; empty for nothing.
func (a *Authority) Answer(requests string) (string, error) {
	var asked []struct {
		Request string `json:"certificate_signing_request"`
	}
	if requests != "" {
		if err := json.Unmarshal([]byte(requests), &asked); err != nil {
			return "", fmt.Errorf("cannot read the requests: %w", err)
		}
	}
	var entries []issue
	for _, request := range asked {
		entry, ok := a.issued[request.Request]
		if a.Mute || !ok && a.Hold {
			continue
		}
		if !ok {
			var err error
			if entry, err = a.sign(request.Request); err != nil {
				return "", err
			}
			a.issued[request.Request] = entry
		}
		entries = append(entries, a.withRevocation(entry))
	}
	if len(entries) == 0 {
		return "", nil
	}
	var buffer bytes.Buffer
	if err := json.NewEncoder(&buffer).Encode(entries); err != nil {
		return "", err
	}
	return strings.TrimSpace(buffer.String()), nil
}

func (a *Authority) withRevocation(entry issue) issue {
	block, _ := pem.Decode([]byte(entry.Certificate))
	if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
		entry.Revoked = slices.ContainsFunc(certificate.DNSNames, func(name string) bool { return slices.Contains(a.Revoke, name) })
	}
	return entry
}

// sign issues a certificate for a request, the way self-signed-certificates
// does: the chain has the leaf and the root.
func (a *Authority) sign(request string) (issue, error) {
	block, _ := pem.Decode([]byte(request))
	if block == nil {
		return issue{}, fmt.Errorf("cannot read a request: no PEM")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err != nil {
		return issue{}, fmt.Errorf("cannot read a request: %w", err)
	}
	a.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: csr.Subject, DNSNames: csr.DNSNames, IPAddresses: csr.IPAddresses,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().AddDate(0, 3, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, csr.PublicKey, a.key)
	if err != nil {
		return issue{}, err
	}
	leaf := encodePEM(der)
	return issue{Request: request, Certificate: leaf, CA: a.PEM(), Chain: []string{leaf, a.PEM()}}, nil
}

func encodePEM(der []byte) string {
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}
