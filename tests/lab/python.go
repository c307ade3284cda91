package lab

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// A PythonCharm simulates the Python charm of the same name: deployed instead of ours, it makes the
// same objects, secrets and relation data as the Python charm, in the same way, so that a test can
// refresh to our charm, and back.
//
// Sources: the charm's repository (canonical/gateway-api-integrator-operator), the recordings of
// its libraries in internal/relation, and those libraries' code (canonical/charmlibs).
type PythonCharm struct {
	App string

	// Older makes it an early release: one host, listeners named "-http-listener" and
	// "-https-listener", routes without host names or HSTS, keys in PKCS#8.
	Older bool
	// KeyLabel and KeyOwner say where its library keeps the private key: under the
	// label of 1.8 and the application unless set otherwise.
	KeyLabel, KeyOwner string
	// Class is the GatewayClass that it is configured for.
	Class string
	// Hostname, Plain and HSTS are external-hostname, not enforce-https, hsts-max-age.
	Hostname string
	Plain    bool
	HSTS     int

	lab *Lab
}

//go:embed testdata/python
var pythonFiles embed.FS

// DeployPython deploys the Python charm, with trust.
func (l *Lab) DeployPython(ctx context.Context, app string, config map[string]any) (*PythonCharm, error) {
	_, legacy := tlscertificates.KeyLabels("certificates")
	p := &PythonCharm{App: app, KeyLabel: legacy, KeyOwner: app, HSTS: 31536000, lab: l}
	p.Hostname, _ = config["external-hostname"].(string)
	p.Class, _ = config["gateway-class"].(string)
	if enforce, set := config["enforce-https"].(bool); set {
		p.Plain = !enforce
	}
	dir, err := PythonCharmDir(l.Juju.Dir())
	if err != nil {
		return nil, err
	}
	ours := l.charm
	l.charm = dir
	defer func() { l.charm = ours }()
	if err := l.Deploy(ctx, app, config, true); err != nil {
		return nil, err
	}
	return p, l.Settle(ctx)
}

// PythonCharmDir writes the Python charm's metadata, as Juju sees it, to a directory below dir, for
// Juju.Refresh, and returns its path.
func PythonCharmDir(dir string) (string, error) {
	path := filepath.Join(dir, "python-charm")
	if err := os.RemoveAll(path); err != nil {
		return "", err
	}
	files, err := fs.Sub(pythonFiles, "testdata/python")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(path, files); err != nil {
		return "", fmt.Errorf("cannot write the Python charm: %w", err)
	}
	return path, os.Chmod(filepath.Join(path, "dispatch"), 0o755)
}

// Reconcile does what the charm does on nearly every event. Between the call that makes a request
// and the call that serves the certificate, Settle must let authorities answer.
func (p *PythonCharm) Reconcile(ctx context.Context) error {
	address, err := p.address(ctx)
	if err != nil {
		return err
	}
	if p.misconfigured() {
		// Its library is told of no host then, and takes its requests back. All else stays.
		_, err := p.certificates(nil)
		return err
	}
	hosts := p.hosts(address)
	certificates, err := p.certificates(hosts)
	if err != nil {
		return fmt.Errorf("cannot ask for certificates: %w", err)
	}
	if err := p.write(ctx, hosts, certificates); err != nil {
		return fmt.Errorf("cannot write as the Python charm: %w", err)
	}
	if address, err = p.address(ctx); err != nil {
		return err
	}
	return p.publish(hosts, address)
}

// misconfigured reports whether it is blocked by its options, or by relations that do not go
// together.
func (p *PythonCharm) misconfigured() bool {
	tls, ingress, routes := p.hasTLS(), len(p.relations("gateway")) > 0, len(p.relations("gateway-route")) > 0
	switch {
	case p.Older:
		return false
	case ingress && routes, routes && p.Hostname != "":
		return true
	case !p.Plain && !tls:
		return true
	default:
		return ingress && tls && p.Hostname == ""
	}
}

func (p *PythonCharm) hasTLS() bool { return len(p.relations("certificates")) > 0 }

// A pythonRelation is a relation of the charm as it sees it.
type pythonRelation struct {
	id    int
	other string
	bag   map[string]string // the other application's
}

