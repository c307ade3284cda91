package tlscertificates_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// answer is one provider's databag, and what we make of it for the fixture's request.
type answer struct {
	bag     bag
	want    tlscertificates.State
	reason  string // begins the verdict's
	remarks int

	// unlike says why we use what the Python library does not use, or the reverse.
	unlike string
}

// answers has the input of each "changed" block of the recordings by its name, and cases of our
// own. Together they cover all hostile data that we know of.
func answers(t *testing.T, f fixture) map[string]answer {
	t.Helper()
	good := f.entry(t, nil)
	entry := func(changes map[string]any) bag { return bagOf(t, f.entry(t, changes)) }
	refusal := map[string]any{"code": 101, "name": "IP_NOT_ALLOWED", "message": "no"}
	schema := encode(t, []any{map[string]any{
		"certificate_signing_request": f.CSR,
		"error":                       map[string]any{"code": 101, "name": "ip_not_allowed", "message": "no"},
	}})
	root := newAuthority(t, "root", nil)
	other, err := tlscertificates.ParseKey(f.OtherKey)
	if err != nil {
		t.Fatal(err)
	}
	foreign := map[string]any{"certificate": root.issue(t, &other.PublicKey, []string{"gw.example.com"})}
	unread := map[string]any{"certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}
	const issued = tlscertificates.Issued

	return map[string]answer{
		"ok":                        {bag: f.SelfSigned, want: issued},
		"csr with trailing newline": {bag: entry(map[string]any{"certificate_signing_request": f.CSR + "\n"}), want: issued},
		"csr with CRLF":             {bag: entry(map[string]any{"certificate_signing_request": strings.ReplaceAll(f.CSR, "\n", "\r\n") + "\r\n"}), want: issued},
		"chain missing":             {bag: entry(map[string]any{"chain": "-"}), want: issued},
		"chain null":                {bag: entry(map[string]any{"chain": nil}), want: issued},
		"chain empty":               {bag: entry(map[string]any{"chain": []string{}}), want: issued},
		"chain reversed":            {bag: f.Reversed, want: issued},
		"chain without leaf":        {bag: entry(map[string]any{"chain": []string{f.Root}}), want: issued},
		"chain garbage":             {bag: entry(map[string]any{"chain": []any{"x", 5, nil}}), want: issued, remarks: 3},
		"chain a string":            {bag: entry(map[string]any{"chain": f.Root}), want: issued},
		"chain a number":            {bag: entry(map[string]any{"chain": 5}), want: issued, remarks: 1},
		"ca missing":                {bag: entry(map[string]any{"ca": "-"}), want: issued, unlike: "the leaf is what counts"},
		"ca empty":                  {bag: entry(map[string]any{"ca": ""}), want: issued, unlike: "the leaf is what counts"},
		"ca garbage":                {bag: entry(map[string]any{"ca": "x"}), want: issued, remarks: 1},
		"revoked true":              {bag: f.Revoked, want: tlscertificates.Revoked, reason: "the certificate is revoked"},
		"revoked null":              {bag: entry(map[string]any{"revoked": nil}), want: issued},
		"revoked false":             {bag: entry(map[string]any{"revoked": false}), want: issued},
		"revoked string":            {bag: entry(map[string]any{"revoked": "true"}), want: tlscertificates.Revoked},
		"revoked and garbage":       {bag: entry(map[string]any{"revoked": true, "certificate": "x"}), want: tlscertificates.Revoked, remarks: 1, reason: "the certificate is revoked"},
		"revoked and missing":       {bag: entry(map[string]any{"revoked": true, "certificate": nil}), want: tlscertificates.Revoked, remarks: 1},
		"revoked nonsense":          {bag: entry(map[string]any{"revoked": "perhaps"}), want: tlscertificates.Pending, remarks: 1},
		"v3 extra field":            {bag: entry(map[string]any{"recommended_expiry_notification_time": 24}), want: issued},
		"cert garbage":              {bag: entry(map[string]any{"certificate": "x"}), want: tlscertificates.Pending, remarks: 1},
		"cert not DER":              {bag: entry(unread), want: tlscertificates.Unusable, reason: "the certificate cannot be read", remarks: 1},
		"cert number":               {bag: entry(map[string]any{"certificate": 5}), want: tlscertificates.Pending, remarks: 1},
		"one garbage + one ok":      {bag: bagOf(t, f.entry(t, unread), good), want: issued, remarks: 1, unlike: "entries stand for themselves"},
		"one of every kind": {
			bag: bagOf(t, nil, 5, "x", []int{}, map[string]any{}, f.entry(t, map[string]any{"certificate_signing_request": "x"}), good), want: issued, remarks: 6,
		},
		"cert bundle in certificate":       {bag: entry(map[string]any{"certificate": f.leaf(t) + "\n" + f.Root}), want: issued},
		"cert bundle with an unread first": {bag: entry(map[string]any{"certificate": unread["certificate"].(string) + "\n" + f.leaf(t)}), want: tlscertificates.Unusable, reason: "the certificate cannot be read", remarks: 1},
		"other csr":                        {bag: entry(map[string]any{"certificate_signing_request": f.newRequest(t, []string{"gw.example.com"}).PEM}), want: tlscertificates.Pending, reason: "no certificate yet"},
		"wrong key cert":                   {bag: entry(foreign), want: tlscertificates.Unusable, reason: "the certificate has another key"},
		"CA cert for non-ca":               {bag: entry(map[string]any{"certificate": toPEM(root.certificate)}), want: tlscertificates.Unusable, reason: "the certificate has another key"},
		"dup entries":                      {bag: bagOf(t, good, good), want: issued},
		"not json":                         {bag: bag{"certificates": "x"}, want: tlscertificates.Pending, remarks: 1},
		"object":                           {bag: bag{"certificates": "{}"}, want: tlscertificates.Pending, remarks: 1},
		"null":                             {bag: bag{"certificates": "null"}, want: tlscertificates.Pending, remarks: 1},
		"empty list":                       {bag: bag{"certificates": "[]"}, want: tlscertificates.Pending},
		"key absent":                       {bag: bag{}, want: tlscertificates.Pending},
		"no bag":                           {want: tlscertificates.Pending},
		"errors lib key csr":               {bag: bag{"request_errors": encode(t, []any{map[string]any{"csr": f.CSR, "error": refusal}})}, want: tlscertificates.Denied, reason: `refused: ip_not_allowed: "no"`},
		"errors schema key":                {bag: bag{"request_errors": schema}, want: tlscertificates.Denied, reason: `refused: ip_not_allowed: "no"`},
		"errors schema key + valid cert":   {bag: bag{"request_errors": schema, "certificates": f.SelfSigned["certificates"]}, want: issued, unlike: "both spellings are read"},
		"errors garbage":                   {bag: bag{"request_errors": `[5, {}, {"csr": "x"}, {"csr": null}]`, "certificates": f.SelfSigned["certificates"]}, want: issued, remarks: 4},
		"caps":                             {bag: bag{"capabilities": f.Capabilities["capabilities"], "certificates": f.SelfSigned["certificates"]}, want: issued},
		"caps garbage":                     {bag: bag{"capabilities": "x", "certificates": f.SelfSigned["certificates"]}, want: issued, remarks: 1},
		"extra nonjson key":                {bag: bag{"foo": "bar baz", "certificates": f.SelfSigned["certificates"]}, want: issued},
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	f := load(t)
	cases := answers(t, f)
	python := recordedBlocks(t)
	for name := range python {
		if _, known := cases[name]; !known {
			t.Errorf("block %q of the recording has no case", name)
		}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := tlscertificates.ParseProvider(c.bag)
			verdict := tlscertificates.Judge(f.request, &f.key.PublicKey, provider, now)
			if verdict.State != c.want || !strings.HasPrefix(verdict.Reason, c.reason) {
				t.Errorf("%v (%s), want %v (%s)", verdict.State, verdict.Reason, c.want, c.reason)
			}
			if len(provider.Remarks) != c.remarks {
				t.Errorf("remarks %q, want %d", provider.Remarks, c.remarks)
			}
			issued := verdict.State == tlscertificates.Issued
			if (verdict.ChainPEM != "") != issued || (verdict.Reason == "") != issued {
				t.Errorf("verdict of state %v has reason %q and chain %q", verdict.State, verdict.Reason, verdict.ChainPEM)
			}
			if issued && verdict.ChainPEM != f.leaf(t)+"\n" {
				t.Errorf("chain of a certificate by a root is not the leaf alone:\n%s", verdict.ChainPEM)
			}
			took, isRecorded := python[name]
			if isRecorded && (took == issued) != (c.unlike == "") {
				t.Errorf("issued: %t, by the Python library: %t, unlike: %q", issued, took, c.unlike)
			}
		})
	}
}

