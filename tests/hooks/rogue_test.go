package hooks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
)

// A rogue is a certificate authority that answers what the story says. It has a
// root and an intermediate.
type rogue struct {
	name               string
	root, intermediate *x509.Certificate
	rootKey, key       *ecdsa.PrivateKey
	serial             int64
}

func newRogue(name string) (*rogue, error) {
	r := &rogue{name: name}
	var err error
	if r.rootKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if r.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	root := r.template(name + " root")
	root.IsCA, root.KeyUsage = true, x509.KeyUsageCertSign
	if r.root, err = r.sign(root, root, &r.rootKey.PublicKey, r.rootKey); err != nil {
		return nil, err
	}
	intermediate := r.template(name + " intermediate")
	intermediate.IsCA, intermediate.KeyUsage = true, x509.KeyUsageCertSign
	r.intermediate, err = r.sign(intermediate, r.root, &r.key.PublicKey, r.rootKey)
	return r, err
}

// template is a certificate that is valid today.
func (r *rogue) template(name string) *x509.Certificate {
	r.serial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(r.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 1, 0),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func (r *rogue) sign(template, parent *x509.Certificate, public crypto.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func (r *rogue) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(r.root)
	return pool
}

// placeholder is what a story writes for PEM in a databag: {root}, {request
// HOST}. The braces of JSON are followed by other characters.
var placeholder = regexp.MustCompile(`\{([a-z-]+)(?: ([a-z0-9.-]+))?\}`)

// fill replaces the placeholders of a databag value by JSON. Those for a host
// answer the last of the requests for it:
//
//	{root} {intermediate} {garbage}     PEM
//	{unread-intermediate}               the same, with a serial number that Go does not read
//	{request HOST} {crlf-request HOST}  our own request, and the same with other line ends
//	{leaf HOST}                         a good certificate
//	{expired HOST} {early HOST} {other-key HOST} {other-host HOST} {authority HOST}
//	{bundle HOST}                       leaf, intermediate and root in one text
//	{entry HOST}                        a whole good entry, an object
func (r *rogue) fill(text string, requests map[string]string) (string, error) {
	var failure error
	filled := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		value, err := r.value(parts[1], parts[2], requests)
		if err != nil {
			failure = err
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			failure = err
		}
		return string(encoded)
	})
	return filled, failure
}

// value returns what a placeholder stands for.
func (r *rogue) value(what, host string, requests map[string]string) (any, error) {
	switch what {
	case "root":
		return encode(r.root), nil
	case "intermediate":
		return encode(r.intermediate), nil
	case "unread-intermediate":
		der, err := pkitest.WithNegativeSerial(r.intermediate.Raw, r.rootKey)
		return encode(&x509.Certificate{Raw: der}), err
	case "garbage":
		return strings.Replace(encode(r.intermediate), "MII", "!!!", 1), nil
	}
	request, ok := requests[host]
	if !ok {
		return nil, fmt.Errorf("no certificate is requested for %q", host)
	}
	switch what {
	case "request":
		return request, nil
	case "crlf-request":
		return strings.ReplaceAll(request, "\n", "\r\n") + "\r\n\r\n", nil
	}
	leaf, err := r.leaf(what, host, request)
	if err != nil {
		return nil, err
	}
	switch what {
	case "bundle":
		return leaf + "\n" + encode(r.intermediate) + "\n" + encode(r.root), nil
	case "entry":
		return map[string]any{
			"ca": encode(r.root), "certificate_signing_request": request, "certificate": leaf,
			"chain": []string{leaf, encode(r.intermediate), encode(r.root)},
		}, nil
	default:
		return leaf, nil
	}
}

// leaf signs a request, in one of several ways.
func (r *rogue) leaf(how, host, request string) (string, error) {
	block, _ := pem.Decode([]byte(request))
	if block == nil {
		return "", fmt.Errorf("the request for %s is not PEM", host)
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return "", err
	}
	template, public := r.template(host), csr.PublicKey
	template.DNSNames = []string{host}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	switch how {
	case "expired":
		template.NotBefore, template.NotAfter = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	case "early":
		template.NotBefore, template.NotAfter = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC)
	case "other-key":
		public = &r.key.PublicKey
	case "other-host":
		template.DNSNames = []string{"other." + host}
	case "authority":
		template.IsCA = true
	case "leaf", "bundle", "entry":
	default:
		return "", fmt.Errorf("%w: no {%s HOST}", errUsage, how)
	}
	leaf, err := r.sign(template, r.intermediate, public, r.key)
	if err != nil {
		return "", err
	}
	return encode(leaf), nil
}

func encode(certificate *x509.Certificate) string {
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})))
}
