package kube

import (
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// set and drop change an object's content, by the path of a field.
func set(t *testing.T, object *unstructured.Unstructured, value any, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(object.Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

// records returns the entries of metadata.managedFields.
func records(object *unstructured.Unstructured) []any {
	return object.Object["metadata"].(map[string]any)["managedFields"].([]any)
}

func TestSame(t *testing.T) {
	t.Parallel()
	for _, object := range append(all(), gateway("none"), service("several", 80, 443), httpRoute("hosts", "a.example.com")) {
		desired, err := toUnstructured(object)
		if err != nil {
			t.Fatal(err)
		}
		if !same(desired, applied(t, object), "gw") {
			t.Errorf("%s %s: not the same as what was applied", desired.GetKind(), desired.GetName())
		}
	}
}

// TestSameIgnores has changes that others may make to an object that is as desired.
func TestSameIgnores(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		object Object
		change func(t *testing.T, live *unstructured.Unstructured)
	}{
		"a status": {gateway("gw", "a"), func(t *testing.T, live *unstructured.Unstructured) {
			set(t, live, "1.2.3.4", "status", "address")
			live.Object["metadata"].(map[string]any)["managedFields"] = append(records(live), map[string]any{
				"manager": "gw", "operation": "Update", "subresource": "status", "fieldsV1": map[string]any{"f:status": map[string]any{}},
			})
		}},
		"another manager's annotation": {gateway("gw", "a"), func(t *testing.T, live *unstructured.Unstructured) {
			set(t, live, "yes", "metadata", "annotations", "example.com/seen")
			live.Object["metadata"].(map[string]any)["managedFields"] = append(records(live), map[string]any{
				"manager": "other", "operation": "Update",
				"fieldsV1": map[string]any{"f:metadata": map[string]any{"f:annotations": map[string]any{"f:example.com/seen": map[string]any{}}}},
			})
		}},
		"another manager's listener": {gateway("gw", "a"), func(t *testing.T, live *unstructured.Unstructured) {
			listeners := live.Object["spec"].(map[string]any)["listeners"].([]any)
			live.Object["spec"].(map[string]any)["listeners"] = append([]any{map[string]any{"name": "theirs"}}, listeners...)
		}},
		"a default": {service("v", 80), func(t *testing.T, live *unstructured.Unstructured) {
			set(t, live, "10.0.0.1", "spec", "clusterIP")
		}},
		"a default in an element": {gateway("gw", "a"), func(_ *testing.T, live *unstructured.Unstructured) {
			listener := live.Object["spec"].(map[string]any)["listeners"].([]any)[0].(map[string]any)
			listener["allowedRoutes"] = map[string]any{"namespaces": map[string]any{"from": "Same"}}
		}},
		"a list that is on record itself": {gateway("gw", "a"), func(_ *testing.T, live *unstructured.Unstructured) {
			fields := records(live)[0].(map[string]any)["fieldsV1"].(map[string]any)
			fields["f:spec"].(map[string]any)["f:listeners"].(map[string]any)["."] = map[string]any{}
		}},
		"the order of listeners": {gateway("gw", "a", "b"), func(_ *testing.T, live *unstructured.Unstructured) {
			listeners := live.Object["spec"].(map[string]any)["listeners"].([]any)
			listeners[0], listeners[1] = listeners[1], listeners[0]
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			desired, err := toUnstructured(test.object)
			if err != nil {
				t.Fatal(err)
			}
			live := applied(t, test.object)
			test.change(t, live)
			if !same(desired, live, "gw") {
				t.Error("not the same, so each event would write it")
			}
		})
	}
}

// What names an object is in no record (as a real API server, 1.36, keeps it).
func TestSameAsOnRecord(t *testing.T) {
	t.Parallel()
	const live = `{
		"apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": "CA"},
		"metadata": {
			"name": "ca", "namespace": "shop", "uid": "1", "resourceVersion": "7", "labels": {"example.com/managed-by": "gw"},
			"ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "gw", "uid": "uid-gw"}],
			"managedFields": [{
				"manager": "gw", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "time": "2026-01-01T00:00:00Z",
				"fieldsV1": {
					"f:data": {"f:ca.crt": {}},
					"f:metadata": {"f:labels": {"f:example.com/managed-by": {}}, "f:ownerReferences": {"k:{\"uid\":\"uid-gw\"}": {}}}
				}
			}]
		}
	}`
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON([]byte(live)); err != nil {
		t.Fatal(err)
	}
	for authorities, want := range map[string]bool{"CA": true, "another CA": false} {
		desired, err := toUnstructured(configMap("ca", authorities))
		if err != nil {
			t.Fatal(err)
		}
		if got := same(desired, &object, "gw"); got != want {
			t.Errorf("%s: the same %t", authorities, got)
		}
	}
}

// TestSameDiffers has what must be written again.
func TestSameDiffers(t *testing.T) {
	t.Parallel()
	nothing := func(*testing.T, *unstructured.Unstructured) {}
	onRecord := func(change func(entry map[string]any)) func(*testing.T, *unstructured.Unstructured) {
		return func(_ *testing.T, live *unstructured.Unstructured) { change(records(live)[0].(map[string]any)) }
	}
	withHost := gateway("gw", "a")
	withHost.Spec.Listeners[0].Hostname = nil
	otherOwner := gateway("gw", "a")
	otherOwner.OwnerReferences[0].UID = "uid-of-a-new-one"
	noLabel := gateway("gw", "a")
	noLabel.Labels = nil
	otherKey := secret("s")
	otherKey.Data["tls.key"] = []byte("another")
	rules := httpRoute("r")
	rules.Spec.Rules[0].Name = ptr.To(gatewayv1.SectionName("first"))
	tests := map[string]struct {
		desired, applied Object
		change           func(*testing.T, *unstructured.Unstructured)
	}{
		"an element that is on record by its value": {gateway("gw", "a"), gateway("gw", "a"), onRecord(func(entry map[string]any) {
			fields := entry["fieldsV1"].(map[string]any)
			fields["f:spec"].(map[string]any)["f:listeners"].(map[string]any)[`v:"x"`] = map[string]any{}
		})},
		"a value that drifted": {gateway("gw", "a"), gateway("gw", "a"), func(t *testing.T, live *unstructured.Unstructured) {
			set(t, live, "other", "spec", "gatewayClassName")
		}},
		"a value that is gone": {gateway("gw", "a"), gateway("gw", "a"), func(_ *testing.T, live *unstructured.Unstructured) {
			unstructured.RemoveNestedField(live.Object, "spec", "gatewayClassName")
		}},
		"a value that drifted in an element": {gateway("gw", "a"), gateway("gw", "a"), func(_ *testing.T, live *unstructured.Unstructured) {
			live.Object["spec"].(map[string]any)["listeners"].([]any)[0].(map[string]any)["hostname"] = "b"
		}},
		"a value of another type": {service("v", 80), service("v", 80), func(_ *testing.T, live *unstructured.Unstructured) {
			live.Object["spec"].(map[string]any)["ports"].([]any)[0].(map[string]any)["targetPort"] = "80"
		}},
		"another value":                {service("v", 80), service("w", 80), nothing},
		"a field more":                 {gateway("gw", "a"), noLabel, nothing},
		"a field less":                 {noLabel, gateway("gw", "a"), nothing},
		"a field less in an element":   {withHost, gateway("gw", "a"), nothing},
		"a field more in an element":   {gateway("gw", "a"), withHost, nothing},
		"an element more":              {gateway("gw", "a", "b"), gateway("gw", "a"), nothing},
		"an element less":              {gateway("gw", "a"), gateway("gw", "a", "b"), nothing},
		"no element any more":          {gateway("gw"), gateway("gw", "a"), nothing},
		"another port":                 {service("v", 443), service("v", 80), nothing},
		"a port less":                  {service("v", 80), service("v", 80, 443), nothing},
		"another owner":                {otherOwner, gateway("gw", "a"), nothing},
		"another key in a Secret":      {otherKey, secret("s"), nothing},
		"an element of an atomic list": {httpRoute("r", "a", "b"), httpRoute("r", "a"), nothing},
		"the order of an atomic list":  {httpRoute("r", "a", "b"), httpRoute("r", "b", "a"), nothing},
		"a field of an atomic list":    {rules, httpRoute("r"), nothing},
		"an element that others removed": {gateway("gw", "a"), gateway("gw", "a"), func(_ *testing.T, live *unstructured.Unstructured) {
			live.Object["spec"].(map[string]any)["listeners"] = []any{}
		}},
		"an owner that others removed": {gateway("gw", "a"), gateway("gw", "a"), func(_ *testing.T, live *unstructured.Unstructured) {
			unstructured.RemoveNestedField(live.Object, "metadata", "ownerReferences")
		}},
		"no record": {gateway("gw", "a"), gateway("gw", "a"), func(_ *testing.T, live *unstructured.Unstructured) {
			unstructured.RemoveNestedField(live.Object, "metadata", "managedFields")
		}},
		"an empty record": {gateway("gw", "a"), gateway("gw", "a"), onRecord(func(entry map[string]any) { delete(entry, "fieldsV1") })},
		"the record of another manager": {gateway("gw", "a"), gateway("gw", "a"), onRecord(func(entry map[string]any) {
			entry["manager"] = "kubectl"
		})},
		"the record of another version": {gateway("gw", "a"), gateway("gw", "a"), onRecord(func(entry map[string]any) {
			entry["apiVersion"] = "gateway.networking.k8s.io/v1beta1"
		})},
		"the record of an update": {gateway("gw", "a"), gateway("gw", "a"), onRecord(func(entry map[string]any) { entry["operation"] = "Update" })},
		"two records": {gateway("gw", "a"), gateway("gw", "a"), func(_ *testing.T, live *unstructured.Unstructured) {
			live.Object["metadata"].(map[string]any)["managedFields"] = append(records(live), records(live)...)
		}},
		"the record of an update beside that of apply": {gateway("gw", "a"), gateway("gw", "a"), func(_ *testing.T, live *unstructured.Unstructured) {
			update := map[string]any{"manager": "gw", "operation": "Update", "apiVersion": live.GetAPIVersion(), "fieldsV1": map[string]any{}}
			live.Object["metadata"].(map[string]any)["managedFields"] = append(records(live), update)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			desired, err := toUnstructured(test.desired)
			if err != nil {
				t.Fatal(err)
			}
			live := applied(t, test.applied)
			test.change(t, live)
			if same(desired, live, "gw") {
				t.Error("the same, so it would never be written")
			}
		})
	}
}

// TestElement has keys as the API server writes them.
func TestElement(t *testing.T) {
	t.Parallel()
	list := []any{
		"odd",
		map[string]any{"port": int64(1000000), "protocol": "TCP", "name": "million"},
		map[string]any{"port": "80", "protocol": "TCP", "name": "text"},
		map[string]any{"port": int64(80), "protocol": "UDP", "name": "udp"},
		map[string]any{"port": int64(80), "protocol": "TCP", "name": "tcp"},
	}
	tests := map[string]any{
		`{"port":80,"protocol":"TCP"}`:              "tcp",
		`{"port":80,"protocol":"UDP"}`:              "udp",
		`{"port":1000000,"protocol":"TCP"}`:         "million",
		`{"port":"80","protocol":"TCP"}`:            "text",
		`{"port":81,"protocol":"TCP"}`:              nil,
		`{"port":80,"protocol":"TCP","more":null}`:  nil,
		`{"port":[80],"protocol":{"name":"x"}}`:     nil,
		`{}`:                                        nil,
		`null`:                                      nil,
		`[]`:                                        nil,
		`{"port":`:                                  nil,
		`{"port":80,"protocol":"TCP"} and the rest`: nil,
	}
	for keys, want := range tests {
		if got := element(list, keys)["name"]; got != want {
			t.Errorf("element with keys %s: got %v, want %v", keys, got, want)
		}
	}
}

// FuzzSame: whatever a cluster says about an object, the worst result is an unnecessary request.
func FuzzSame(f *testing.F) {
	gateway := `{"apiVersion":"v1","kind":"Gateway","metadata":{"name":"gw","labels":{"a":"b"}},"spec":{"listeners":[{"name":"x","port":80}]}}`
	record := `"manager":"gw","operation":"Apply","apiVersion":"v1"`
	for _, live := range []string{
		`{"metadata":{"managedFields":[{` + record + `,"fieldsV1":{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:listeners":{"k:{\"name\":\"x\"}":{".":{},"f:name":{},"f:port":{}}}}}}],"labels":{"a":"b"}},"spec":{"listeners":[{"name":"x","port":80}]}}`,
		`{"metadata":{"managedFields":[{` + record + `,"fieldsV1":{"f:metadata":{"v:1":{}},"f:spec":{"i:0":{}}}}]}}`,
		`{"metadata":{"managedFields":[{` + record + `,"fieldsV1":{"f:metadata":null,"f:spec":[]}}]},"spec":7}`,
		`{"metadata":{"managedFields":[{` + record + `,"fieldsV1":{"f:metadata":{},"f:spec":{"f:listeners":{"k:null":{},"k:{":{}}}}}]},"spec":{"listeners":[null,[]]}}`,
		`{"metadata":{"managedFields":[null,7,{"manager":["gw"]},{"manager":"gw","subresource":{}}]}}`,
		`{"metadata":{"managedFields":{}}}`,
		`{"metadata":[]}`,
		`{}`,
		`null`,
	} {
		f.Add(gateway, live)
		f.Add(live, gateway)
	}
	f.Fuzz(func(t *testing.T, desired, live string) {
		var a, b unstructured.Unstructured
		if json.Unmarshal([]byte(desired), &a.Object) != nil || json.Unmarshal([]byte(live), &b.Object) != nil {
			return
		}
		before, err := json.Marshal(a.Object)
		if err != nil {
			t.Fatal(err)
		}
		same(&a, &b, "gw")
		after, err := json.Marshal(a.Object)
		if err != nil {
			t.Fatal(err)
		}
		if string(before) != string(after) {
			t.Errorf("the desired object was changed from %s to %s", before, after)
		}
	})
}