// recordedBlocks returns, for each "changed" block of the requirer's recordings in application
// mode, whether the library accepted a certificate.
func recordedBlocks(t *testing.T) map[string]bool {
	t.Helper()
	blocks := map[string]bool{}
	for _, block := range recorded.Section(t, "testdata/tls_requirer.txt", "MODE Mode.APP") {
		if name, ok := strings.CutPrefix(block.Name, "changed "); ok {
			blocks[name] = strings.Contains(block.Text, "EVENT available")
		}
	}
	if len(blocks) != 29 {
		t.Fatalf("%d blocks, want 29", len(blocks))
	}
	return blocks
}

func TestErrors(t *testing.T) {
	t.Parallel()
	f := load(t)
	verdict := f.judge(f.Error)
	if verdict.State != tlscertificates.Denied || verdict.Reason != "refused: domain_not_allowed: \"rejected (rejectedIdentifier)\"" {
		t.Errorf("%v: %s", verdict.State, verdict.Reason)
	}
	got := *verdict.Error
	got.Request = nil
	want := tlscertificates.RequestError{
		Code: tlscertificates.CodeDomainNotAllowed, Name: "domain_not_allowed", Message: "rejected",
		Reason: "rejectedIdentifier", Endpoint: "https://acme.example/dir",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		details map[string]any
		code    int
		must    bool
		text    string
	}{
		"code wins":    {map[string]any{"code": 103, "name": "OTHER"}, 103, true, "other"},
		"by name":      {map[string]any{"name": "IP_NOT_ALLOWED"}, 101, true, "ip_not_allowed"},
		"unknown name": {map[string]any{"name": "moon_phase"}, 999, false, `"moon_phase"`},
		"transient":    {map[string]any{"code": 201, "name": "server_not_available", "message": "m"}, 201, false, `server_not_available: "m"`},
		"new code":     {map[string]any{"code": 150}, 150, true, "error 150"},
		"bad code":     {map[string]any{"code": 1e30, "name": 5}, 999, false, "error 999"},
		"empty":        {map[string]any{}, 999, false, "error 999"},
		"controls":     {map[string]any{"code": 999, "name": "a\nb", "message": "c\x1b[31m\u0085\u2028d"}, 999, false, `"a b": "c [31m d"`},
		"long":         {map[string]any{"name": strings.Repeat("é", 300)}, 999, false, `"` + strings.Repeat("é", 200) + `..."`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bag := bag{"request_errors": encode(t, []any{map[string]any{"csr": f.CSR, "error": c.details}})}
			got := f.judge(bag).Error
			if got == nil {
				t.Fatal("no error")
			}
			if got.Code != c.code || got.OperatorMustAct() != c.must || got.String() != c.text {
				t.Errorf("%d, must act %t, %q, want %d, %t, %q", got.Code, got.OperatorMustAct(), got.String(), c.code, c.must, c.text)
			}
		})
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	f := load(t)
	yes, no := true, false
	for name, c := range map[string]struct {
		bag  bag
		want tlscertificates.Capabilities
	}{
		"fixture": {f.Capabilities, tlscertificates.Capabilities{IPSANs: &no, ProviderType: "acme"}},
		"all": {
			bag{"capabilities": `{"supports_ip_sans": true, "supports_wildcard_dns": true, "supports_subdomain": false, "supports_ca_certificates": false, "allowed_domains": ["a.example.com", 5], "provider_type": "vault", "new": []}`},
			tlscertificates.Capabilities{IPSANs: &yes, WildcardDNS: &yes, Subdomain: &no, CACertificates: &no, AllowedDomains: []string{"a.example.com"}, ProviderType: "vault"},
		},
		"unknown": {bag{"capabilities": `{"supports_ip_sans": null, "allowed_domains": "x", "provider_type": 1}`}, tlscertificates.Capabilities{}},
		"null":    {bag{"capabilities": `null`}, tlscertificates.Capabilities{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := tlscertificates.ParseProvider(c.bag)
			if diff := cmp.Diff(c.want, provider.Capabilities); diff != "" || len(provider.Remarks) > 0 {
				t.Errorf("remarks %q, capabilities (-want +got):\n%s", provider.Remarks, diff)
			}
		})
	}
}
