package charm_test

import (
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

func TestSecretsAreDropped(t *testing.T) {
	t.Parallel()
	key, _ := tlscertificates.KeyLabels("certificates")
	certificate := tlscertificates.LabelPrefix + "-certificate-certificates-0f"
	tests := map[string]struct {
		event gocharm.Event
		want  string // arguments of secret-remove
	}{
		"an old revision": {
			event: gocharm.Event{Kind: gocharm.SecretRemove, Secret: &gocharm.EventSecret{ID: "s1", Label: key, Revision: 1}},
			want:  "s1 --revision 1",
		},
		"no revision named: never the whole key": {
			event: gocharm.Event{Kind: gocharm.SecretRemove, Secret: &gocharm.EventSecret{ID: "s1", Label: key}},
		},
		"a certificate of the Python library": {
			event: gocharm.Event{Kind: gocharm.SecretExpired, Secret: &gocharm.EventSecret{ID: "s2", Label: certificate, Revision: 3}},
			want:  "s2",
		},
		"the key does not expire": {
			event: gocharm.Event{Kind: gocharm.SecretExpired, Secret: &gocharm.EventSecret{ID: "s1", Label: key, Revision: 1}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var removed string
			w.before = func(call gocharm.Call) error {
				if call.Tool == "secret-remove" {
					removed = strings.Join(call.Args, " ")
				}
				return nil
			}
			w.run(test.event)
			if removed != test.want {
				t.Errorf("removed %q, not %q", removed, test.want)
			}
		})
	}
}
