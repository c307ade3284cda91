package kube

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// indiscreet are the answers of an API server, an admission webhook or a proxy
// that quote the Secret in question.
func indiscreet() map[string]http.HandlerFunc {
	quoted := base64.StdEncoding.EncodeToString([]byte(testKey)) + " " + testKey
	told := func(code int, reason metav1.StatusReason) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			answer := status(code, reason, "invalid value: "+quoted)
			answer.Details = &metav1.StatusDetails{Name: quoted, Causes: []metav1.StatusCause{{Message: quoted, Field: quoted}}}
			reply(w, code, answer)
		}
	}
	return map[string]http.HandlerFunc{
		"invalid":               told(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid),
		"refused by a webhook":  told(http.StatusForbidden, metav1.StatusReasonForbidden),
		"with a reason of sort": told(http.StatusBadRequest, metav1.StatusReason(quoted)),
		"broken":                told(http.StatusInternalServerError, metav1.StatusReasonInternalError),
		"broken proxy":          func(w http.ResponseWriter, _ *http.Request) { http.Error(w, quoted, http.StatusBadGateway) },
		"forbidden by a proxy":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, quoted, http.StatusForbidden) },
		"no object": func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, map[string]any{"data": quoted})
		},
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, quoted) },
		"half an object": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"kind":"Secret","data":{"tls.key":%q`, quoted)
		},
		"a warning": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Warning", fmt.Sprintf("299 - %q", "the key c2VjcmV0"))
			told(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid)(w, r)
		},
	}
}

// TestErrorsHideSecrets: the text of an error ends in a log.
func TestErrorsHideSecrets(t *testing.T) {
	t.Parallel()
	for name, answer := range indiscreet() {
		t.Run("list, "+name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.answer("GET "+secretsPath, answer)
			_, err := s.client(t).Read(t.Context())
			checkDiscreet(t, err, "cannot list secrets: ")
		})
		t.Run("apply, "+name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.answer("PATCH "+secretsPath+"/s", answer)
			_, _, _, err := run(t, s, secret("s"))
			checkDiscreet(t, err, "cannot apply secrets")
		})
		t.Run("take over, "+name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.has(t, secretsPath, created(t, secret("s"), "Update"))
			s.answer("PATCH "+secretsPath+"/s", answer)
			_, _, _, err := run(t, s, secret("s"))
			checkDiscreet(t, err, "cannot apply secrets")
		})
	}
	for _, name := range []string{"invalid", "refused by a webhook", "broken", "broken proxy"} {
		answer := indiscreet()[name]
		t.Run("delete, "+name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.hasApplied(t, secretsPath, secret("s"))
			s.answer("DELETE "+secretsPath+"/s", answer)
			_, _, _, err := run(t, s)
			checkDiscreet(t, err, "cannot delete secrets")
		})
	}
}

// checkDiscreet looks for the key in everything that an error contains.
func checkDiscreet(t *testing.T, err error, begin string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), begin) {
		t.Fatalf("got error %v, want one that begins %q", err, begin)
	}
	said := []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)}
	var answer apierrors.APIStatus
	if errors.As(err, &answer) {
		said = append(said, fmt.Sprintf("%+v %+v", answer.Status(), answer.Status().Details))
	}
	for _, text := range said {
		// Pieces of the key, plain and in base64.
		for _, piece := range []string{"PRIVATE KEY", "c2VjcmV0", base64.StdEncoding.EncodeToString([]byte(testKey))[:12]} {
			if strings.Contains(text, piece) {
				t.Errorf("%q is in the error %s", piece, text)
			}
		}
	}
}

// TestErrorsTell: for other kinds the error has the API server's message, which helps, and for
// Secrets the HTTP status.
func TestErrorsTell(t *testing.T) {
	t.Parallel()
	invalid := refuse(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "spec.rules: too many")
	s := newServer(t)
	s.answer("PATCH "+routesPath+"/r", invalid)
	s.answer("PATCH "+secretsPath+"/s", invalid)
	s.hasApplied(t, secretsPath, secret("s"))
	renewed := secret("s")
	renewed.Data["tls.crt"] = []byte("renewed")
	_, _, _, err := run(t, s, renewed, httpRoute("r"))
	want := "cannot apply secrets/s: the API server answered 422 Unprocessable Entity\n" +
		"cannot apply httproutes/r: spec.rules: too many"
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if !apierrors.IsInvalid(err) {
		t.Errorf("%v is not known as invalid any more", err)
	}
}