func (p *PythonCharm) relations(endpoint string) []pythonRelation {
	var all []pythonRelation
	for _, relation := range p.lab.Juju.Status().Relations {
		ours, theirs := relation.Provider, relation.Requirer
		if theirs == p.App+":"+endpoint {
			ours, theirs = theirs, ours
		}
		if ours != p.App+":"+endpoint || relation.Removing {
			continue
		}
		other, _, _ := strings.Cut(theirs, ":")
		all = append(all, pythonRelation{relation.ID, other, p.lab.Juju.RelationData(relation.ID, other)})
	}
	return all
}

// routeHosts are the hosts that the applications on gateway-route ask for, sorted; ""
// for whom the Gateway's address will do.
func (p *PythonCharm) routeHosts() []string {
	var hosts []string
	for _, relation := range p.relations("gateway-route") {
		var host *string
		var more []string
		if json.Unmarshal([]byte(relation.bag["hostname"]), &host) != nil || json.Unmarshal([]byte(relation.bag["additional_hostnames"]), &more) != nil {
			continue
		}
		switch {
		case host != nil:
			hosts = append(hosts, *host)
		case len(more) == 0:
			hosts = append(hosts, "")
		}
		hosts = append(hosts, more...)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// A pythonHost is one host that the charm serves: its name, "" for the address, and
// what its certificate is asked for.
type pythonHost struct {
	name    string
	subject tlscertificates.Subject
}

// hosts are those that it has a certificate for: without an application there are none. The
// address is one of them where an application on gateway-route names no host.
func (p *PythonCharm) hosts(address string) []pythonHost {
	names := p.routeHosts()
	if (p.Older || len(p.relations("gateway")) > 0) && p.Hostname != "" {
		names = []string{p.Hostname}
	}
	var all []pythonHost
	for _, name := range names {
		switch {
		case name != "":
			all = append(all, pythonHost{name: name, subject: tlscertificates.Subject{CommonName: name, DNSNames: []string{name}}})
		case p.hasTLS() && address != "":
			all = append(all, pythonHost{subject: tlscertificates.Subject{CommonName: address, IPAddresses: []net.IP{net.ParseIP(address)}}})
		}
	}
	return all
}

// A pythonCertificate is what the provider has issued.
type pythonCertificate struct {
	Certificate string   `json:"certificate"`
	Request     string   `json:"certificate_signing_request"`
	Chain       []string `json:"chain"`
	key         *rsa.PrivateKey
}

// certificates does what the library does: it finds its key, keeps the requests that
// fit, makes those that are missing, and remembers each certificate in a secret of the
// unit. It gives the certificates by host.
func (p *PythonCharm) certificates(hosts []pythonHost) (map[string]pythonCertificate, error) {
	related := p.relations("certificates")
	if len(related) == 0 {
		return nil, nil
	}
	relation := related[0]
	key, err := p.key()
	if err != nil {
		return nil, err
	}
	kept, _ := tlscertificates.ParseRequests(p.lab.Juju.RelationData(relation.id, p.App))
	var requests []tlscertificates.Request
	found := map[string]pythonCertificate{}
	for _, host := range hosts {
		i := slices.IndexFunc(kept, func(r tlscertificates.Request) bool { return r.Fits(host.subject, false, &key.PublicKey) })
		if i >= 0 {
			requests = append(requests, kept[i])
		} else {
			subject := host.subject
			subject.UniqueID = randomUUID()
			made, err := tlscertificates.NewRequest(rand.Reader, time.Now(), key, subject)
			if err != nil {
				return nil, err
			}
			requests = append(requests, made)
		}
		certificate, ok, err := p.issued(relation, requests[len(requests)-1].PEM)
		if err != nil {
			return nil, err
		}
		if ok {
			certificate.key = key
			found[host.name] = certificate
		}
	}
	return found, p.lab.Juju.SetApplicationData(relation.id, p.App, tlscertificates.EncodeRequests(requests))
}

// key finds the private key under the one label that the library knows, or makes one.
func (p *PythonCharm) key() (*rsa.PrivateKey, error) {
	for _, secret := range p.lab.Juju.Secrets() {
		if secret.Label == p.KeyLabel && secret.Owner == p.KeyOwner {
			return tlscertificates.ParseKey(secret.Content["private-key"])
		}
	}
	key, err := tlscertificates.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	_, err = p.lab.Juju.AddCharmSecret(p.KeyOwner, p.KeyLabel, map[string]string{"private-key": tlscertificates.EncodeKey(key)}, time.Time{})
	return key, err
}

// issued returns what the provider answers to a request, and remembers it.
func (p *PythonCharm) issued(relation pythonRelation, request string) (found pythonCertificate, ok bool, err error) {
	var all []pythonCertificate
	if text := relation.bag[keyCertificates]; text != "" {
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return found, false, err
		}
	}
	i := slices.IndexFunc(all, func(c pythonCertificate) bool { return strings.TrimSpace(c.Request) == request })
	if i < 0 {
		return found, false, nil
	}
	return all[i], true, p.remember(all[i])
}

// remember keeps a certificate in a secret of the unit, which expires when the
// certificate is to be renewed: after nine of ten parts of what is left of its life.
func (p *PythonCharm) remember(certificate pythonCertificate) error {
	leaf, err := parseCertificate(certificate.Certificate)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(certificate.Request)))
	label := tlscertificates.LabelPrefix + "-certificate-certificates-" + hex.EncodeToString(sum[:])
	there := func(secret jujutest.Secret) bool { return secret.Label == label }
	if slices.ContainsFunc(p.lab.Juju.Secrets(), there) {
		return nil
	}
	_, err = p.lab.Juju.AddCharmSecret(p.App+"/0", label, map[string]string{
		"certificate": strings.TrimSpace(certificate.Certificate), "csr": strings.TrimSpace(certificate.Request),
	}, time.Now().Add(time.Until(leaf.NotAfter)/10*9))
	return err
}

