package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTLSSecrets(t *testing.T) {
	t.Parallel()
	snapshot := Snapshot{live: map[key]*unstructured.Unstructured{}}
	for name, data := range map[string]any{
		"b":        map[string]any{"tls.crt": "Q0VSVA==", "tls.key": "S0VZ"},
		"a":        map[string]any{"tls.crt": "no base64!", "tls.key": "S0VZ"},
		"empty":    nil,
		"odd":      "text",
		"odd-data": map[string]any{"tls.crt": 5},
	} {
		snapshot.live[key{"Secret", name}] = &unstructured.Unstructured{Object: map[string]any{"data": data}}
	}
	want := []TLSSecret{
		{Name: "a", Key: []byte("KEY")},
		{Name: "b", Certificate: []byte("CERT"), Key: []byte("KEY")},
		{Name: "empty", Certificate: []byte{}, Key: []byte{}},
		{Name: "odd", Certificate: []byte{}, Key: []byte{}},
		{Name: "odd-data", Certificate: []byte{}, Key: []byte{}},
	}
	if diff := cmp.Diff(want, snapshot.TLSSecrets()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
