package plan_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// TestUnreadAuthorities: an authority that Go cannot parse is not given to Envoy Gateway, which
// might refuse all authorities because of it; other controllers get it.
func TestUnreadAuthorities(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "CA"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	good, unread := text(der), text(pkitest.NegativeSerial(t, der, key))
	for id, kept := range map[string]bool{"example.com/gateway-controller": true, "gateway.envoyproxy.io/gatewayclass-controller": false} {
		s := readState(t, "testdata/https-backend.in.yaml")
		for i := range s.Cluster.Classes {
			s.Cluster.Classes[i].Spec.ControllerName = gatewayv1.GatewayController(id)
		}
		s.CAProviders[0].Certificates = []string{good, unread}
		found, p := false, plan.Make(s)
		if left := slices.Contains(p.Remarks, "ca (relation 11): 1 of its CA certificates are left out: Envoy Gateway refuses them"); left == kept {
			t.Errorf("%s: the log says %q", id, p.Remarks)
		}
		for _, object := range p.Objects {
			if object.GetObjectKind().GroupVersionKind().Kind != "ConfigMap" {
				continue
			}
			found = true
			content, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			var bundle struct{ Data map[string]string }
			if err := json.Unmarshal(content, &bundle); err != nil {
				t.Fatal(err)
			}
			if got := bundle.Data[plan.AuthoritiesKey]; !strings.Contains(got, good) || strings.Contains(got, unread) != kept {
				t.Errorf("%s is given\n%s", id, got)
			}
		}
		if !found {
			t.Errorf("%s: no ConfigMap", id)
		}
	}
}
