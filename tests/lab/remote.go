package lab

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// A Remote is an application of another model that asks for ingress. Its pods are in
// that model's namespace, where no selector of the charm reaches; what it says of its
// units is all that the charm knows. The test says it, unit by unit.
type Remote struct {
	// Name is the application's, in the model where it is.
	Name string
	// Model is where it is.
	Model string
	// Alias is what the charm's model calls it: "remote-" and 32 hexadecimal digits.
	Alias string
	// Relation is the id of its ingress relation, negative before there is one.
	Relation int
	// Request is the application databag; it is written when it is related.
	Request map[string]string

	lab  *Lab
	port int
	pods map[string]*cluster.RunningPod // by unit, of those that run
	made int                            // pods so far; each has a name of its own
}

// AddRemote adds an application of another model, without units. Several can have the
// same name and model, as models of several controllers do; key tells them apart. The
// model's namespace is to be there.
func (l *Lab) AddRemote(name, model, key string, port int) (*Remote, error) {
	r := &Remote{
		Name: name, Model: model, Relation: unrelated, lab: l, port: port, pods: map[string]*cluster.RunningPod{},
		Alias:   fmt.Sprintf("remote-%x", sha256.Sum256([]byte(key)))[:len("remote-")+32],
		Request: map[string]string{"model": strconv.Quote(model), "name": strconv.Quote(name), "port": strconv.Itoa(port)},
	}
	l.players[r.Alias] = r
	metadata := jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}, ModelUUID: cluster.ModelUUID(key)}
	return r, l.Juju.AddScripted(r.Alias, metadata, 0)
}

// AddUnit adds a unit, which has written nothing yet.
func (r *Remote) AddUnit(ctx context.Context) (string, error) {
	return r.lab.Juju.AddUnit(ctx, r.Alias)
}

// RemoveUnit removes a unit; its pod runs on until StopPod.
func (r *Remote) RemoveUnit(ctx context.Context, unit string) error {
	return r.lab.Juju.RemoveUnit(ctx, unit)
}

// StartPod starts a pod, with an IPv6 address too if asked for. Every answer of its names
// the unit that is given.
func (r *Remote) StartPod(ctx context.Context, unit string, ipv6 bool) (*cluster.RunningPod, error) {
	return r.startPod(ctx, cluster.Pod{Port: r.port, IPv6: ipv6, Handler: EchoHandler(unit)})
}

// StartTLSPod starts a pod that speaks TLS, with a certificate for these hosts, and
// nothing else.
func (r *Remote) StartTLSPod(ctx context.Context, unit string, authority *Authority, hosts ...string) (*cluster.RunningPod, error) {
	certificate, err := authority.certify(hosts)
	if err != nil {
		return nil, fmt.Errorf("cannot certify a backend: %w", err)
	}
	return r.startPod(ctx, cluster.Pod{
		Port: r.port, Handler: EchoHandler(unit), TLS: &tls.Config{Certificates: []tls.Certificate{*certificate}},
	})
}

func (r *Remote) startPod(ctx context.Context, wanted cluster.Pod) (*cluster.RunningPod, error) {
	pod, err := r.lab.Cluster.AddPod(ctx, r.Model, r.Alias, r.made, wanted)
	if err != nil {
		return nil, err
	}
	r.made++
	r.pods[pod.Name] = pod
	return pod, nil
}

// StopPod ends a pod.
func (r *Remote) StopPod(ctx context.Context, pod *cluster.RunningPod) error {
	delete(r.pods, pod.Name)
	return pod.Stop(ctx)
}

// Write has a unit write its databag as the ingress library does: its address, or that
// it has none when that is empty. Nor has Juju one of it then, until it is given it
// (SetUnitAddress).
func (r *Remote) Write(unit, address string) error {
	return r.WriteHost(unit, r.Name+"-0", address)
}

// WriteHost has it write a host of its own, too.
func (r *Remote) WriteHost(unit, host, address string) error {
	data := map[string]string{"host": strconv.Quote(host), "ip": "null"}
	if address != "" {
		data["ip"] = strconv.Quote(address)
	} else {
		data["ingress-address"] = ""
	}
	return r.lab.Juju.SetUnitData(r.Relation, unit, data)
}

// URL is what the charm has published to the application, empty for nothing.
func (r *Remote) URL(gateway string) string { return publishedURL(r.lab, r.Relation, gateway) }

func (r *Remote) related(id int, _ string) error {
	r.Relation = id
	return r.lab.Juju.SetApplicationData(id, r.Alias, r.Request)
}

func (*Remote) act(context.Context) (bool, error) { return false, nil }

func (r *Remote) stop(ctx context.Context) error {
	var errs []error
	for _, pod := range r.pods {
		errs = append(errs, pod.Stop(ctx))
	}
	return errors.Join(errs...)
}
