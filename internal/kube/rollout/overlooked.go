package rollout

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
)

// Overlooked is why a route is written that is as desired: a controller that does not see
// Services come says that it has no backend, while all that it leads to is there. It is
// changed once, so that the controller looks again.
type Overlooked struct{}

func (Overlooked) String() string {
	return "is shown again to its controller, which overlooks its Service"
}

var digests = regexp.MustCompile(`^[0-9a-f]{16}$`)

// IsNote reports whether the text is one that stands in AnnotationBackends.
func IsNote(text string) bool { return digests.MatchString(text) }

// note returns what is to be noted on a route; empty for nothing.
func (r *run) note(route Object) string {
	live := r.live[route.Ref]
	note := live.Note
	if live.overlooksBackend() {
		note = cmp.Or(r.digest(route.Backends), note)
	}
	if !IsNote(note) {
		return ""
	}
	return note
}

// digest tells Services apart from those that had their names before. It is empty unless all
// are there.
func (r *run) digest(services []string) string {
	hash := sha256.New()
	for _, name := range services {
		ref := Ref{KindService, name}
		if !r.there(ref) {
			return ""
		}
		uid := r.live[ref].UID
		if r.written(ref) {
			uid = r.answers[ref].UID
		}
		hash.Write([]byte(uid + "\n"))
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// overlooksBackend reports whether a controller that does not see Services come says that a
// route leads to what is not there. Others say the same for a while, or for long, of a
// Service without endpoints, and look again by themselves.
func (o Object) overlooksBackend() bool {
	return slices.ContainsFunc(o.NoBackend, func(id string) bool {
		c := controller.ByID(gatewayv1.GatewayController(id))
		return c != nil && c.Facts[controller.NoticesServices].Does == controller.No
	})
}
