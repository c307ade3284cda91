package plan_test

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// BenchmarkMake plans for many applications while their host is being changed: for each of them,
// the planner has to find where it is served until the next host has a certificate.
func BenchmarkMake(b *testing.B) {
	for _, count := range []int{1000, 2000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			s := hostChanges(count)
			for b.Loop() {
				plan.Make(s)
			}
		})
	}
}

// hostChanges is a state in which applications are served at one host, and are to be served at
// another, which has no certificate.
func hostChanges(count int) state.State {
	s := state.State{Application: "gateway", Model: "prod", Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s.Config = state.Config{ExternalHostname: "old.example.com", RoutingMode: state.RoutingPath}
	s.Certificates = state.Certificates{Related: true, RelationID: "certificates:2", Key: "KEY", Entries: []state.Certificate{
		{Request: "CSR-1", Hosts: []string{"old.example.com"}, State: state.CertificateIssued, Chain: "CERT-1"},
		{Request: "CSR-2", Hosts: []string{"new.example.com"}, State: state.CertificatePending},
	}}
	class := gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "cilium", Generation: 1}}
	class.Status.Conditions = []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionTrue, ObservedGeneration: 1}}
	s.Cluster.Classes = []gatewayv1.GatewayClass{class}
	for i := range count {
		name := fmt.Sprintf("web%d", i)
		s.Requirers = append(s.Requirers, state.Requirer{
			RelationID: i, Application: name, Name: name, Model: "prod", Port: 80, Scheme: "http", HasUnits: true,
		})
	}
	for _, object := range plan.Make(s).Objects {
		switch object := object.(type) {
		case *gatewayv1.Gateway:
			s.Cluster.Gateway = object
		case *gatewayv1.HTTPRoute:
			s.Cluster.Routes = append(s.Cluster.Routes, *object)
		}
	}
	s.Config.ExternalHostname = "new.example.com"
	return s
}
