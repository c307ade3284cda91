package kubetest

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// collections are the kinds that can be listed. There may be one of another kind, to be read by
// its path.
var collections = []string{
	"backendtlspolicies", "configmaps", "endpointslices", "gatewayclasses", "gateways", "httproutes", "namespaces", "secrets", "services",
}

// applyType is the content type of server-side apply.
const applyType = "application/apply-patch+yaml"

// A Server answers an API server's requests.
type Server struct {
	// Mutex guards what follows, once there are requests.
	Mutex sync.Mutex
	// Objects has what is in the cluster, by path. An object without metadata.resourceVersion
	// was put there by a test, and needs none.
	Objects map[string]map[string]any
	// Answers has handlers that answer instead, by request, such as "GET /api/v1/namespaces".
	Answers map[string]http.HandlerFunc
	// Watched, unless it is nil, is called when a client begins to watch, and may change
	// Objects. The client gets them as they are then, and the watch ends.
	Watched func()

	version int
}

// New returns a server of an empty cluster.
func New() *Server {
	return &Server{Objects: map[string]map[string]any{}, Answers: map[string]http.HandlerFunc{}}
}

// Put puts an object into a collection, as another client would.
func (s *Server) Put(collection string, object map[string]any) {
	metadata := object["metadata"].(map[string]any)
	name := metadata["name"].(string)
	metadata["resourceVersion"] = s.next()
	if metadata["uid"] == nil {
		metadata["uid"] = "uid-" + name
	}
	s.Objects[collection+"/"+name] = object
}

// Below returns the objects of a collection, by their names.
func (s *Server) Below(collection string) []any { return s.selected(collection, nil) }

// List returns the same as a client gets it.
func (s *Server) List(collection string) map[string]any { return list(s.Below(collection)) }

func list(items []any) map[string]any {
	return map[string]any{"kind": "List", "apiVersion": "v1", "metadata": map[string]any{}, "items": items}
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if handler := s.Answers[r.Method+" "+r.URL.Path]; handler != nil {
		handler(w, r)
		return
	}
	s.Mutex.Lock()
	defer s.Mutex.Unlock()
	query := r.URL.Query()
	isCollection := slices.Contains(collections, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
	switch {
	case r.Method == http.MethodGet && isCollection && query.Has("watch"):
		s.watch(w, r.URL.Path, query)
	case r.Method == http.MethodGet && isCollection:
		Reply(w, http.StatusOK, list(s.selected(r.URL.Path, query)))
	case r.Method == http.MethodPatch && r.Header.Get("Content-Type") == applyType:
		s.apply(w, r.URL.Path, query.Get("fieldManager"), body)
	case s.Objects[r.URL.Path] == nil:
		Reply(w, http.StatusNotFound, Failure(http.StatusNotFound, "NotFound", "not found"))
	case r.Method == http.MethodDelete:
		delete(s.Objects, r.URL.Path)
		Reply(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	default:
		Reply(w, http.StatusOK, s.Objects[r.URL.Path])
	}
}

func (s *Server) next() string {
	s.version++
	return strconv.Itoa(s.version)
}

func (s *Server) watch(w http.ResponseWriter, collection string, query url.Values) {
	if s.Watched != nil {
		s.Watched()
	}
	w.Header().Set("Content-Type", "application/json")
	for _, object := range s.selected(collection, query) {
		_ = json.NewEncoder(w).Encode(map[string]any{"type": "MODIFIED", "object": object})
	}
}

// selected returns the objects of a collection that a query asks for.
func (s *Server) selected(collection string, query url.Values) []any {
	items := []any{}
	for _, path := range slices.Sorted(maps.Keys(s.Objects)) {
		if strings.HasPrefix(path, collection+"/") && isSelected(s.Objects[path], query) {
			items = append(items, s.Objects[path])
		}
	}
	return items
}

// isSelected reports whether an object has the label of the selector, and the name of the other.
func isSelected(object map[string]any, query url.Values) bool {
	metadata, _ := object["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	if name, value, found := strings.Cut(query.Get("labelSelector"), "="); found {
		value, _, _ = strings.Cut(value, ",")
		if labels[name] != value {
			return false
		}
	}
	_, name, found := strings.Cut(query.Get("fieldSelector"), "=")
	return !found || metadata["name"] == name
}

// apply takes an object as its only manager's, unless another is meant than the one that is
// there. What changes nothing makes no version.
func (s *Server) apply(w http.ResponseWriter, path, manager string, body []byte) {
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	live := s.Objects[path]
	metadata := object["metadata"].(map[string]any)
	before, _ := live["metadata"].(map[string]any)
	if uid := metadata["uid"]; uid != nil {
		if before["uid"] != uid {
			Reply(w, http.StatusConflict, Failure(http.StatusConflict, "Conflict", "uid mismatch"))
			return
		}
		delete(metadata, "uid") // It is in no record.
	}
	metadata["managedFields"] = []any{Record(manager, object)}
	metadata["uid"], metadata["generation"] = "uid-"+metadata["name"].(string), 1
	if live != nil {
		metadata["generation"] = generation(before, !reflect.DeepEqual(live["spec"], object["spec"]))
		if live["status"] != nil {
			object["status"] = live["status"]
		}
	}
	if metadata["resourceVersion"] = before["resourceVersion"]; live == nil || !reflect.DeepEqual(live, object) {
		metadata["resourceVersion"] = s.next()
	}
	s.Objects[path] = object
	Reply(w, http.StatusOK, object)
}

// generation returns that of an object, by its metadata of before.
func generation(before map[string]any, changed bool) int {
	count, _ := before["generation"].(int)
	if changed || count == 0 {
		count++
	}
	return count
}

// Reply answers with an object.
func Reply(w http.ResponseWriter, code int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(content) // The client may be gone.
}

// Failure is the Status that an API server answers with.
func Failure(code int, reason, message string) map[string]any {
	return map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure", "code": code, "reason": reason, "message": message}
}

// Refuse returns a handler that answers with a failure.
func Refuse(code int, reason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { Reply(w, code, Failure(code, reason, message)) }
}