// publish writes the databags as the libraries do: each value is a JSON document with a
// space after commas and colons.
func (p *PythonCharm) publish(hosts []pythonHost, address string) error {
	juju := p.lab.Juju
	for _, relation := range p.relations("gateway") {
		app, err := readRequest(relation.bag)
		if err != nil {
			return err
		}
		base := "http://" + address
		if p.Hostname != "" {
			base = p.scheme() + "://" + p.Hostname
		}
		url := fmt.Sprintf(`{"url": "%s/%s-%s"}`, base, app.Model, app.Name)
		if err := juju.SetApplicationData(relation.id, p.App, map[string]string{"ingress": url}); err != nil {
			return err
		}
	}
	mode, age := `"enforced"`, fmt.Sprint(p.HSTS)
	switch {
	case p.Plain && p.hasTLS():
		mode, age = `"enabled"`, "null"
	case p.Plain:
		mode, age = `"disabled"`, "null"
	}
	for _, relation := range p.relations("gateway-route") {
		bag := map[string]string{
			"gateway_address": fmt.Sprintf("%q", address), "gateway_model": fmt.Sprintf("%q", p.lab.Model),
			"gateway_name": fmt.Sprintf("%q", p.App), "hsts_max_age": age, "https_mode": mode,
		}
		if err := juju.SetApplicationData(relation.id, p.App, bag); err != nil {
			return err
		}
	}
	var records []string
	for _, host := range hosts {
		if host.name != "" {
			records = append(records, fmt.Sprintf(`{"domain": %q, "host_label": "@", "ttl": 600, "record_class": "IN", "record_type": "A", "record_data": %q, "uuid": %q}`,
				host.name, address, recordUUID(host.name, address)))
		}
	}
	for _, relation := range p.relations("dns-record") {
		if err := juju.SetApplicationData(relation.id, p.App, map[string]string{"dns_entries": "[" + strings.Join(records, ", ") + "]"}); err != nil {
			return err
		}
	}
	return nil
}

func (p *PythonCharm) scheme() string {
	if p.Plain && !p.hasTLS() {
		return "http"
	}
	return "https"
}

// randomUUID is a UUID of version 4, as Python makes it.
func randomUUID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // It never fails.
	return uuid(id, 4)
}

// recordUUID names a DNS record: a UUID of version 5 below the dns_record library's.
func recordUUID(host, address string) string {
	space, err := hex.DecodeString("f8f206daa7f84206b04430be3724a09d")
	if err != nil {
		panic(err) // A constant.
	}
	sum := sha1.Sum(append(space, host+" "+address...))
	return uuid([16]byte(sum[:16]), 5)
}

func uuid(id [16]byte, version byte) string {
	id[6], id[8] = id[6]&0x0f|version<<4, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
