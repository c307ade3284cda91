package controller

import gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

// The controllers that the charm has to distinguish.
const (
	Cilium  gatewayv1.GatewayController = "io.cilium/gateway-controller"
	Envoy   gatewayv1.GatewayController = "gateway.envoyproxy.io/gatewayclass-controller"
	Traefik gatewayv1.GatewayController = "traefik.io/gateway-controller"
)

// A Trait is something that a controller does, or does not do, with what the charm writes.
type Trait int

// The traits, in the order of the page.
const (
	// BackendTLS: it speaks TLS to applications, as a BackendTLSPolicy says.
	BackendTLS Trait = iota
	// BackendTLSNames: it accepts any of several names in one policy.
	BackendTLSNames
	// H2C: it speaks HTTP/2 without TLS to a Service port with that appProtocol.
	H2C
	// ListenerIsolation: a request goes only to the routes of the listener that fits its host best.
	ListenerIsolation
	// ResponseHeaders: it changes response headers as a filter says.
	ResponseHeaders
	// UnreadCertificates: it serves a chain with a certificate that Go cannot parse.
	UnreadCertificates
	// NormalPaths: it resolves `..` in the path of a request before it looks for a route.
	NormalPaths
	// PrunesParents: it removes its status for a listener that a route no longer names.
	PrunesParents
	// NoticesServices: its status of a route changes when the Service of the route appears or
	// disappears.
	NoticesServices
	// ReadiesAtZero: it prepares for a Service that a route names with weight 0, and needs that:
	// requests to a Service that is new to a route fail until it is ready.
	ReadiesAtZero
)

// traits has, for each trait, its title on the page, and the feature of the Gateway API
// (pkg/features) by which a class claims it; empty for none.
var traits = []struct{ title, feature string }{
	BackendTLS:         {"speaks TLS to applications", "BackendTLSPolicy"},
	BackendTLSNames:    {"verifies several names for one Service", "BackendTLSPolicySANValidation"},
	H2C:                {"speaks HTTP/2 in clear to applications that ask for it", "HTTPRouteBackendProtocolH2C"},
	ListenerIsolation:  {"keeps the listeners of a Gateway apart", "GatewayHTTPListenerIsolation"},
	ResponseHeaders:    {"changes headers of answers", "HTTPRouteResponseHeaderModification"},
	UnreadCertificates: {"serves a chain with a certificate that Go does not read", ""},
	NormalPaths:        {"resolves `..` in a path before it looks for a route", ""},
	PrunesParents:      {"forgets what it said of a listener that a route names no more", ""},
	NoticesServices:    {"says it of a route when its Service is gone", ""},
	ReadiesAtZero:      {"wants a Service named with weight 0 first, or fails requests while it comes", ""},
}

func (t Trait) feature() string { return traits[t].feature }

// reported returns facts from the conformance report of a controller.
func reported(yes []Trait, no ...Trait) map[Trait]Fact {
	facts := map[Trait]Fact{}
	for _, trait := range yes {
		facts[trait] = Fact{Does: Yes, Source: Reported}
	}
	for _, trait := range no {
		facts[trait] = Fact{Does: No, Source: Reported}
	}
	return facts
}

// Table has what is known, by controller: the three that the tests run come first.
var Table = []Controller{
	{Name: "Cilium", ID: Cilium, Release: "cilium v1.20.0 standard", Facts: map[Trait]Fact{
		BackendTLS:         {Does: Yes, Source: Reported, Claimed: true, Note: "from 1.20 on"},
		BackendTLSNames:    {Does: No, Source: Reported, Note: "1.19 claims it, without BackendTLSPolicy"},
		H2C:                {Does: No, Source: Measured, Note: "unless `enable-gateway-api-app-protocol` is on, which Canonical Kubernetes leaves off; the class claims it"},
		ListenerIsolation:  {Does: Yes, Source: Measured},
		ResponseHeaders:    {Does: Yes, Source: Measured},
		UnreadCertificates: {Does: Yes, Source: Measured},
		NormalPaths:        {Does: No, Source: Measured, Note: "the application sees them; routes of others are not reached"},
		PrunesParents:      {Does: No, Source: Measured, Note: "until 1.19"},
		NoticesServices:    {Does: No, Source: Measured, Note: "1.19 with CRDs that have no TLSRoute of v1alpha2"},
		ReadiesAtZero:      {Does: Yes, Source: Measured},
	}},
	{Name: "Envoy Gateway", ID: Envoy, Release: "envoy-gateway v1.9.0 experimental", Facts: map[Trait]Fact{
		BackendTLS:         {Does: Yes, Source: Measured},
		BackendTLSNames:    {Does: Yes, Source: Measured},
		H2C:                {Does: Yes, Source: Measured},
		ListenerIsolation:  {Does: Yes, Source: Measured, Note: "the class claims nothing"},
		ResponseHeaders:    {Does: Yes, Source: Measured},
		UnreadCertificates: {Does: No, Source: Measured, Note: "it refuses the listener"},
		NormalPaths:        {Does: Yes, Source: Measured},
		PrunesParents:      {Does: Yes, Source: Measured},
		NoticesServices:    {Does: Yes, Source: Measured},
	}},
	{Name: "Traefik", ID: Traefik, Release: "traefik v3.7.10 experimental", Facts: map[Trait]Fact{
		BackendTLS:         {Does: Yes, Source: Measured},
		BackendTLSNames:    {Does: No, Source: Measured},
		H2C:                {Does: Yes, Source: Measured},
		ListenerIsolation:  {Does: No, Source: Measured},
		ResponseHeaders:    {Does: Yes, Source: Measured},
		UnreadCertificates: {Does: Yes, Source: Measured},
		NormalPaths:        {Does: Yes, Source: Measured},
		PrunesParents:      {Does: Yes, Source: Measured},
		NoticesServices:    {Does: Yes, Source: Measured},
		ReadiesAtZero:      {Does: No, Source: Measured},
	}},
	{Name: "Istio", ID: "istio.io/gateway-controller", Release: "istio 1.30.1 experimental", Facts: reported(
		[]Trait{BackendTLS, BackendTLSNames, H2C, ListenerIsolation, ResponseHeaders})},
	{Name: "NGINX Gateway Fabric", ID: "gateway.nginx.org/nginx-gateway-controller", Release: "nginx-gateway-fabric v2.7.0-pre-release experimental", Facts: reported(
		[]Trait{BackendTLS, H2C, ListenerIsolation, ResponseHeaders}, BackendTLSNames)},
	{Name: "kgateway", ID: "kgateway.dev/kgateway", Release: "kgateway v2.4.0-rc.1 experimental", Facts: reported(
		[]Trait{BackendTLS, BackendTLSNames, H2C, ListenerIsolation, ResponseHeaders})},
	{Name: "Contour", ID: "projectcontour.io/gateway-controller", Release: "contour v1.33.0 experimental", Facts: reported(
		[]Trait{H2C, ListenerIsolation, ResponseHeaders}, BackendTLS, BackendTLSNames)},
	{Name: "HAProxy", ID: "haproxy.org/gateway-controller"},
}
