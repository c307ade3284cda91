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

// Traits are the differences of one data plane that an operator or a client can see, and that a
// test on all data planes has to know.
type Traits struct {
	Class      string // the GatewayClass that it serves
	Controller string // its controllerName
	Bundle     string // the Gateway API release that it is made for

	OwnAddresses bool // each Gateway has an address of its own; else all have one, and are served as one
	// HoldsBack is for how long the first change after a pause is served alone: later changes wait
	// for that. See Options.BriskTraefik.
	HoldsBack time.Duration
	// Unaware limits the time in which it may not have what its controller has judged already.
	Unaware time.Duration
	// LateParts: a route may serve before its backends are there, which is answered with 503 for a
	// moment.
	LateParts bool
	// RefusesGateway: because of one invalid listener the whole Gateway is refused.
	RefusesGateway bool
	// SharesCertificates: a Gateway's certificate is shown to the clients of another Gateway's
	// host.
	SharesCertificates bool
	// BelievesPrefix: a client's X-Forwarded-Prefix reaches the application.
	BelievesPrefix bool
	// KeepsPaths: ".." in a path reaches the application that the path begins with.
	KeepsPaths bool
	// OverlooksServices: it does not notice that a Service is added or removed, until something
	// else changes.
	OverlooksServices bool
	// OwnObjects is how the names of the objects begin that the controller makes in a Gateway's
	// namespace.
	OwnObjects string
	// RefusesLongSecrets: a Secret with a name of more than 63 characters is not served.
	RefusesLongSecrets bool
	// SpeaksH2C: it uses HTTP/2 without TLS to an application whose Service says so.
	SpeaksH2C bool
	// Pools: addresses come from pools that an operator of the cluster makes, as objects.
	Pools bool
	// RefusesUnread: it refuses a Secret with a certificate that Go cannot read.
	RefusesUnread bool

	// TLS to applications: how many names of one Service are verified, 0 if it does not support
	// TLS; the answer if a certificate is not accepted; whether a connection is verified only once,
	// when it is made; how late names may be applied when nothing else changes; whether units are
	// chosen at random.
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

// Traits returns the traits of the data plane. For an unknown one they are empty.
func (p DataPlane) Traits() Traits { return allTraits[p] }

// DataPlanes names all data planes, for the help of a flag.
func DataPlanes() string {
	names := []string{}
	for _, plane := range slices.Sorted(maps.Keys(allTraits)) {
		names = append(names, string(plane))
	}
	return strings.Join(names, ", ")
}
