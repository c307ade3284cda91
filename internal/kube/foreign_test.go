package kube

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// by returns an object that others have made: with a label of ours or without, and the
// managers that the API server has on record, the oldest first.
func by(t *testing.T, object Object, label string, managers ...string) map[string]any {
	t.Helper()
	live := applied(t, object).Object
	metadata := live["metadata"].(map[string]any)
	delete(metadata, "labels")
	delete(metadata, "ownerReferences")
	if label != "" {
		metadata["labels"] = map[string]any{testLabel: label}
	}
	record := metadata["managedFields"].([]any)[0].(map[string]any)
	var entries []any
	for i, manager := range managers {
		entries = append(entries, map[string]any{
			"manager": manager, "operation": "Update", "apiVersion": record["apiVersion"], "fieldsType": "FieldsV1",
			"fieldsV1": record["fieldsV1"], "time": fmt.Sprintf("2026-01-01T00:00:%02dZ", i),
		})
	}
	slices.Reverse(entries) // As the API server may have them.
	metadata["managedFields"] = entries
	return live
}

// find reads, looks for foreign objects with these names, and applies. It returns what was found,
// the requests of the search, and what was written.
func find(t *testing.T, s *server, desired ...Object) (found []Foreign, asked, written []string, err error) {
	t.Helper()
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.written()
	found, _, err = client.FindForeign(t.Context(), snapshot, desired)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range s.requests {
		line := request.String()
		if selector := request.query.Get("fieldSelector"); selector != "" {
			line += " " + selector
		}
		asked = append(asked, line)
	}
	slices.Sort(asked)
	s.written()
	again, _, err := client.FindForeign(t.Context(), snapshot, desired)
	if err != nil || len(again) > 0 || len(s.requests) > 0 {
		t.Errorf("found again: %v, %v, with %d requests", again, err, len(s.requests))
	}
	_, _, err = client.Apply(t.Context(), snapshot, desired)
	return found, asked, s.written(), err
}

// TestFindForeign has objects of all sorts with a name of ours.
func TestFindForeign(t *testing.T) {
	t.Parallel()
	ownedBy := func(object map[string]any, kind, name string) map[string]any {
		object["metadata"].(map[string]any)["ownerReferences"] = []any{map[string]any{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u"}}
		return object
	}
	tests := map[string]struct {
		there map[string]any
		want  *Foreign // nil: it is ours
	}{
		"made by hand":                        {by(t, service("v", 80), "", "kubectl-create", "gardener"), &Foreign{Maker: "kubectl-create"}},
		"another instance's":                  {by(t, service("v", 80), "gw-internal", "gw-internal"), &Foreign{Instance: "gw-internal", Maker: "gw-internal"}},
		"ours, with a label of nobody's":      {by(t, service("v", 80), "nobody", "gw", "kubectl-edit"), nil},
		"another instance's that we lost":     {by(t, service("v", 80), "gw-internal", "gw", "gw-internal"), &Foreign{Instance: "gw-internal", Maker: "gw"}},
		"a controller's, with our label":      {ownedBy(by(t, service("v", 80), "gw", "controller"), "Gateway", "gw"), &Foreign{Maker: "controller"}},
		"nobody's":                            {by(t, service("v", 80), ""), &Foreign{}},
		"ours":                                {by(t, service("v", 80), "gw", "gw"), nil},
		"ours, given to another":              {ownedBy(by(t, service("v", 80), "gw", "gw"), "Deployment", "x"), nil},
		"ours by label":                       {by(t, service("v", 80), "gw", "kubectl-create"), nil},
		"ours, without its label":             {by(t, service("v", 80), "", "gw"), nil},
		"ours, without its label, and edited": {by(t, service("v", 80), "", "gw", "kubectl-edit"), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.has(t, servicesPath, test.there)
			found, _, written, err := find(t, s, service("v", 8080))
			if test.want == nil {
				if len(found) > 0 || err != nil || len(written) == 0 {
					t.Errorf("found %v, wrote %v, got error %v", found, written, err)
				}
				return
			}
			test.want.Kind, test.want.Name = "Service", "v"
			if diff := cmp.Diff([]Foreign{*test.want}, found); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			check(t, "written", written)
			refused, others := Refusals(err)
			if others != nil || len(refused) != 1 || refused[0].Reason != foreignObject {
				t.Errorf("got error %v", err)
			}
			// Nor is it deleted.
			if _, _, written, err = find(t, s); err != nil || len(written) > 0 {
				t.Errorf("wrote %v, got error %v", written, err)
			}
		})
	}
}

// TestFindForeignRequests: few names are looked for one by one, many by one list, and existing
// objects of the snapshot by no request.
func TestFindForeignRequests(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var few, many []Object
	for i := range maxNameQueries {
		few = append(few, service(fmt.Sprint("v", i), 80))
	}
	many = append(append(many, few...), service("v9", 80))
	_, asked, _, err := find(t, s, many...)
	check(t, "many", asked, "GET services")
	if err != nil {
		t.Fatal(err)
	}
	_, asked, _, _ = find(t, s, many...)
	check(t, "none", asked)
	s = newServer(t)
	_, asked, _, _ = find(t, s, append(few, gateway("gw", "a"))...)
	check(t, "few", asked, "GET gateways metadata.name=gw", "GET services metadata.name=v0",
		"GET services metadata.name=v1", "GET services metadata.name=v2", "GET services metadata.name=v3")
}

// TestFindForeignInVain: a missing permission is not an outage, and new objects are not forced.
func TestFindForeignInVain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{"forbidden": forbidden(), "not served": unserved} {
		s := newServer(t)
		client := s.client(t)
		snapshot, err := client.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.answer("GET "+routesPath, answer)
		if found, _, err := client.FindForeign(t.Context(), snapshot, []Object{httpRoute("r")}); err != nil || len(found) > 0 {
			t.Errorf("%s: found %v, got error %v", name, found, err)
		}
	}
	s := newServer(t)
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.answer("GET "+routesPath, refuse(http.StatusInternalServerError, "InternalError", "broken"))
	if _, _, err := client.FindForeign(t.Context(), snapshot, []Object{httpRoute("r")}); err == nil {
		t.Error("got no error")
	}
}

