package cluster

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// DataPlane is what serves Gateways: a controller, and proxies if it has any.
type DataPlane string

// The data planes. Only the classes that they serve are ever accepted.
const (
	Traefik   DataPlane = "traefik"
	Traefik37 DataPlane = "traefik-3.7"
	Envoy     DataPlane = "envoy"
	Cilium    DataPlane = "cilium" // as Canonical Kubernetes 1.36 has it
	Cilium120 DataPlane = "cilium-1.20"
)

// Traits are what an operator or a client sees of one data plane and not of each: what a
// test that is told on all of them has to know.
type Traits struct {
	Class      string // the GatewayClass that it serves
	Controller string // its controllerName
	Bundle     string // the Gateway API release that it is made for

	OwnAddresses bool // each Gateway has an address of its own; else all have one, and are served as one
	// HoldsBack is for how long the first change after a rest is served alone: what follows
	// waits for that. See Options.BriskTraefik.
	HoldsBack time.Duration
	// Unaware bounds the time in which it may not know what its controller has judged already.
	Unaware time.Duration
	// LateParts: a route may serve before what it leads to is there, which is answered with
	// 503 for a moment.
	LateParts bool
	// RefusesGateway: one listener that is not good has the whole Gateway refused.
	RefusesGateway bool
	// SharesCertificates: a Gateway's certificate is shown to the clients of another Gateway's
	// host.
	SharesCertificates bool
	// BelievesPrefix: what a client says in X-Forwarded-Prefix reaches the application.
	BelievesPrefix bool
	// KeepsPaths: ".." in a path reaches the application that the path begins with.
	KeepsPaths bool
	// OverlooksServices: it does not see that a Service comes or goes, until something else
	// changes.
	OverlooksServices bool
	// OwnObjects is how names begin of what the controller makes in a Gateway's namespace.
	OwnObjects string
	// RefusesLongSecrets: a Secret with a name of more than 63 characters is not served.
	RefusesLongSecrets bool
	// SpeaksH2C: it speaks HTTP/2 in clear to an application whose Service says so.
	SpeaksH2C bool
	// Pools: addresses come from pools that an operator of the cluster makes, as objects.
	Pools bool
	// RefusesUnread: a Secret in which there is a certificate that Go does not read is refused.
	RefusesUnread bool

	// TLS to applications: how many names of one Service are verified, 0 for none where it
	// cannot be done; the answer where a certificate is not accepted; whether a connection
	// is verified once, and kept whatever comes; how late names may be taken up when nothing
	// else changes; whether units are chosen by lot.
	VerifiedNames int
	Unverified    int
	VerifiesOnce  bool
	LateNames     time.Duration
	DrawsLots     bool
}

// allTraits is what was seen of the data planes.
var allTraits = map[DataPlane]Traits{
	Traefik: {
		Class: TraefikClass, Controller: traefikController, Bundle: DefaultBundle,
		HoldsBack: 2 * time.Second, Unaware: 4 * time.Second, RefusesGateway: true, SharesCertificates: true, SpeaksH2C: true,
		VerifiedNames: 1, Unverified: http.StatusInternalServerError,
	},
	Traefik37: {
		Class: TraefikClass, Controller: traefikController, Bundle: DefaultBundle,
		HoldsBack: 2 * time.Second, Unaware: 4 * time.Second, SpeaksH2C: true,
		VerifiedNames: 1, Unverified: http.StatusInternalServerError,
	},
	Envoy: {
		Class: EnvoyClass, Controller: envoyController, Bundle: DefaultBundle,
		OwnAddresses: true, Unaware: time.Second, LateParts: true, BelievesPrefix: true, RefusesUnread: true, SpeaksH2C: true,
		VerifiedNames: 5, Unverified: http.StatusServiceUnavailable, VerifiesOnce: true, LateNames: 15 * time.Second, DrawsLots: true,
	},
	Cilium: {
		Class: CiliumClass, Controller: ciliumController, Bundle: ciliumReleases[Cilium].bundle,
		OwnAddresses: true, Unaware: time.Second, BelievesPrefix: true, KeepsPaths: true, OverlooksServices: true,
		OwnObjects: "cilium-gateway-", RefusesLongSecrets: true, Pools: true,
	},
	Cilium120: {
		Class: CiliumClass, Controller: ciliumController, Bundle: ciliumReleases[Cilium120].bundle,
		OwnAddresses: true, Unaware: time.Second, BelievesPrefix: true, KeepsPaths: true,
		OwnObjects: "cilium-gateway-", RefusesLongSecrets: true, Pools: true,
		VerifiedNames: 1, Unverified: http.StatusServiceUnavailable, VerifiesOnce: true, DrawsLots: true,
	},
}

// isCilium tells the releases of Cilium from others.
func (p DataPlane) isCilium() bool { return allTraits[p].Controller == ciliumController }

// isTraefik tells the releases of Traefik from others.
func (p DataPlane) isTraefik() bool { return allTraits[p].Controller == traefikController }

// Traits are those of the data plane; of one that there is not they are empty.
func (p DataPlane) Traits() Traits { return allTraits[p] }

// DataPlanes names all data planes, for the help of a flag.
func DataPlanes() string {
	names := []string{}
	for _, plane := range slices.Sorted(maps.Keys(allTraits)) {
		names = append(names, string(plane))
	}
	return strings.Join(names, ", ")
}
