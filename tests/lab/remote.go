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

// A Remote is an application of another model that asks for ingress. Its pods are in that model's
// namespace, where the charm's selectors do not reach. The charm knows only what it writes about
// its units, which the test decides, unit by unit.
type Remote struct {
	// Name is the application's name in its own model.
	Name string
	// Model is its model.
	Model string
	// Alias is its name in the charm's model: "remote-" and 32 hexadecimal digits.
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

// AddRemote adds an application of another model, without units. Several can have the same name and
// model, as models of several controllers can; key distinguishes them. The model's namespace must
// exist.
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

// RemoveUnit removes a unit. Its pod runs until StopPod.
func (r *Remote) RemoveUnit(ctx context.Context, unit string) error {
	return r.lab.Juju.RemoveUnit(ctx, unit)
}

// StartPod starts a pod, with an IPv6 address too if requested. Each of its answers names the given
// unit.
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

// Write makes a unit write its databag as the ingress library does: its address, or, if that is
// empty, that it has none. Then Juju does not have one for it either, until SetUnitAddress.
func (r *Remote) Write(unit, address string) error {
	return r.WriteHost(unit, r.Name+"-0", address)
}

// WriteHost makes it also write a host of its own.
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
