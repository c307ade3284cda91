package lab

import (
	"context"
	"crypto/md5"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// managedBy is the label of both charms' objects.
const managedBy = "gateway-api-integrator.charm.juju.is/managed-by"

var (
	gateways = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
	services = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	secrets  = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
)

// fields is a part of an object.
type fields = map[string]any

// write makes the objects. Where a host's certificate is missing, no host has one: all
// Secrets and HTTPS listeners go then.
func (p *PythonCharm) write(ctx context.Context, hosts []pythonHost, certificates map[string]pythonCertificate) error {
	if len(certificates) < len(hosts) {
		certificates = nil
	}
	if err := p.writeSecrets(ctx, hosts, certificates); err != nil {
		return err
	}
	if err := p.put(ctx, gateways, p.App, fields{"spec": p.gatewaySpec(hosts, certificates)}); err != nil {
		return err
	}
	return p.writeRoutes(ctx, certificates)
}

func (p *PythonCharm) writeSecrets(ctx context.Context, hosts []pythonHost, certificates map[string]pythonCertificate) error {
	var names []string
	for _, host := range hosts {
		certificate, ok := certificates[host.name]
		if !ok {
			continue
		}
		key := tlscertificates.EncodeKey(certificate.key)
		if p.Older {
			der, err := x509.MarshalPKCS8PrivateKey(certificate.key)
			if err != nil {
				return err
			}
			key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		}
		name := p.App + "-secret-" + host.subject.CommonName
		names = append(names, name)
		err := p.put(ctx, secrets, name, fields{
			"type": "kubernetes.io/tls",
			// The whole chain, with a blank line between the certificates.
			"stringData": fields{"tls.crt": strings.Join(trimmed(certificate.Chain), "\n\n"), "tls.key": key},
		})
		if err != nil {
			return err
		}
	}
	return p.cleanUp(ctx, secrets, names)
}

func trimmed(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, strings.TrimSpace(text))
	}
	return all
}

// listener is the name of a host's listener.
func (p *PythonCharm) listener(scheme, host string) string {
	switch {
	case p.Older:
		return p.App + "-" + scheme + "-listener"
	case host == "":
		return p.App + "-" + scheme
	default:
		return p.App + "-" + scheme + "-" + strings.ReplaceAll(host, ".", "-")
	}
}

func (p *PythonCharm) gatewaySpec(hosts []pythonHost, certificates map[string]pythonCertificate) fields {
	var listeners []any
	add := func(scheme, protocol, host string, port int64) fields {
		listener := fields{
			"name": p.listener(scheme, host), "protocol": protocol, "port": port,
			"allowedRoutes": fields{"namespaces": fields{"from": "All"}},
		}
		if host != "" {
			listener["hostname"] = host
		}
		listeners = append(listeners, listener)
		return listener
	}
	// All by HTTP first: the hosts, or whatever is asked for if there are none.
	named := slices.DeleteFunc(slices.Clone(hosts), func(host pythonHost) bool { return host.name == "" })
	for _, host := range named {
		add("http", "HTTP", host.name, 80)
	}
	if len(named) == 0 {
		add("http", "HTTP", "", 80)
	}
	for _, host := range hosts {
		if _, ok := certificates[host.name]; !ok {
			continue
		}
		listener := add("https", "HTTPS", host.name, 443)
		listener["tls"] = fields{"certificateRefs": []any{fields{"kind": "Secret", "name": p.App + "-secret-" + host.subject.CommonName}}}
		if host.name == "" { // Named after the address, which is no host name.
			listener["name"] = p.listener("https", host.subject.CommonName)
		}
	}
	return fields{"gatewayClassName": p.Class, "listeners": listeners}
}

// requestOfApp is what an application asks for on ingress.
type requestOfApp struct {
	Model, Name string
	Port        int64
	Strip       bool
}

