package plan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about somebody who may edit the charm's objects, and what Juju has on record
// of them.

// vouched reports whether Juju knows a chain that is in a Secret.
func (w *world) vouched(o *order) bool {
	return w.record.Vouches(o.chain(), state.Certificates{}) || slices.ContainsFunc(w.orders, func(other *order) bool {
		return other.chain() == o.chain() && w.entry(other).State == state.CertificateIssued
	})
}

// editNotes changes what the charm has noted on its objects. The plan must be the same as without
// the change.
func (w *world) editNotes() {
	if w.record == nil {
		return // There is nothing yet.
	}
	s := w.state()
	w.unedited = outline(w.make(&s))
	if w.gateway != nil {
		w.gateway = w.gateway.DeepCopy()
		edits := pick(w,
			map[string]string{"settings": `{"external-hostname":"evil.example.com","hsts-max-age":1,"routing-mode":"subdomain"}`},
			map[string]string{"settings": `{"external-hostname":"evil.example.com","hsts-max-age":1}`},
			map[string]string{"settings": `{"hsts-max-age":1}`},
			map[string]string{"settings": `{`, "unjudged": `{`},
			map[string]string{"unjudged": fmt.Sprintf(`{"since":"2020-01-01T00:00:00Z","observed":%d}`, w.gateway.Generation)},
			nil, // Without any.
		)
		w.gateway.Annotations = nil
		for name, text := range edits {
			w.gateway.Annotations = map[string]string{"gateway-api-integrator.charm.juju.is/" + name: text}
		}
	}
	const evil = "CA-EVIL\n"
	if !slices.Contains(w.backends.live.PEM, evil) {
		sum := sha256.Sum256([]byte(evil))
		w.backends.live.PEM = append(slices.Clone(w.backends.live.PEM), evil)
		w.backends.live.Told = fmt.Sprintf(`{"1":[%q]}`, hex.EncodeToString(sum[:8]))
	}
}

// forge puts certificates that nobody issued into a Secret, with the present key.
func (w *world) forge() {
	if w.record == nil {
		return
	}
	for name := range w.secrets {
		o := w.holder(name)
		w.forged--
		o.number, o.key, o.till = w.forged, w.key, w.now.Add(24*time.Hour)
		w.secrets[name] = []byte(o.chain())
	}
}

// checkEditor says which text of an editor is planned.
func checkEditor(w *world, p plan.Plan) string {
	for _, object := range p.Objects {
		if data, ok := secretData(object); ok && strings.HasPrefix(string(data["tls.crt"]), "-") {
			return "a certificate is served that nobody has issued: " + string(data["tls.crt"])
		}
		if gateway, ok := object.(*gatewayv1.Gateway); ok {
			for _, listener := range gateway.Spec.Listeners {
				if strings.Contains(listenerName(listener), "evil") {
					return "a host of an editor's is served"
				}
			}
		}
		if object.GetName() == plan.AuthoritiesName("gateway") && strings.Contains(fmt.Sprint(contentOf(object)["data"]), "EVIL") {
			return "an authority of an editor's is trusted"
		}
	}
	before := w.unedited
	w.unedited = ""
	if before != "" && outline(p) != before {
		return "the plan is another one after notes were edited:\n" + before + "\nis now\n" + outline(p)
	}
	return ""
}
