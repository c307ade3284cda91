package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// An App is an application that asks for ingress: units whose pods serve HTTP.
type App struct {
	Name string
	// Request is the application databag that it writes. Change it before Relate, or write it again
	// with Juju.SetApplicationData.
	Request map[string]string
	// Relation is the id of its ingress relation; negative before there is one.
	Relation int
	Pods     []*cluster.RunningPod

	lab      *Lab
	startPod func(ctx context.Context, unit int) error // of those with pods of their own kind
}

// AddApp adds an application with this number of units. Its pods serve on the port. Every answer
// names the pod, the path and the headers that an ingress adds.
func (l *Lab) AddApp(ctx context.Context, name string, port, units int) (*App, error) {
	app := &App{Name: name, lab: l, Relation: unrelated, Request: map[string]string{
		"model": strconv.Quote(l.Model), "name": strconv.Quote(name), "port": strconv.Itoa(port),
	}}
	l.apps[name] = app
	err := l.Juju.AddScripted(name, jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, units)
	if err != nil {
		return nil, err
	}
	for unit := range units {
		pod, err := l.Cluster.AddPod(ctx, l.Model, name, unit, cluster.Pod{Port: port, Handler: EchoHandler(fmt.Sprintf("%s/%d", name, unit))})
		if err != nil {
			return nil, err
		}
		app.Pods = append(app.Pods, pod)
	}
	return app, nil
}

// Echo is what an App answers.
type Echo struct {
	Unit   string // "hello/0"
	Path   string
	Prefix string // X-Forwarded-Prefix
	Proto  string // X-Forwarded-Proto
	HTTP   string // protocol between the gateway and the application: "HTTP/1.1"
}

// saidOfHost are further headers of an application that browsers would keep for everything at the
// host.
var saidOfHost = map[string]string{
	"Alt-Svc":   `h2="elsewhere.example.net:443"; ma=31536000; persist=1`,
	"NEL":       `{"report_to":"default","max_age":31536000,"success_fraction":1}`,
	"Report-To": `{"group":"default","max_age":31536000,"endpoints":[{"url":"https://elsewhere.example.net/"}]}`,
}

// EchoHandler answers every request with an Echo.
func EchoHandler(unit string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// The application's headers about its host: they must not apply to others there, nor
		// duplicate those of the gateway.
		w.Header().Set("Strict-Transport-Security", "max-age=1")
		w.Header().Set("Service-Worker-Allowed", "/")
		for name, value := range saidOfHost {
			w.Header().Set(name, value)
		}
		_ = json.NewEncoder(w).Encode(Echo{
			Unit: unit, Path: r.URL.Path, HTTP: r.Proto,
			Prefix: r.Header.Get("X-Forwarded-Prefix"), Proto: r.Header.Get("X-Forwarded-Proto"),
		})
	})
}

// write writes both databags as the ingress library does.
func (a *App) write() error {
	for unit := range a.Pods {
		if err := a.writeUnit(unit); err != nil {
			return err
		}
	}
	return a.lab.Juju.SetApplicationData(a.Relation, a.Name, a.Request)
}

func (a *App) writeUnit(unit int) error {
	host, address := a.lab.HostOf(a.Name, unit), a.Pods[unit].IP
	return a.lab.Juju.SetUnitData(a.Relation, fmt.Sprintf("%s/%d", a.Name, unit), map[string]string{
		"host": strconv.Quote(host), "ip": strconv.Quote(address),
	})
}

// URL returns the URL that the charm has published to the application; empty if there is none.
func (a *App) URL(gateway string) string { return publishedURL(a.lab, a.Relation, gateway) }

func publishedURL(l *Lab, relation int, gateway string) string {
	var published struct{ URL string }
	if json.Unmarshal([]byte(l.Juju.RelationData(relation, gateway)["ingress"]), &published) != nil {
		return ""
	}
	return published.URL
}

func (a *App) stop(ctx context.Context) error {
	for _, pod := range a.Pods {
		if err := pod.Stop(ctx); err != nil {
			return err
		}
	}
	return nil
}
