package tlscertificates_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

func FuzzParseProvider(f *testing.F) {
	fixture := load(f)
	for _, bag := range []bag{
		fixture.SelfSigned, fixture.Reversed, fixture.Lego, fixture.Vault, fixture.Manual, fixture.Revoked, fixture.Error, fixture.Capabilities,
	} {
		f.Add(bag["certificates"], bag["request_errors"], bag["capabilities"])
	}
	f.Add(`[{"certificate": null}]`, `[{}]`, `{"supports_ip_sans": "no"}`)
	f.Fuzz(func(t *testing.T, certificates, requestErrors, capabilities string) {
		bag := bag{"certificates": certificates, "request_errors": requestErrors, "capabilities": capabilities}
		provider := tlscertificates.ParseProvider(bag)
		if len(provider.Remarks) > 20 {
			t.Errorf("%d remarks", len(provider.Remarks))
		}
		for _, refusal := range provider.Errors {
			if text := refusal.String(); strings.ContainsAny(text, "\r\n\x1b") || len(text) > 5000 {
				t.Errorf("error not fit to show: %q", text)
			}
		}
		verdict := tlscertificates.Judge(fixture.request, &fixture.key.PublicKey, provider, now)
		if (verdict.State == tlscertificates.Issued) != (verdict.ChainPEM != "") {
			t.Errorf("%v with chain %q", verdict.State, verdict.ChainPEM)
		}
		if verdict.State == tlscertificates.Issued && verdict.Leaf.VerifyHostname("gw.example.com") != nil {
			t.Error("issued for another host")
		}
		if strings.Contains(verdict.Reason, "\n") {
			t.Errorf("reason not fit to show: %q", verdict.Reason)
		}
	})
}

func FuzzParseRequests(f *testing.F) {
	fixture := load(f)
	f.Add(fixture.Requirer["certificate_signing_requests"])
	f.Add(`[{"certificate_signing_request": "x", "ca": null}]`)
	f.Add(`[null, 1, {}]`)
	f.Fuzz(func(t *testing.T, value string) {
		requests, remarks := tlscertificates.ParseRequests(bag{"certificate_signing_requests": value})
		if len(remarks) > 20 {
			t.Errorf("%d remarks", len(remarks))
		}
		for _, request := range requests {
			if _, err := request.Details(); err != nil {
				t.Errorf("a request was taken that cannot be read: %v", err)
			}
		}
		encoded := tlscertificates.EncodeRequests(requests)
		if len(requests) > 0 && !json.Valid([]byte(encoded["certificate_signing_requests"])) {
			t.Errorf("not JSON: %s", encoded)
		}
		again, remarks := tlscertificates.ParseRequests(encoded)
		if len(again) != len(requests) || len(remarks) > 0 {
			t.Errorf("%d requests are read back as %d, %q", len(requests), len(again), remarks)
		}
		if back := tlscertificates.EncodeRequests(again); back["certificate_signing_requests"] != encoded["certificate_signing_requests"] {
			t.Errorf("%s is written again as %s", encoded, back)
		}
	})
}
