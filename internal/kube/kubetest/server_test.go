package kubetest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask sends a request, and returns the code and the object of the answer.
func ask(t *testing.T, s *Server, method, target, body string) (int, map[string]any) {
	t.Helper()
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", applyType)
	}
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	var object map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &object); err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return answer.Code, object
}

const gateways = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways"

// TestApply follows one object through what counts for its next version.
func TestApply(t *testing.T) {
	t.Parallel()
	s := New()
	for i, step := range []struct {
		body                string
		code                int
		version, generation float64
	}{
		{`{"apiVersion": "v1", "metadata": {"name": "gw"}, "spec": {"listeners": [{"name": "a", "port": 80}]}}`, 200, 1, 1},
		{`{"apiVersion": "v1", "metadata": {"name": "gw"}, "spec": {"listeners": [{"name": "a", "port": 80}]}}`, 200, 1, 1},
		{`{"apiVersion": "v1", "metadata": {"name": "gw", "labels": {"a": "b"}}, "spec": {"listeners": [{"name": "a", "port": 80}]}}`, 200, 2, 1},
		{`{"apiVersion": "v1", "metadata": {"name": "gw", "uid": "another"}, "spec": {}}`, 409, 2, 1},
		{`{"apiVersion": "v1", "metadata": {"name": "gw", "uid": "uid-gw"}, "spec": {"listeners": [{"name": "a", "port": 81}]}}`, 200, 3, 2},
	} {
		code, _ := ask(t, s, http.MethodPatch, gateways+"/gw?fieldManager=us", step.body)
		_, object := ask(t, s, http.MethodGet, gateways+"/gw", "")
		metadata := object["metadata"].(map[string]any)
		if version, _ := json.Number(metadata["resourceVersion"].(string)).Float64(); code != step.code || version != step.version || metadata["generation"] != step.generation {
			t.Errorf("step %d: %d, %v", i, code, metadata)
		}
	}
	record, _ := json.Marshal(s.Objects[gateways+"/gw"]["metadata"].(map[string]any)["managedFields"])
	const want = `[{"apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{},"f:spec":{"f:listeners":{"k:{\"name\":\"a\"}":{".":{},"f:name":{},"f:port":{}}}}},"manager":"us","operation":"Apply"}]`
	if string(record) != want {
		t.Errorf("record\n got %s\nwant %s", record, want)
	}
	s.Objects[gateways+"/gw"]["status"] = "judged"
	if _, object := ask(t, s, http.MethodPatch, gateways+"/gw", `{"apiVersion": "v1", "metadata": {"name": "gw"}, "spec": {}}`); object["status"] != "judged" {
		t.Errorf("the status is gone: %v", object)
	}
}

// TestReading lists by selectors, and does not find what is not there.
func TestReading(t *testing.T) {
	t.Parallel()
	s := New()
	s.Watched = func() { s.Objects[gateways+"/a"]["status"] = "judged" }
	s.Put(gateways, map[string]any{"metadata": map[string]any{"name": "a", "labels": map[string]any{"of": "us"}}})
	s.Put(gateways, map[string]any{"metadata": map[string]any{"name": "b"}})
	for query, want := range map[string]int{"": 2, "?labelSelector=of%3Dus": 1, "?labelSelector=of%3Dthem": 0, "?fieldSelector=metadata.name%3Db": 1} {
		if _, list := ask(t, s, http.MethodGet, gateways+query, ""); len(list["items"].([]any)) != want {
			t.Errorf("%q lists %v", query, list)
		}
	}
	if _, event := ask(t, s, http.MethodGet, gateways+"?watch=true&fieldSelector=metadata.name%3Da", ""); event["object"].(map[string]any)["status"] != "judged" {
		t.Errorf("watching tells %v", event)
	}
	for _, path := range []string{gateways + "/c", "/api/v1/namespaces/shop/pods"} {
		if code, status := ask(t, s, http.MethodGet, path, ""); code != http.StatusNotFound || status["reason"] != "NotFound" {
			t.Errorf("%s: %d, %v", path, code, status)
		}
	}
	s.Answers["GET "+gateways] = Refuse(http.StatusForbidden, "Forbidden", "no")
	if code, status := ask(t, s, http.MethodGet, gateways, ""); code != http.StatusForbidden || status["message"] != "no" {
		t.Errorf("refused: %d, %v", code, status)
	}
	ask(t, s, http.MethodDelete, gateways+"/a", "")
	if left := s.Below(gateways); len(left) != 1 {
		t.Errorf("left are %v", left)
	}
}
