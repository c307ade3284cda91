package kube

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestRefusals shows what is told of an object that is refused, and what counts as
// something else.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const path, named = routesPath + "/r", `httproutes.gateway.networking.k8s.io "r" is forbidden: `
	refused := func(permission bool, reason string) []*RefusedError {
		return []*RefusedError{{Kind: "HTTPRoute", Name: "r", Action: "apply httproutes", Permission: permission, Reason: reason}}
	}
	const right = `User "system:serviceaccount:shop:gw" cannot patch resource "httproutes" in API group "gateway.networking.k8s.io" in the namespace "shop"`
	const webhook = `admission webhook "w.example.com" denied the request: no` + "\n" + "and more"
	tests := map[string]struct {
		answer http.HandlerFunc
		want   []*RefusedError
	}{
		"permission": {refuse(http.StatusForbidden, metav1.StatusReasonForbidden, named+right), refused(true, right)},
		"quota": {
			refuse(http.StatusForbidden, metav1.StatusReasonForbidden, named+"exceeded quota: q"), refused(false, "exceeded quota: q"),
		},
		"webhook":             {refuse(http.StatusForbidden, metav1.StatusReasonForbidden, webhook), refused(false, `admission webhook "w.example.com" denied the request: no`)},
		"webhook with a code": {refuse(http.StatusBadRequest, metav1.StatusReasonBadRequest, webhook), refused(false, `admission webhook "w.example.com" denied the request: no`)},
		"validation": {
			refuse(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, `HTTPRoute.gateway.networking.k8s.io "r" is invalid: spec: no`), refused(false, "spec: no"),
		},
		"outage":   {refuse(http.StatusInternalServerError, metav1.StatusReasonInternalError, "broken"), nil},
		"conflict": {refuse(http.StatusConflict, metav1.StatusReasonConflict, "again"), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.answer("PATCH "+path, test.answer)
			_, _, _, err := run(t, s, httpRoute("r"), httpRoute("other"))
			got, others := Refusals(err)
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(RefusedError{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (others == nil) != (test.want != nil) {
				t.Errorf("others: %v", others)
			}
		})
	}
}

// TestRefusalsBesideAnOutage: one does not hide the other.
func TestRefusalsBesideAnOutage(t *testing.T) {
	t.Parallel()
	broken := refuse(http.StatusInternalServerError, metav1.StatusReasonInternalError, "broken")
	s := newServer(t)
	s.answer("PATCH "+secretsPath+"/s", forbidden())
	s.answer("PATCH "+secretsPath+"/s2", broken)
	_, _, _, err := run(t, s, secret("s"), secret("s2"))
	if refused, others := Refusals(err); len(refused) != 1 || others == nil {
		t.Errorf("got %v and %v", refused, others)
	}
	s = newServer(t)
	s.answer("GET "+secretsPath, forbidden())
	_, err = s.client(t).Read(t.Context())
	if !OnlyRefused(err) {
		t.Errorf("a refusal alone: %v", err)
	}
	s = newServer(t)
	s.answer("GET "+secretsPath, forbidden())
	s.answer("GET "+servicesPath, broken)
	_, err = s.client(t).Read(t.Context())
	if target := (*ForbiddenError)(nil); !errors.As(err, &target) || OnlyRefused(err) {
		t.Errorf("a refusal beside an outage: %v", err)
	}
}

// TestRefusedAuthorities: objects that only wait for them are not reported as refused.
func TestRefusedAuthorities(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.answer("PATCH "+configMapsPath+"/ca", forbidden())
	_, _, _, err := run(t, s, both()...)
	if refused, others := Refusals(err); len(refused) != 1 || refused[0].Kind != "ConfigMap" || others != nil {
		t.Errorf("got %v and %v", refused, others)
	}
}

// TestRefusedGateway: routes stay at listeners that stay, others are written.
func TestRefusedGateway(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, gateway("gw", "a.example.com"))
	s.hasApplied(t, routesPath, attached("moves", "gw-a.example.com"))
	s.hasApplied(t, routesPath, attached("grows", "gw-a.example.com"))
	s.answer("PATCH "+gatewaysPath+"/gw", forbidden())
	changes, _, _, err := run(t, s, gateway("gw", "b.example.com"),
		attached("moves", "gw-b.example.com"), attached("grows", "gw-a.example.com", "gw-b.example.com"), attached("new", "gw-a.example.com"))
	if refused, others := Refusals(err); len(refused) != 1 || !refused[0].Stands || others != nil {
		t.Errorf("got %v and %v", refused, others)
	}
	check(t, "changes", changes, "HTTPRoute/grows configured", "HTTPRoute/new created")
}
