package tlscertificates_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// What a provider writes is shown in an operator's terminal: it must not move the cursor, change
// the direction of the text, or be invisible.
func TestIssuerIsPlainText(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Prüf-CA 東京":            "CN=Prüf-CA 東京",
		"tab\tescape\x1b[2J":    "CN=tab escape [2J",
		"left\u202ethgir":       "CN=left thgir",
		"zero\u200bwidth\u00ad": "CN=zero width",
		"two\u2028lines":        "CN=two lines",
	} {
		issuer := pkix.Name{CommonName: name}
		if got := tlscertificates.Issuer(&x509.Certificate{Issuer: issuer}); got != want {
			t.Errorf("%+q became %+q, not %+q", name, got, want)
		}
	}
}
