package lab

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// A Configurator is an application on gateway-route. Like ingress-configurator it names its hosts,
// and attaches its own HTTPRoutes to the Gateway that the charm names. They lead to one pod, below
// the path "/<Name>". Settle makes it act.
type Configurator struct {
	// Name is the application's name in its own model.
	Name string
	// Model is its model, with its routes and its pod.
	Model string
	// Remote is its name in the charm's model: Name, unless it is of another model.
	Remote string
	// Relation is the id of its gateway-route relation, negative before there is one.
	Relation int
	// Request is the application databag that it writes when it is related; see Asks.
	Request map[string]string

	lab   *Lab
	pod   *cluster.RunningPod
	owner bool              // of the model's namespace
	acted map[string]string // both databags, as it last acted on them
}

// AddConfigurator adds an application of one unit on gateway-route, which has no host
// yet, in this model or another one. The namespace of another is made with it.
func (l *Lab) AddConfigurator(ctx context.Context, name, model string) (*Configurator, error) {
	c := &Configurator{Name: name, Model: model, Remote: name, Relation: unrelated, Request: Asks(""), lab: l}
	metadata := jujutest.ScriptedMetadata{Requires: map[string]string{"gateway-route": "gateway-route"}}
	if model != l.Model {
		metadata.ModelUUID = cluster.ModelUUID(model)
		c.Remote = fmt.Sprintf("remote-%x", sha256.Sum256([]byte(model+"."+name)))[:len("remote-")+32]
		if err := l.Cluster.CreateModel(ctx, model); err != nil {
			return nil, err
		}
		c.owner = true
	}
	l.players[c.Remote] = c
	if err := l.Juju.AddScripted(c.Remote, metadata, 1); err != nil {
		return nil, err
	}
	const port = 8080
	var err error
	c.pod, err = l.Cluster.AddPod(ctx, model, name, 0, cluster.Pod{Port: port, Handler: EchoHandler(name + "/0")})
	if err != nil {
		return nil, err
	}
	return c, c.apply(ctx, schema.GroupVersionResource{Version: "v1", Resource: "services"}, name, &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app.kubernetes.io/name": name},
			Ports:    []corev1.ServicePort{{Name: "http", Port: port, TargetPort: intstr.FromInt32(port), Protocol: corev1.ProtocolTCP}},
		},
	})
}

// Asks returns the databag in which the Python library asks for hosts: each key is a JSON document.
// Without a hostname it is for the Gateway's address.
func Asks(hostname string, additional ...string) map[string]string {
	bag := map[string]string{"hostname": "null", "additional_hostnames": "[]"}
	if hostname != "" {
		bag["hostname"] = fmt.Sprintf("%q", hostname)
	}
	var quoted []string
	for _, name := range additional {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	bag["additional_hostnames"] = "[" + strings.Join(quoted, ", ") + "]"
	return bag
}

// Ask makes it ask for other hosts. Like ingress-configurator, it routes them at once, based on the
// last answer.
func (c *Configurator) Ask(ctx context.Context, hostname string, additional ...string) error {
	c.Request = Asks(hostname, additional...)
	if err := c.lab.Juju.SetApplicationData(c.Relation, c.Remote, c.Request); err != nil {
		return err
	}
	_, err := c.act(ctx)
	return err
}

// Answer returns what the gateway has published to it, with the exact bytes.
func (c *Configurator) Answer(gateway string) map[string]string {
	return c.lab.Juju.RelationData(c.Relation, gateway)
}

func (c *Configurator) related(id int, _ string) error {
	c.Relation = id
	return c.lab.Juju.SetApplicationData(id, c.Remote, c.Request)
}

// stop takes away what it has made.
func (c *Configurator) stop(ctx context.Context) error {
	var errs []error
	if c.pod != nil {
		errs = append(errs, c.pod.Stop(ctx))
	}
	if c.owner {
		errs = append(errs, c.lab.Cluster.DestroyModel(ctx, c.Model))
	}
	return errors.Join(errs...)
}

// wantedRoutes are what it asks for, and offeredGateway is what it is told.
type wantedRoutes struct {
	Hostname   string
	Additional []string
}

type offeredGateway struct {
	Address, Model, Name, Mode string
	MaxAge                     *int64
}

// act makes its routes according to the two databags. It never changes a databag. If an answer is
// not complete, or somebody else has replaced its request, its routes stay as they are.
func (c *Configurator) act(ctx context.Context) (changed bool, err error) {
	gateway := ""
	for _, relation := range c.lab.Juju.Status().Relations {
		if relation.ID == c.Relation {
			gateway, _, _ = strings.Cut(relation.Provider, ":")
		}
	}
	if gateway == "" {
		return false, c.setRoutes(ctx, nil)
	}
	ours, theirs := c.lab.Juju.RelationData(c.Relation, c.Remote), c.Answer(gateway)
	both := maps.Clone(ours)
	maps.Copy(both, theirs)
	if maps.Equal(both, c.acted) {
		return false, nil
	}
	var r wantedRoutes
	var a offeredGateway
	understood := decode(ours, map[string]any{"hostname": &r.Hostname, "additional_hostnames": &r.Additional}) &&
		decode(theirs, map[string]any{
			"gateway_address": &a.Address, "gateway_model": &a.Model, "gateway_name": &a.Name, "https_mode": &a.Mode, "hsts_max_age": &a.MaxAge,
		})
	if !understood {
		return false, nil
	}
	if err := c.setRoutes(ctx, c.routes(r, a)); err != nil {
		return false, err
	}
	c.acted = both
	return false, nil
}

// decode reads the JSON documents of a databag, which must all be there.
func decode(bag map[string]string, to map[string]any) bool {
	for _, key := range slices.Sorted(maps.Keys(to)) {
		if json.Unmarshal([]byte(bag[key]), to[key]) != nil {
			return false
		}
	}
	return true
}

// apply writes an object of its own into its namespace.
func (c *Configurator) apply(ctx context.Context, resource schema.GroupVersionResource, name string, object any) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	delete(content, "status")
	_, err = c.lab.Cluster.Dynamic().Resource(resource).Namespace(cluster.Namespace(c.Model)).Apply(ctx, name, asObject(content), metav1.ApplyOptions{FieldManager: c.Name, Force: true})
	return err
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