func readRequest(bag map[string]string) (requestOfApp, error) {
	var r requestOfApp
	for key, to := range map[string]any{"model": &r.Model, "name": &r.Name, "port": &r.Port, "strip-prefix": &r.Strip} {
		if text := bag[key]; text != "" {
			if err := json.Unmarshal([]byte(text), to); err != nil {
				return r, fmt.Errorf("cannot read %s: %w", key, err)
			}
		}
	}
	return r, nil
}

// writeRoutes makes the Service and the routes of the one application on ingress;
// those on gateway-route make their own.
func (p *PythonCharm) writeRoutes(ctx context.Context, certificates map[string]pythonCertificate) error {
	var serviceNames, routeNames []string
	for _, relation := range p.relations("gateway") {
		app, err := readRequest(relation.bag)
		if err != nil {
			return err
		}
		service := p.App + "-" + app.Name + "-service"
		serviceNames = append(serviceNames, service)
		err = p.put(ctx, services, service, fields{"spec": fields{
			"ports":    []any{fields{"name": fmt.Sprintf("tcp-%d", app.Port), "port": app.Port, "targetPort": app.Port}},
			"selector": fields{"app.kubernetes.io/name": app.Name},
		}})
		if err != nil {
			return err
		}
		for name, spec := range p.routes(app, service, certificates) {
			routeNames = append(routeNames, name)
			if err := p.put(ctx, httpRoutes, name, fields{"spec": spec}); err != nil {
				return err
			}
		}
	}
	return errors.Join(p.cleanUp(ctx, httpRoutes, routeNames), p.cleanUp(ctx, services, serviceNames))
}