// TestApplyTaken: somebody makes an object while we are about to.
func TestApplyTaken(t *testing.T) {
	t.Parallel()
	conflict := func(w http.ResponseWriter, r *http.Request) {
		answer := status(http.StatusConflict, metav1.StatusReasonConflict, `conflict with "kubectl-create"`)
		answer.Details = &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeFieldManagerConflict}}}
		if r.URL.Query().Get("force") != "false" {
			t.Errorf("%s is forced", r.URL.Path)
		}
		reply(w, http.StatusConflict, answer)
	}
	s := newServer(t)
	s.answer("PATCH "+servicesPath+"/v", conflict)
	_, _, _, err := run(t, s, service("v", 80))
	if refused, others := Refusals(err); others != nil || len(refused) != 1 || refused[0].Reason != foreignObject || refused[0].Stands {
		t.Errorf("got error %v", err)
	}
	s = newServer(t)
	s.answer("PATCH "+secretsPath+"/s", conflict)
	_, _, _, err = run(t, s, secret("s"), gateway("gw", "a"))
	if missing := (*MissingSecretsError)(nil); !asError(err, &missing) || !slices.Equal(missing.Names, []string{"s"}) {
		t.Errorf("got error %v", err)
	}
	if refused, others := Refusals(err); others != nil || len(refused) != 1 || refused[0].Reason != foreignObject {
		t.Errorf("got error %v", err)
	}
}

// TestApplyReplaced: what was read has gone, and another object has its name.
func TestApplyReplaced(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, servicesPath, service("v", 80))
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.has(t, servicesPath, map[string]any{"kind": "Service", "apiVersion": "v1", "metadata": map[string]any{"name": "v", "uid": "another"}})
	s.written()
	if _, _, err := client.Apply(t.Context(), snapshot, []Object{service("v", 8080)}); err != nil {
		t.Fatal(err)
	}
	var forced []string
	for _, request := range s.requests {
		forced = append(forced, request.method+" "+request.query.Get("force"))
	}
	check(t, "forced", forced, "PATCH true", "GET ", "PATCH false")
}

// TestApplyConflict: a conflict about an object that is ours is a temporary error.
func TestApplyConflict(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, servicesPath, service("v", 80))
	s.answer("PATCH "+servicesPath+"/v", refuse(http.StatusConflict, metav1.StatusReasonConflict, "try again"))
	_, written, _, err := run(t, s, service("v", 8080))
	check(t, "written", written, "PATCH services/v")
	if err == nil || err.Error() != "cannot apply services/v: try again" {
		t.Errorf("got error %v", err)
	}
}

// TestTakeOverFromAnotherInstance: earlier releases overwrote each other's objects. What the other
// application has left in an object of ours is removed with the next apply.
func TestTakeOverFromAnotherInstance(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	live := applied(t, service("v", 80))
	theirs := service("v", 8080)
	theirs.OwnerReferences[0].Name, theirs.OwnerReferences[0].UID = "gw-internal", "uid-gw-internal"
	entry := applyRecord(applied(t, theirs).Object)
	entry["manager"] = "gw-internal"
	metadata := live.Object["metadata"].(map[string]any)
	metadata["managedFields"] = append(metadata["managedFields"].([]any), entry)
	metadata["ownerReferences"] = append(metadata["ownerReferences"].([]any), applied(t, theirs).Object["metadata"].(map[string]any)["ownerReferences"].([]any)[0])
	s.has(t, servicesPath, live.Object)
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.written()
	if _, _, err := client.Apply(t.Context(), snapshot, []Object{service("v", 80)}); err != nil {
		t.Fatal(err)
	}
	if len(s.requests) != 2 || s.requests[0].contentType != "application/json-patch+json" {
		t.Fatalf("got requests %v", s.requests)
	}
	var merged corev1.Service
	var patch []struct{ Value json.RawMessage }
	if err := json.Unmarshal(s.requests[0].body, &patch); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(patch[0].Value, &merged.ManagedFields); err != nil {
		t.Fatal(err)
	}
	if len(merged.ManagedFields) != 1 || merged.ManagedFields[0].Manager != "gw" {
		t.Fatalf("got managers %v", merged.ManagedFields)
	}
	for _, field := range []string{`port\":80,`, `port\":8080,`, `uid-gw-internal\"`, `uid-gw\"`} {
		if record := string(merged.ManagedFields[0].FieldsV1.GetRawBytes()); !strings.Contains(record, field) {
			t.Errorf("%s is not in %s", field, record)
		}
	}
	// That is all: then it is as desired.
	s.written()
	if _, written, _, err := run(t, s, service("v", 80)); err != nil || len(written) > 0 {
		t.Errorf("wrote %v, got error %v", written, err)
	}
}

// TestFindOwn: an object from which somebody has removed the label is read as if it had it.
func TestFindOwn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.has(t, gatewaysPath, by(t, gateway("gw", "a"), "", "gw"))
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if snapshot.Gateway != nil {
		t.Fatal("it has no label")
	}
	foreign, own, err := client.FindForeign(t.Context(), snapshot, []Object{gateway("gw", "a")})
	if err != nil || len(foreign) > 0 || !own || snapshot.Gateway == nil {
		t.Errorf("found %v, %v, Gateway %v, got error %v", foreign, own, snapshot.Gateway, err)
	}
}
