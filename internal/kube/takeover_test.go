package kube

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// created returns an object as this charm's predecessor left it: made by POST, so
// that its fields are under a record of an update, and perhaps applied later.
func created(t *testing.T, object Object, operations ...string) map[string]any {
	t.Helper()
	live := applied(t, object)
	record := records(live)[0].(map[string]any)
	var entries []any
	for _, operation := range operations {
		entry := map[string]any{}
		for name, value := range record {
			entry[name] = value
		}
		entry["operation"] = operation
		entries = append(entries, entry)
	}
	live.Object["metadata"].(map[string]any)["managedFields"] = entries
	return live.Object
}

func TestTakeOver(t *testing.T) {
	t.Parallel()
	for name, operations := range map[string][]string{
		"created":                {"Update"},
		"created, then applied":  {"Update", "Apply"},
		"created, then replaced": {"Apply", "Update"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.has(t, gatewaysPath, created(t, gateway("gw", "old"), operations...))
			changes, err := takeOverGateway(t, s)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "changes", changes, "Gateway/gw configured")
			if len(s.requests) != 2 {
				t.Fatalf("got requests %v, want two", s.requests)
			}
			first, second := s.requests[0], s.requests[1]
			if first.contentType != "application/json-patch+json" || second.contentType != applyContentType {
				t.Errorf("got %s, then %s", first.contentType, second.contentType)
			}
			var patch []struct {
				Op, Path string
				Value    any
			}
			if err := json.Unmarshal(first.body, &patch); err != nil {
				t.Fatal(err)
			}
			if len(patch) != 2 || patch[0].Path != "/metadata/managedFields" || patch[1].Path != "/metadata/resourceVersion" || patch[1].Value != "1" {
				t.Fatalf("got patch %v", patch)
			}
			// All of it now is what we applied, the old listener too, so that
			// applying without it removes it.
			want := records(applied(t, gateway("gw", "old")))
			if diff := cmp.Diff(want, patch[0].Value); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// takeOverGateway applies a Gateway with another listener than it has, and
// leaves the requests of that.
func takeOverGateway(t *testing.T, s *server) (changes []string, err error) {
	t.Helper()
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.written()
	done, _, err := client.Apply(t.Context(), snapshot, []Object{gateway("gw", "new")})
	for _, change := range done {
		changes = append(changes, change.String())
	}
	return changes, err
}

// TestTakeOverChanged shows that an object is taken over even if a controller writes to it at the
// same time: fields that are not desired do not stay.
func TestTakeOverChanged(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.has(t, gatewaysPath, created(t, gateway("gw", "old"), "Update"))
	tries := 0
	s.answer("PATCH "+gatewaysPath+"/gw", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Content-Type") == applyContentType:
			reply(w, http.StatusOK, applied(t, gateway("gw", "new")).Object)
		case tries == 0:
			tries++
			refuse(http.StatusConflict, metav1.StatusReasonConflict, "changed")(w, r)
		default:
			reply(w, http.StatusOK, applied(t, gateway("gw", "old")).Object)
		}
	})
	changes, err := takeOverGateway(t, s)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "changes", changes, "Gateway/gw configured")
	var got []string
	for _, request := range s.requests {
		got = append(got, request.method+" "+request.contentType)
	}
	check(t, "requests", got, "PATCH application/json-patch+json", "GET ", "PATCH application/json-patch+json", "PATCH "+applyContentType)
}

func TestTakeOverRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer http.HandlerFunc
		fails  bool
	}{
		"changed meanwhile": {refuse(http.StatusConflict, metav1.StatusReasonConflict, "changed"), false},
		"gone meanwhile":    {refuse(http.StatusNotFound, metav1.StatusReasonNotFound, "gone"), false},
		"forbidden":         {forbidden(), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.has(t, gatewaysPath, created(t, gateway("gw", "old"), "Update"))
			s.answer("PATCH "+gatewaysPath+"/gw", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Content-Type") != applyContentType {
					test.answer(w, r)
					return
				}
				reply(w, http.StatusOK, applied(t, gateway("gw", "new")).Object)
			})
			changes, err := takeOverGateway(t, s)
			if (err != nil) != test.fails {
				t.Errorf("got error %v", err)
			}
			if applied := len(changes) == 1; applied == test.fails {
				t.Errorf("got changes %v", changes)
			}
		})
	}
}

// TestTakeOverLeavesWhatWasRead: the snapshot goes on saying who wrote what.
func TestTakeOverLeavesWhatWasRead(t *testing.T) {
	t.Parallel()
	live := applied(t, gateway("gw", "a"))
	records(live)[0].(map[string]any)["manager"] = "other"
	before := live.DeepCopy()
	changed := asUpdated(live, []string{"other", "gw"})
	if changed.GetManagedFields()[0].Operation != metav1.ManagedFieldsOperationUpdate || !cmp.Equal(before.Object, live.Object) {
		t.Errorf("read %v, taken over as %v", records(live), changed.GetManagedFields())
	}
}
