package kube

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestPrune has objects with our label that are not desired.
func TestPrune(t *testing.T) {
	t.Parallel()
	ownedBy := func(kind, name string) []any {
		return []any{map[string]any{"apiVersion": "v1", "kind": kind, "name": name, "uid": "uid-" + name}}
	}
	managedBy := func(manager string) []any {
		return []any{map[string]any{"manager": manager, "operation": "Apply", "apiVersion": "v1"}}
	}
	tests := map[string]struct {
		metadata map[string]any
		deleted  bool
	}{
		"ours":                          {map[string]any{"ownerReferences": ownedBy("StatefulSet", "gw")}, true},
		"ours, once":                    {map[string]any{"ownerReferences": append(ownedBy("Gateway", "gw"), ownedBy("StatefulSet", "gw")...)}, true},
		"the predecessor's":             {map[string]any{}, true},
		"made for the Gateway":          {map[string]any{"ownerReferences": ownedBy("Gateway", "gw")}, false},
		"made for a Service":            {map[string]any{"ownerReferences": ownedBy("Service", "v")}, false},
		"made for another application":  {map[string]any{"ownerReferences": ownedBy("StatefulSet", "other")}, false},
		"ours, given to another":        {map[string]any{"ownerReferences": ownedBy("Deployment", "x"), "managedFields": managedBy("gw")}, true},
		"made for one, and touched":     {map[string]any{"ownerReferences": ownedBy("Gateway", "gw"), "managedFields": managedBy("envoy-gateway")}, false},
		"being deleted by somebody now": {map[string]any{"deletionTimestamp": "2026-01-01T00:00:00Z"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			test.metadata["name"], test.metadata["labels"] = "x", map[string]any{testLabel: "gw"}
			s.has(t, servicesPath, map[string]any{"kind": "Service", "apiVersion": "v1", "metadata": test.metadata})
			changes, written, _, err := run(t, s)
			if err != nil {
				t.Fatal(err)
			}
			if !test.deleted {
				check(t, "changes", changes)
				check(t, "written", written)
				return
			}
			check(t, "changes", changes, "Service/x deleted")
			check(t, "written", written, "DELETE services/x")
		})
	}
}

// TestPruneNoGateway: not ours, not one of another name with our label.
func TestPruneNoGateway(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, gateway("gw", "a"))
	s.hasApplied(t, gatewaysPath, gateway("before-the-rename", "a"))
	_, written, snapshot, err := run(t, s)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "written", written)
	if snapshot.Gateway == nil || snapshot.Gateway.Name != "gw" {
		t.Errorf("got Gateway %v", snapshot.Gateway)
	}
}

func TestPruneAnswers(t *testing.T) {
	t.Parallel()
	const gone, there = 0, 1
	tests := map[string]struct {
		answer http.HandlerFunc
		err    string
		left   int
	}{
		"gone already":  {refuse(http.StatusNotFound, metav1.StatusReasonNotFound, "not here"), "", gone},
		"made anew":     {refuse(http.StatusConflict, metav1.StatusReasonConflict, "another uid"), "", gone},
		"forbidden":     {forbidden(), "cannot delete httproutes/r: no permission", there},
		"out of order":  {refuse(http.StatusInternalServerError, "InternalError", "broken"), "cannot delete httproutes/r: broken", there},
		"kind not here": {unserved, "", gone},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.hasApplied(t, routesPath, httpRoute("r"))
			s.answer("DELETE "+routesPath+"/r", test.answer)
			changes, _, snapshot, err := run(t, s)
			check(t, "changes", changes)
			if got := len(snapshot.live); got != test.left {
				t.Errorf("got %d objects in the snapshot, want %d", got, test.left)
			}
			switch {
			case test.err == "" && err != nil:
				t.Errorf("got error %v", err)
			case test.err != "" && (err == nil || err.Error() != test.err):
				t.Errorf("got error %v, want %s", err, test.err)
			}
			if target := (*RefusedError)(nil); name == "forbidden" && (!errors.As(err, &target) || target.Action != "delete httproutes") {
				t.Errorf("got error %v, want a RefusedError", err)
			}
		})
	}
}

// TestPruneTheVeryObject: a new object with the same name stays.
func TestPruneTheVeryObject(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, routesPath, httpRoute("r"))
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.written()
	if _, _, err := client.Apply(t.Context(), snapshot, nil); err != nil {
		t.Fatal(err)
	}
	var options metav1.DeleteOptions
	if err := json.Unmarshal(s.requests[0].body, &options); err != nil {
		t.Fatal(err)
	}
	if options.Preconditions == nil || options.Preconditions.UID == nil || *options.Preconditions.UID != "uid-r" {
		t.Errorf("got preconditions %v, want the uid", options.Preconditions)
	}
}

// TestPruneRoutesWithoutLabel: somebody who removes or changes the label of a route cannot make it
// serve for ever. Routes of others stay.
func TestPruneRoutesWithoutLabel(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		label    string // empty for none
		managers []string
		deleted  bool
	}{
		"taken off":             {"", []string{"gw", "editor"}, true},
		"changed":               {"nobody", []string{"gw", "editor"}, true},
		"another application's": {"gw-internal", []string{"gw", "gw-internal"}, false},
		"somebody's":            {"", []string{"editor"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.has(t, routesPath, by(t, httpRoute("r"), test.label, test.managers...))
			_, written, _, err := run(t, s)
			if err != nil {
				t.Fatal(err)
			}
			if test.deleted {
				check(t, "written", written, "DELETE httproutes/r")
			} else {
				check(t, "written", written)
			}
		})
	}
}
