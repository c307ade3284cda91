package hooks

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// What certificates are requested for, and requests as an earlier charm may have
// left them: more words of `ca`.

// A request is one certificate signing request of the charm under test.
type request struct {
	text  string // PEM, as it stands in the databag
	names string // DNS names and IP addresses, joined by commas
	key   *rsa.PublicKey
	made  time.Time // zero when the request does not tell
}

// uniqueIdentifier is the X.500 attribute that tells requests apart which are the
// same otherwise. A UUID of version 7 in it tells when the request was made (RFC
// 9562, section 5.7).
var uniqueIdentifier = asn1.ObjectIdentifier{2, 5, 4, 45}

// requestsTo reads what the charm asks an authority for, oldest request first.
func (s *story) requestsTo(name string) ([]request, error) {
	id, err := s.relationOf(name)
	if err != nil {
		return nil, err
	}
	bag := s.lab.Juju.RelationData(id, s.deployed[0])["certificate_signing_requests"]
	if bag == "" {
		return nil, nil
	}
	var entries []struct {
		Request string `json:"certificate_signing_request"`
	}
	if err := json.Unmarshal([]byte(bag), &entries); err != nil {
		return nil, err
	}
	var requests []request
	for _, entry := range entries {
		one, err := readRequest(entry.Request)
		if err != nil {
			return nil, err
		}
		requests = append(requests, one)
	}
	return requests, nil
}

func readRequest(text string) (request, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return request{}, fmt.Errorf("a request is not PEM: %q", text)
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return request{}, err
	}
	key, ok := csr.PublicKey.(*rsa.PublicKey)
	if !ok {
		return request{}, fmt.Errorf("a request has a key of type %T", csr.PublicKey)
	}
	names := slices.Clone(csr.DNSNames)
	for _, address := range csr.IPAddresses {
		names = append(names, address.String())
	}
	return request{text: text, names: strings.Join(names, ", "), key: key, made: madeAt(csr)}, nil
}

// madeAt reads when a request was made from its unique identifier.
func madeAt(csr *x509.CertificateRequest) time.Time {
	for _, attribute := range csr.Subject.Names {
		text, _ := attribute.Value.(string)
		id, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		if attribute.Type.Equal(uniqueIdentifier) && err == nil && len(id) == 16 && id[6]>>4 == 7 {
			milliseconds := int64(0)
			for _, b := range id[:6] {
				milliseconds = milliseconds<<8 | int64(b)
			}
			return time.UnixMilli(milliseconds)
		}
	}
	return time.Time{}
}

// newestRequest returns the last request for the names.
func (s *story) newestRequest(name, names string) (request, error) {
	requests, err := s.requestsTo(name)
	if err != nil {
		return request{}, err
	}
	for _, one := range slices.Backward(requests) {
		if one.names == names {
			return one, nil
		}
	}
	return request{}, fmt.Errorf("no certificate is requested for %q", names)
}

// requestsBy returns the newest request for each host.
func (s *story) requestsBy(name string) (map[string]string, error) {
	requests, err := s.requestsTo(name)
	newest := map[string]string{}
	for _, one := range requests {
		newest[one.names] = one.text
	}
	return newest, err
}

// requested prints for which hosts certificates are requested, sorted and each
// once. With --all it prints a line for each request, oldest first, and numbers
// the keys that they were made with in the order in which the story saw them.
func (s *story) requested(_ context.Context, args []string) error {
	flags := newFlags("requests")
	all := flags.Bool("all", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var name string
	if err := exactly(flags.Args(), &name); err != nil {
		return err
	}
	requests, err := s.requestsTo(name)
	if err != nil {
		return err
	}
	if !*all {
		var hosts []string
		for _, one := range requests {
			hosts = append(hosts, one.names)
		}
		slices.Sort(hosts)
		for _, host := range slices.Compact(hosts) {
			s.print("%s", host)
		}
		return nil
	}
	for _, one := range requests {
		s.print("%s, key %d", one.names, s.keyNumber(one.key))
	}
	return nil
}

// keyNumber numbers the keys of requests from 1 on.
func (s *story) keyNumber(key *rsa.PublicKey) int {
	i := slices.IndexFunc(s.keys, func(known *rsa.PublicKey) bool { return known.Equal(key) })
	if i < 0 {
		s.keys = append(s.keys, key)
		i = len(s.keys) - 1
	}
	return i + 1
}

// makeKey writes a new private key to a file, as the Python library encodes it.
func (s *story) makeKey(_ context.Context, args []string) error {
	var file string
	if err := exactly(args, &file); err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return os.WriteFile(s.script.MkAbs(file), []byte(strings.TrimSpace(string(text))), 0o600)
}

// ask leaves a request in our databag as if an earlier hook had made it, behind
// those that stand there, with the private key of a file. With --age it was made
// so long ago; without, it is one of the Python library, which does not tell.
// With --alone it takes the place of all others.
func (s *story) ask(_ context.Context, args []string) error {
	flags := newFlags("ask")
	age := flags.Duration("age", 0, "")
	alone := flags.Bool("alone", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var name, file, host string
	if err := exactly(flags.Args(), &name, &file, &host); err != nil {
		return err
	}
	text, err := newRequest(s.script.ReadFile(file), host, *age)
	if err != nil {
		return err
	}
	requests, err := s.requestsTo(name)
	if err != nil {
		return err
	}
	if *alone {
		requests = nil
	}
	bag := ""
	for _, one := range append(requests, request{text: text}) {
		encoded, err := json.Marshal(one.text)
		if err != nil {
			return err
		}
		// The spaces are those of Python's json.dumps.
		bag += fmt.Sprintf(`, {"certificate_signing_request": %s, "ca": false}`, encoded)
	}
	return s.writeData(s.deployed[0], map[string]string{"certificate_signing_requests": "[" + strings.TrimPrefix(bag, ", ") + "]"})
}

// newRequest makes a request that is so old, or one of unknown age.
func newRequest(key, host string, age time.Duration) (string, error) {
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return "", errors.New("the key is not PEM")
	}
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return "", err
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return "", err
	}
	id[6] = id[6]&0x0f | 4<<4
	if age != 0 {
		milliseconds := time.Now().Add(-age).UnixMilli()
		for i := range 6 {
			id[i] = byte(milliseconds >> (8 * (5 - i)))
		}
		id[6] = id[6]&0x0f | 7<<4
	}
	id[8] = id[8]&0x3f | 0x80
	unique := fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{
			CommonName: host, ExtraNames: []pkix.AttributeTypeAndValue{{Type: uniqueIdentifier, Value: unique}},
		},
		DNSNames: []string{host},
	}, private)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))), nil
}
