package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The types of what Envoy is served with.
const (
	typeListener = "type.googleapis.com/envoy.config.listener.v3.Listener"
	typeRoute    = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
	typeCluster  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	typeEndpoint = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
	typeSecret   = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
)

// discoveryPaths are where Envoy asks for each type.
var discoveryPaths = map[string]string{
	"/v3/discovery:listeners": typeListener,
	"/v3/discovery:routes":    typeRoute,
	"/v3/discovery:clusters":  typeCluster,
	"/v3/discovery:endpoints": typeEndpoint,
	"/v3/discovery:secrets":   typeSecret,
}

const ciliumXDS = "127.0.0.1:18100"

// restSource has Envoy ask for resources by REST, in JSON, which is what a CiliumEnvoyConfig
// has them in: so nothing here has to know their fields. It stands where cilium-agent
// writes its own source, with the same bound on the first answer. A request is answered when
// there is something new, as a stream would bring it.
const restSource = `{"resource_api_version": "V3", "initial_fetch_timeout": "30s", "api_config_source": {
  "api_type": "REST", "transport_api_version": "V3", "cluster_names": ["xds"],
  "refresh_delay": "0.005s", "request_timeout": "3600s"}}`

// ciliumBootstrap is the configuration that Envoy starts with. Each subscription holds a
// connection.
const ciliumBootstrap = `{
 "node": {"id": "node", "cluster": "cilium"},
 "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 9901}}},
 "static_resources": {"clusters": [{
   "name": "xds", "type": "STATIC", "connect_timeout": "5s",
   "circuit_breakers": {"thresholds": [{"max_connections": 10000, "max_pending_requests": 10000, "max_requests": 10000}]},
   "load_assignment": {"cluster_name": "xds", "endpoints": [{"lb_endpoints": [{"endpoint": {"address":
     {"socket_address": {"address": "127.0.0.1", "port_value": 18100}}}}]}]}
 }]},
 "dynamic_resources": {"cds_config": ` + restSource + `, "lds_config": ` + restSource + `}
}`

// resources are what Envoy is to be served with: type → name → resource in JSON.
type resources map[string]map[string]json.RawMessage

func (r resources) put(kind, name string, resource json.RawMessage) {
	if r[kind] == nil {
		r[kind] = map[string]json.RawMessage{}
	}
	r[kind][name] = resource
}

// discovery serves Envoy with resources. Each kind and list of names that Envoy asks for is a
// subscription: it says which version it has, and is answered when there is another one.
type discovery struct {
	log *log.Logger

	mutex         sync.Mutex
	changed       chan struct{} // closed at each change
	serving       resources
	subscriptions map[string]*subscription
}

type subscription struct {
	has  string    // the version that Envoy has, by its last question
	sent string    // the version of the last answer
	at   time.Time // when that was
}

func newDiscovery(log *log.Logger) *discovery {
	return &discovery{log: log, changed: make(chan struct{}), serving: resources{}, subscriptions: map[string]*subscription{}}
}

// ackPatience bounds how long publish waits for Envoy to take what it is served. It takes
// milliseconds; more than this it takes where Envoy refuses.
const ackPatience = 2 * time.Second

// publish serves Envoy with next, in the order of cilium-agent. What is gone is taken away
// first; Secrets, clusters and the routes to them follow, all at once; the listeners come when
// Envoy has taken the clusters (UpdateEnvoyResources in its pkg/envoy). The endpoints come when
// it has taken the listeners: the agent keeps them apart, and comes to them later, since they are
// written later (process of cecProcessor and of backendProcessor in its pkg/ciliumenvoyconfig).
// So a route may lead to a cluster that Envoy does not have any more, or not yet.
func (d *discovery) publish(ctx context.Context, next resources) {
	d.change(func() {
		for _, kind := range []string{typeListener, typeRoute, typeCluster, typeEndpoint, typeSecret} {
			for name := range d.serving[kind] {
				if next[kind][name] == nil {
					d.log.Printf("- %s %s", short(kind), name)
					delete(d.serving[kind], name)
				}
			}
		}
	})
	d.change(func() {
		for _, kind := range []string{typeSecret, typeCluster, typeRoute} {
			d.add(kind, next)
		}
	})
	d.awaitTaken(ctx, typeCluster)
	d.change(func() { d.add(typeListener, next) })
	d.awaitTaken(ctx, typeListener)
	d.change(func() { d.add(typeEndpoint, next) })
}

