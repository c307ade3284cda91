package lab

import (
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

// An Authority is a certificate authority on the provider side of a tls-certificates relation. It
// signs what is requested, drops what is no longer requested, and writes its databag as the Python
// library does.
//
// The exported fields control its behaviour. They may be changed at any time; the next Settle uses
// them. A host is a DNS name or the text of an IP address, as in the request: in lower case, and in
// punycode.
type Authority struct {
	Name string

	// Hold makes it leave new requests unanswered. HoldHosts does that for some hosts.
	Hold      bool
	HoldHosts []string
	// Mute makes it remove all its answers, certificates and errors.
	Mute bool
	// Revoke are hosts whose certificates it reports as revoked, as long as they are listed.
	// RevokeIssued revokes for ever, but not what is issued later.
	Revoke []string
	// Refuse makes it answer new requests for a host with an error. A request that has a
	// certificate keeps it. A refused request gets its certificate when the host is no longer
	// listed.
	Refuse map[string]Refusal

	// Life is how long the certificates that it issues from now on are valid, counted from now or
	// from the end of the Delay; three months if it is 0. With a negative life they have expired
	// already. X.509 counts in seconds.
	Life time.Duration
	// Backdate is how long before now they became valid; a minute if it is 0.
	Backdate time.Duration
	// Delay is how long after now they become valid, whatever Backdate is.
	Delay time.Duration

	// Capabilities is the JSON that it writes as `capabilities`; if it is empty, nothing.
	Capabilities string
	// Garbage are JSON values that it writes before, between and after the
	// entries of `certificates`, in turn, and ErrorGarbage those of
	// `request_errors`.
	Garbage      []string
	ErrorGarbage []string

	root     *x509.Certificate
	key      *rsa.PrivateKey
	relation int
	requirer string
	answers  map[string]*issued // by request
	history  []*issued          // all that it ever signed, oldest first
}

// A Refusal is an error in an Authority's answer.
type Refusal struct {
	// Code is 101, 102 or 103 for what this authority does not do, 201 if its server is not
	// available, 999 for anything else.
	Code int
	// Name is the code's word, in upper or lower case; if it is empty, the one of the interface.
	Name    string
	Message string
	Reason  string // left out when empty
	// Schema makes it write as in the interface's README. The Python library writes the request's
	// key and the name's case differently.
	Schema bool
}

// issued is a certificate that an Authority has signed.
type issued struct {
	certificate *x509.Certificate
	revoked     bool
}

// AddAuthority adds a certificate authority to the model. Like self-signed-certificates it has two
// endpoints that the charm could be related to, so a relation has to name one. It writes nothing on
// send-ca-cert: a [CASource] does.
func (l *Lab) AddAuthority(name string) (*Authority, error) {
	a, err := newAuthority(name)
	if err != nil {
		return nil, err
	}
	l.authorities[name] = a
	return a, l.Juju.AddScripted(name, jujutest.ScriptedMetadata{Provides: map[string]string{
		"certificates": "tls-certificates", "send-ca-cert": "certificate_transfer",
	}}, 1)
}

func newAuthority(name string) (*Authority, error) {
	a := &Authority{Name: name, relation: unrelated, answers: map[string]*issued{}}
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
	a.root, err = x509.ParseCertificate(der)
	return a, err
}

// Pool returns a pool with the authority's root, for clients that trust it.
func (a *Authority) Pool() *x509.CertPool { return PoolOf(a) }

// PoolOf returns a pool with the roots of several authorities, for clients that trust them all,
// while a gateway changes from one to another.
func PoolOf(authorities ...*Authority) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, a := range authorities {
		pool.AddCert(a.root)
	}
	return pool
}

// PEM returns the authority's root.
func (a *Authority) PEM() string { return encodePEM(a.root.Raw) }

// Issued returns the certificates that it has signed for the host, oldest first.
func (a *Authority) Issued(host string) []*x509.Certificate {
	var certificates []*x509.Certificate
	for _, entry := range a.history {
		if entry.covers(host) {
			certificates = append(certificates, entry.certificate)
		}
	}
	return certificates
}

// Reissue forgets the certificates that were issued for the host: the same requests get new ones.
func (a *Authority) Reissue(host string) {
	for request, entry := range a.answers {
		if entry.covers(host) {
			delete(a.answers, request)
		}
	}
}

// Become makes it sign with another authority's root from now on, and sign everything again: the
// operator of the provider has replaced the CA.
func (a *Authority) Become(other *Authority) {
	a.root, a.key = other.root, other.key
	clear(a.answers)
}

// RevokeIssued marks all certificates that have been issued for the host as revoked. After Reissue,
// the same request gets a good certificate.
func (a *Authority) RevokeIssued(host string) {
	for _, entry := range a.history {
		if entry.covers(host) {
			entry.revoked = true
		}
	}
}

func (i *issued) covers(host string) bool {
	return slices.Contains(hosts(i.certificate.Subject, i.certificate.DNSNames, i.certificate.IPAddresses), host)
}

// Requests returns the certificate signing requests that the authority has to answer, in PEM as
// they are in the requirer's databag, oldest first.
func (l *Lab) Requests(a *Authority) ([]string, error) {
	if a.relation == unrelated {
		return nil, nil
	}
	var asked []struct {
		Request string `json:"certificate_signing_request"`
	}
	text := l.Juju.RelationData(a.relation, a.requirer)["certificate_signing_requests"]
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &asked); err != nil {
		return nil, fmt.Errorf("cannot read the requests: %w", err)
	}
	requests := make([]string, 0, len(asked))
	for _, request := range asked {
		requests = append(requests, request.Request)
	}
	return requests, nil
}

// Write writes to the requirer's databag of the authority's relation, as an earlier charm would
// have done.
func (l *Lab) Write(a *Authority, data map[string]string) error {
	return l.Juju.SetApplicationData(a.relation, a.requirer, data)
}

// answer updates the authority's databag and reports whether that changed it.
func (a *Authority) answer(juju *jujutest.Juju) (bool, error) {
	if a.relation == unrelated {
		return false, nil
	}
	bag, err := a.Databag(juju.RelationData(a.relation, a.requirer)["certificate_signing_requests"])
	if err != nil {
		return false, err
	}
	present := juju.RelationData(a.relation, a.Name)
	changed := false
	for key, text := range bag {
		changed = changed || present[key] != text
	}
	if !changed {
		return false, nil
	}
	return true, juju.SetApplicationData(a.relation, a.Name, bag)
}

func encodePEM(der []byte) string {
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}
