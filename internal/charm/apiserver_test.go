package charm_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/canonical/gateway-api-integrator/internal/kube/kubetest"
)

// apiServer is a kubetest.Server with a Gateway's controller. It keeps what it was asked.
type apiServer struct {
	api            *kubetest.Server
	objects        map[string]map[string]any // the api's
	mutex          *sync.Mutex               // the api's
	requests       []string                  // such as "PATCH /api/v1/…"; of a watch "WATCH /api/v1/…"
	refuse         bool                      // answer 403 to everything
	withoutAddress bool                      // the Gateway has none
	slow           bool                      // the Gateway's controller judges nothing while a hook waits for it
	controller     string                    // its name, "c" unless it is said
	// fail gives the answers to requests such as "PATCH httproutes/gw-prod-blog", of
	// which the path need only be a part; 0 is an answer that is no HTTP. (A connection that
	// breaks off would do, had not client-go ten seconds of patience with those that read.)
	fail map[string]answer
}

func newAPIServer() *apiServer {
	api := kubetest.New()
	a := &apiServer{api: api, objects: api.Objects, mutex: &api.Mutex}
	api.Watched = func() {
		if !a.slow {
			a.judge()
		}
	}
	return a
}

// An answer of the API server that is none of success.
type answer struct {
	code    int
	message string
}

// failing returns the answer to a request that is to fail.
func (a *apiServer) failing(method, path string) (answer, bool) {
	for request, with := range a.fail {
		wanted, part, _ := strings.Cut(request, " ")
		if method == wanted && strings.Contains(path, part) {
			return with, true
		}
	}
	return answer{}, false
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if r.URL.Query().Has("watch") {
		method = "WATCH"
	}
	a.mutex.Lock()
	a.requests = append(a.requests, method+" "+r.URL.Path)
	with, fails := a.failing(method, r.URL.Path)
	refused := a.refuse
	a.mutex.Unlock()
	switch {
	case fails && with.code == 0:
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = connection.Write([]byte("no HTTP\r\n")) // The client may be gone.
		_ = connection.Close()
	case fails:
		reason := map[int]string{http.StatusForbidden: "Forbidden", http.StatusUnprocessableEntity: "Invalid"}[with.code]
		kubetest.Refuse(with.code, cmp.Or(reason, "InternalError"), with.message)(w, r)
	case refused:
		kubetest.Refuse(http.StatusForbidden, "Forbidden", "no right to "+r.URL.Path)(w, r)
	default:
		a.api.ServeHTTP(w, r)
	}
}

// writes are the requests that change something, since the last call.
func (a *apiServer) writes() []string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	writes := slices.DeleteFunc(a.requests, func(r string) bool {
		return !strings.HasPrefix(r, "PATCH") && !strings.HasPrefix(r, "DELETE")
	})
	a.requests = nil
	return writes
}

const gatewayAPI = "/apis/gateway.networking.k8s.io/v1"

// condition is one that is true at a generation.
func condition(kind string, generation any) map[string]any {
	return map[string]any{
		"type": kind, "status": "True", "reason": kind, "message": "", "observedGeneration": generation,
		"lastTransitionTime": "2025-12-31T23:00:00Z",
	}
}

// control plays the Gateway's controller: everything is found good as it is now.
func (a *apiServer) control() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.judge()
}

func (a *apiServer) judge() {
	for path, object := range a.objects {
		generation := object["metadata"].(map[string]any)["generation"]
		conditions := []any{condition("Accepted", generation), condition("Programmed", generation)}
		switch {
		case strings.Contains(path, "/gateways/"):
			var listeners []any
			for _, listener := range object["spec"].(map[string]any)["listeners"].([]any) {
				listeners = append(listeners, map[string]any{
					"name": listener.(map[string]any)["name"], "attachedRoutes": 1, "supportedKinds": []any{}, "conditions": conditions,
				})
			}
			addresses := []any{map[string]any{"value": "10.0.0.9"}}
			if a.withoutAddress {
				addresses = []any{}
			}
			object["status"] = map[string]any{
				"addresses": addresses, "conditions": conditions, "listeners": listeners,
			}
		case strings.Contains(path, "/httproutes/"):
			var parents []any
			for _, parent := range object["spec"].(map[string]any)["parentRefs"].([]any) {
				parents = append(parents, map[string]any{"controllerName": cmp.Or(a.controller, "c"), "parentRef": parent, "conditions": conditions[:1]})
			}
			object["status"] = map[string]any{"parents": parents}
		}
	}
}