// routes are the two routes, by HTTP and by HTTPS, with their names.
func (p *PythonCharm) routes(app requestOfApp, service string, certificates map[string]pythonCertificate) map[string]fields {
	forward := func(hsts bool) fields {
		filters := []any{}
		if app.Strip {
			filters = append(filters, fields{
				"type": "URLRewrite", "urlRewrite": fields{"path": fields{"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
			})
		}
		if hsts {
			filters = append(filters, fields{"type": "ResponseHeaderModifier", "responseHeaderModifier": fields{
				"add": []any{fields{"name": "Strict-Transport-Security", "value": fmt.Sprintf("max-age=%d", p.HSTS)}},
			}})
		}
		return fields{
			"matches":     []any{fields{"path": fields{"type": "PathPrefix", "value": "/" + app.Model + "-" + app.Name}}},
			"filters":     filters,
			"backendRefs": []any{fields{"name": service, "port": app.Port}},
		}
	}
	redirect := fields{"filters": []any{fields{"type": "RequestRedirect", "requestRedirect": fields{"scheme": "https", "statusCode": int64(301)}}}}
	all := map[string]fields{p.App + "-http": p.route("http", redirect)}
	if p.Plain {
		all[p.App+"-http"] = p.route("http", forward(false))
	}
	if !p.Plain || len(certificates) > 0 {
		name := p.App + "-https"
		if !p.Older && p.Hostname != "" {
			name = truncated(name + "-" + strings.ReplaceAll(p.Hostname, ".", "-"))
		}
		all[name] = p.route("https", forward(!p.Older && !p.Plain))
	}
	return all
}

// truncated is a name of 63 characters at most, made unique by a hash.
func truncated(name string) string {
	const limit = 63
	if len(name) <= limit {
		return name
	}
	sum := md5.Sum([]byte(name))
	suffix := "-" + hex.EncodeToString(sum[:4])
	return strings.TrimRight(name[:limit-len(suffix)], "-") + suffix
}

func (p *PythonCharm) route(scheme string, rule fields) fields {
	spec := fields{
		"parentRefs": []any{fields{"name": p.App, "namespace": p.lab.Model, "sectionName": p.listener(scheme, p.Hostname)}},
		"rules":      []any{rule},
	}
	switch {
	case p.Older:
	case p.Hostname != "":
		spec["hostnames"] = []any{p.Hostname}
	default:
		spec["hostnames"] = []any{}
	}
	return spec
}

// put writes an object as lightkube does for the charm, under a field manager of the
// application's name: created by POST, and applied by force on every event after that.
// Only the Gateway is patched by merging, so that listeners which are not wanted go.
func (p *PythonCharm) put(ctx context.Context, resource schema.GroupVersionResource, name string, content fields) error {
	kinds := map[schema.GroupVersionResource]string{gateways: "Gateway", httpRoutes: "HTTPRoute", services: "Service", secrets: "Secret"}
	content["apiVersion"], content["kind"] = resource.GroupVersion().String(), kinds[resource]
	content["metadata"] = fields{"name": name, "namespace": p.lab.Model, "labels": fields{managedBy: p.App}}
	client := p.lab.Cluster.Dynamic().Resource(resource).Namespace(p.lab.Model)
	there, err := p.names(ctx, resource)
	if err != nil {
		return err
	}
	if !slices.Contains(there, name) {
		_, err := client.Create(ctx, asObject(content), metav1.CreateOptions{FieldManager: p.App})
		return err
	}
	options := metav1.PatchOptions{FieldManager: p.App}
	kind := types.MergePatchType
	if resource != gateways || p.Older {
		force := true
		kind, options.Force = types.ApplyPatchType, &force
	}
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	_, err = client.Patch(ctx, name, kind, body, options)
	return err
}

// cleanUp deletes what has the charm's label and is not wanted.
func (p *PythonCharm) cleanUp(ctx context.Context, resource schema.GroupVersionResource, wanted []string) error {
	there, err := p.names(ctx, resource)
	if err != nil {
		return err
	}
	for _, name := range there {
		if !slices.Contains(wanted, name) {
			err = errors.Join(err, p.Delete(ctx, resource.Resource, name))
		}
	}
	return err
}

// Delete deletes one of its objects, by the plural of its kind.
func (p *PythonCharm) Delete(ctx context.Context, plural, name string) error {
	resource, err := resourceOf(plural)
	if err != nil {
		return err
	}
	return p.lab.Cluster.Dynamic().Resource(resource).Namespace(p.lab.Model).Delete(ctx, name, metav1.DeleteOptions{})
}

// Leave makes an object, in its way, that it has forgotten to delete.
func (p *PythonCharm) Leave(ctx context.Context, plural, name string, content map[string]any) error {
	resource, err := resourceOf(plural)
	if err != nil {
		return err
	}
	return p.put(ctx, resource, name, content)
}

func resourceOf(plural string) (schema.GroupVersionResource, error) {
	for _, resource := range []schema.GroupVersionResource{gateways, httpRoutes, services, secrets} {
		if resource.Resource == plural {
			return resource, nil
		}
	}
	return schema.GroupVersionResource{}, fmt.Errorf("there is no kind %s", plural)
}

func (p *PythonCharm) names(ctx context.Context, resource schema.GroupVersionResource) ([]string, error) {
	list, err := p.lab.Cluster.Dynamic().Resource(resource).Namespace(p.lab.Model).List(ctx, metav1.ListOptions{LabelSelector: managedBy + "=" + p.App})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, item.GetName())
	}
	return names, nil
}

// address waits for the Gateway's address; without a Gateway there is none.
func (p *PythonCharm) address(ctx context.Context) (address string, err error) {
	names, err := p.names(ctx, gateways)
	if err != nil || len(names) == 0 {
		return "", err
	}
	return address, cluster.Eventually(ctx, Patience, func(ctx context.Context) error {
		gateway, err := p.lab.Cluster.Dynamic().Resource(gateways).Namespace(p.lab.Model).Get(ctx, p.App, metav1.GetOptions{})
		if err != nil {
			return err
		}
		addresses, _, err := unstructured.NestedSlice(gateway.Object, "status", "addresses")
		if err == nil && len(addresses) == 0 {
			err = errors.New("the Gateway has no address")
		}
		if err == nil {
			address, _, err = unstructured.NestedString(addresses[0].(fields), "value")
		}
		return err
	})
}

func parseCertificate(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
