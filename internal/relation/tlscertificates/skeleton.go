package tlscertificates

import (
	"crypto/rsa"
	"io"
	"net"
	"time"
)

// Subject is what a new request asks for.
type Subject struct {
	CommonName  string // left out of the CSR past 64 characters
	DNSNames    []string
	IPAddresses []net.IP
	UniqueID    string // x500UniqueIdentifier; empty: a new one
}

// Details is what is in a request.
type Details struct {
	CommonName  string
	DNSNames    []string
	IPAddresses []net.IP
	UniqueID    string
	PublicKey   *rsa.PublicKey // nil: not RSA
}

func ParseRequests(bag map[string]string) (requests []Request, remarks []string) { return nil, nil }
func EncodeRequests(requests []Request) map[string]string                        { return nil }
func NewUniqueID(rand io.Reader) (string, error)                                 { return "", nil }
func NewRequest(rand io.Reader, key *rsa.PrivateKey, subject Subject) (Request, error) {
	return Request{}, nil
}
func (r Request) Details() (Details, error) { return Details{}, nil }

// Fits tells whether r asks for just what subject and ca want, with this key: then it is kept.
func (r Request) Fits(subject Subject, ca bool, key *rsa.PrivateKey) bool     { return false }
func NewKey(rand io.Reader) (*rsa.PrivateKey, error)                          { return nil, nil }
func EncodeKey(key *rsa.PrivateKey) string                                    { return "" }
func ParseKey(text string) (*rsa.PrivateKey, error)                           { return nil, nil }
func KeyLabels(endpoint string) (current, legacy string)                      { return "", "" }
func ParseProvider(bag map[string]string) Provider                            { return Provider{} }
func Judge(r Request, key *rsa.PrivateKey, p Provider, now time.Time) Verdict { return Verdict{} }
func (s State) String() string                                                { return "" }

// OperatorMustAct tells that the operator's settings are refused (codes 1xx), as against a passing trouble of the provider.
func (e RequestError) OperatorMustAct() bool { return false }