// add puts the resources of a kind in place. The lock is held.
func (d *discovery) add(kind string, next resources) {
	for name, resource := range next[kind] {
		if !bytes.Equal(d.serving[kind][name], resource) {
			d.log.Printf("+ %s %s (%d bytes)", short(kind), name, len(resource))
			d.serving.put(kind, name, resource)
		}
	}
}

// change does something with what is served, and wakes who waits for news.
func (d *discovery) change(do func()) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	do()
	close(d.changed)
	d.changed = make(chan struct{})
}

// awaitTaken waits until Envoy has all there is of a kind, or those that are named: it says so
// when it asks for more.
func (d *discovery) awaitTaken(ctx context.Context, kind string, names ...string) {
	err := poll(ctx, ackPatience, time.Millisecond, func(context.Context) error {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		one := d.subscriptions[subscriptionName(kind, names)]
		if one == nil || one.has != d.version(kind, names) {
			return fmt.Errorf("the %ss are not taken by Envoy", short(kind))
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		d.log.Print(err)
	}
}

func short(kind string) string { return kind[strings.LastIndex(kind, ".")+1:] }

func subscriptionName(kind string, names []string) string {
	return kind + "|" + strings.Join(names, ",")
}

// version tells states of these resources of a kind, or of all where no name is given, apart.
// It is empty as long as there is none of those that are named: that is no answer yet. The
// lock is held.
func (d *discovery) version(kind string, names []string) string {
	found := d.find(kind, names)
	if len(found) == 0 && len(names) > 0 {
		return ""
	}
	hash := sha256.New()
	for _, resource := range found {
		hash.Write(resource)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// find returns resources in the order of their names. The lock is held.
func (d *discovery) find(kind string, names []string) []json.RawMessage {
	if len(names) == 0 {
		for name := range d.serving[kind] {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	found := []json.RawMessage{}
	for _, name := range names {
		if resource, is := d.serving[kind][name]; is {
			found = append(found, resource)
		}
	}
	return found
}

// discoveryRequest is what is read of Envoy's question, in JSON of protobuf, which has two
// spellings of each name.
type discoveryRequest struct {
	Version      string   `json:"versionInfo"`
	VersionSnake string   `json:"version_info"`
	Names        []string `json:"resourceNames"`
	NamesSnake   []string `json:"resource_names"`
}

// ServeHTTP answers Envoy as soon as there is something that it does not have.
func (d *discovery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request discoveryRequest
	kind := discoveryPaths[r.URL.Path]
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || kind == "" {
		http.Error(w, "that is no question for resources", http.StatusBadRequest)
		return
	}
	names := slices.Sorted(slices.Values(append(request.Names, request.NamesSnake...)))
	answer := d.await(r.Context(), kind, names, request.Version+request.VersionSnake)
	if answer == nil {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

type discoveryAnswer struct {
	Version   string            `json:"version_info"`
	Type      string            `json:"type_url"`
	Resources []json.RawMessage `json:"resources"`
}

// refusedAfter is when an answer counts as refused: Envoy asks again at once, with the version
// that it had. One that asks later, with none, has begun anew: a cluster came back, and asks
// for its endpoints.
const refusedAfter = 200 * time.Millisecond

// await waits for a version that Envoy does not have, and gives nil where there is none for a
// while: a refused one is offered again after a second.
func (d *discovery) await(ctx context.Context, kind string, names []string, has string) *discoveryAnswer {
	name := subscriptionName(kind, names)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	one := d.subscriptions[name]
	if one == nil {
		one = &subscription{}
		d.subscriptions[name] = one
	}
	one.has = has
	refused, patience := "", 20*time.Second
	if one.sent != has && (has != "" || time.Since(one.at) < refusedAfter) {
		refused, patience = one.sent, time.Second
	}
	late := time.After(patience)
	for {
		// What is gone is no news where it is named: Envoy keeps what it has.
		version := d.version(kind, names)
		if version != "" && version != has && version != refused {
			one.sent, one.at = version, time.Now()
			return &discoveryAnswer{version, kind, d.find(kind, names)}
		}
		changed := d.changed
		d.mutex.Unlock()
		select {
		case <-changed:
			d.mutex.Lock()
		case <-ctx.Done():
			d.mutex.Lock()
			return nil
		case <-late:
			d.mutex.Lock()
			if refused != "" {
				d.log.Printf("Envoy refuses version %s of %s, and stays with %q", refused, name, has)
				one.sent = has
			}
			return nil
		}
	}
}
