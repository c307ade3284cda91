package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// auditPolicy has every request of everybody but the machinery recorded when
// it is done; a watch, which may never be, when it has begun.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver", "system:kube-controller-manager", "traefik", "envoy-gateway"]
- level: Metadata
`

// Request is one request that the API server has answered.
type Request struct {
	User        string // such as system:serviceaccount:demo:web, see ServiceAccount
	Verb        string // get, list, watch, create, patch, delete, ...
	Group       string // API group; empty for the core group
	Resource    string // plural, such as httproutes; empty when the request is for no object, as discovery is
	Subresource string
	Namespace   string
	Name        string
	URI         string // path and query
	Code        int    // HTTP status
}

// audit reads the API server's audit log as it grows.
type audit struct {
	mutex sync.Mutex
	from  map[string]int64 // by user: where in the log counting begins
}

func (c *Cluster) auditLog() string { return filepath.Join(c.directory, "audit.log") }

// Requests returns the requests that user has made since its counts were reset, in the order in
// which they ended. A request is included as soon as its answer has been read.
func (c *Cluster) Requests(user string) ([]Request, error) {
	c.audit.mutex.Lock()
	from := c.audit.from[user]
	c.audit.mutex.Unlock()
	log, err := os.Open(c.auditLog())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the audit log: %w", err)
	}
	defer log.Close()
	if _, err := log.Seek(from, io.SeekStart); err != nil {
		return nil, fmt.Errorf("cannot read the audit log: %w", err)
	}
	return readAudit(log, user)
}

// RequestCount counts the requests of Requests by verb and resource, such as "list httproutes" or
// "patch gateways/status". A request that is not for an object, such as discovery, counts by its
// path: "get /apis/apps/v1".
func (c *Cluster) RequestCount(user string) (map[string]int, error) {
	requests, err := c.Requests(user)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, request := range requests {
		counts[request.what()]++
	}
	return counts, nil
}

// ResetRequestCounts sets user's count to zero.
func (c *Cluster) ResetRequestCounts(user string) error {
	end, err := endOfLines(c.auditLog())
	if err != nil {
		return fmt.Errorf("cannot read the audit log: %w", err)
	}
	c.audit.mutex.Lock()
	defer c.audit.mutex.Unlock()
	if c.audit.from == nil {
		c.audit.from = map[string]int64{}
	}
	c.audit.from[user] = end
	return nil
}

// endOfLines is the offset behind the last whole line of a file. Somebody else's
// may be half written at the moment.
func endOfLines(path string) (int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	chunk := make([]byte, 4096)
	for end > 0 {
		start := max(0, end-int64(len(chunk)))
		n, err := file.ReadAt(chunk[:end-start], start)
		if err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(chunk[:n], '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}

// ServiceAccount returns the user name of an application's ServiceAccount.
func ServiceAccount(model, app string) string {
	return "system:serviceaccount:" + Namespace(model) + ":" + app
}

func (r Request) what() string {
	switch {
	case r.Resource == "":
		return r.Verb + " " + r.URI
	case r.Subresource != "":
		return r.Verb + " " + r.Resource + "/" + r.Subresource
	}
	return r.Verb + " " + r.Resource
}

// auditEvent is what is read of audit.k8s.io/v1 Event.
type auditEvent struct {
	Stage      string `json:"stage"`
	Verb       string `json:"verb"`
	RequestURI string `json:"requestURI"`
	User       struct {
		Username string `json:"username"`
	} `json:"user"`
	ObjectRef struct {
		Resource, Subresource, Namespace, Name, APIGroup string
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// readAudit returns user's requests in a log of one JSON event a line. A last
// line without an end is being written, on behalf of a request not answered yet.
func readAudit(log io.Reader, user string) ([]Request, error) {
	requests := []Request{}
	reader := bufio.NewReader(log)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return requests, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the audit log: %w", err)
		}
		var event auditEvent
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("cannot parse a line of the audit log: %w", err)
		}
		// A watch has two entries: its beginning is the request.
		watch := event.Verb == "watch"
		if event.User.Username != user || watch != (event.Stage == "ResponseStarted") {
			continue
		}
		requests = append(requests, Request{
			User: event.User.Username, Verb: event.Verb,
			Group: event.ObjectRef.APIGroup, Resource: event.ObjectRef.Resource, Subresource: event.ObjectRef.Subresource,
			Namespace: event.ObjectRef.Namespace, Name: event.ObjectRef.Name,
			URI: event.RequestURI, Code: event.ResponseStatus.Code,
		})
	}
}
