package certificatetransfer_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/certificatetransfer"
	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

func version1(tb testing.TB, certificates ...string) bag {
	tb.Helper()
	return bag{"certificates": text(tb, certificates), "version": "1"}
}

// The library writes a Python set, whose order changes from hook to hook.
func TestBytesAreStable(t *testing.T) {
	t.Parallel()
	a, b := authority(t, "A"), authority(t, "B")
	crlf := strings.ReplaceAll(b, "\n", "\r\n")
	headers := strings.Replace(a, "-----\n", "-----\nKey: value\n\n", 1)
	want := certificatetransfer.Parse(version1(t, a, b), nil, now)
	if len(want.PEM) != 2 {
		t.Fatalf("%+v", want)
	}
	for _, certificates := range [][]string{
		{b, a}, {a, b, a}, {strings.TrimSpace(b), "text before\n" + a}, {a + b}, {b + "\n\n" + a, b}, {crlf, headers},
	} {
		got := certificatetransfer.Parse(version1(t, certificates...), nil, now)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d entries (-want +got):\n%s", len(certificates), diff)
		}
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	good := authority(t, "good")
	key := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("SECRET")}))
	noSigning := authority(t, "no signing", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })
	long := good + strings.Repeat("x", pyjson.MaxEntry)
	for name, c := range map[string]struct{ value, remark string }{
		"not JSON":         {"{", "certificates: not a JSON list; ignored"},
		"an object":        {"{}", "certificates: not a JSON list; ignored"},
		"null":             {"null", "certificates: not a JSON list; ignored"},
		"empty":            {"", "certificates: not a JSON list; ignored"},
		"a string":         {text(t, good), "certificates: not a JSON list; ignored"},
		"cut off":          {`["a"`, "certificates: not a JSON list; ignored"},
		"no comma":         {`["a" "b"]`, "certificates: not a JSON list; ignored"},
		"two documents":    {`[] []`, "certificates: not a JSON list; ignored"},
		"no list":          {`[]`, ""},
		"too many entries": {"[" + strings.Repeat("1,", 10_000) + "1]", "certificates: more than 10000 entries; ignored"},
		"numbers":          {`[1]`, "certificates[0]: not a string; ignored"},
		"not PEM":          {`["CERT-A"]`, "certificates[0]: not PEM; ignored"},
		"broken PEM":       {text(t, []string{strings.Replace(good, "END", "ENT", 1)}), "certificates[0]: not PEM; ignored"},
		"not a certificate": {
			text(t, []string{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}), "certificates[0]: not a certificate; ignored",
		},
		"a private key":     {text(t, []string{key}), "certificates[0]: not a certificate but another kind of PEM; ignored"},
		"a leaf":            {text(t, []string{authority(t, "leaf", leaf)}), `certificates[0]: "CN=leaf": not the certificate of an authority; ignored`},
		"may not sign":      {text(t, []string{noSigning}), `certificates[0]: "CN=no signing": not the certificate of an authority; ignored`},
		"a leaf, unread":    {text(t, []string{authority(t, "leaf", leaf, unread)}), `certificates[0]: "CN=leaf": not the certificate of an authority; ignored`},
		"expired, unread":   {text(t, []string{authority(t, "old", expired, unread)}), `certificates[0]: "CN=old": expired on 2026-11-23; ignored`},
		"no signer, unread": {text(t, []string{authority(t, "no signing", unread, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })}), `certificates[0]: "CN=no signing": not the certificate of an authority; ignored`},
		"expired":           {text(t, []string{authority(t, "old\nname", expired)}), `certificates[0]: "CN=old name": expired on 2026-11-23; ignored`},
		"as long as can be": {text(t, []string{strings.Repeat("x", pyjson.MaxEntry)}), "certificates[0]: not PEM; ignored"},
		"too long":          {text(t, []string{long}), "certificates[0]: longer than 65536 bytes; ignored"},
		"beyond a bag":      {text(t, []string{strings.Repeat("x", pyjson.MaxBag)}), "databag has 4194320 bytes, more than 4194304; ignored"},
	} {
		got := certificatetransfer.Parse(bag{"certificates": c.value}, nil, now)
		var want []string
		if c.remark != "" {
			want = []string{c.remark}
		}
		if len(got.PEM) > 0 || !got.Written || !slices.Equal(got.Remarks, want) {
			t.Errorf("%s: %d certificates, written %t, remarks %q", name, len(got.PEM), got.Written, got.Remarks)
		}
	}
}

// However often a certificate occurs, and whatever follows it, it is kept or mentioned once.
func TestTwice(t *testing.T) {
	t.Parallel()
	good, other := authority(t, "good"), authority(t, "leaf", leaf)
	more := func(certificate string) string {
		block, _ := pem.Decode([]byte(certificate))
		return string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: append(block.Bytes, "\x00\x00"...)}))
	}
	for name, certificates := range map[string][]string{
		"itself":                {good, good, other, other},
		"more behind it":        {good, more(good), other, other},
		"more behind the first": {more(good), good, other, other},
		"more behind both":      {more(good), more(good), other, other},
	} {
		got := certificatetransfer.Parse(version1(t, certificates...), nil, now)
		if !slices.Equal(got.PEM, []string{good}) || len(got.Remarks) != 1 {
			t.Errorf("%s: %d certificates, remarks %q", name, len(got.PEM), got.Remarks)
		}
	}
}

// If there is no room for some authorities, a remark says how many they are.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	wide := func(c *x509.Certificate) { c.Subject.Organization = []string{strings.Repeat("o", 10_000)} }
	var certificates []string
	for i := range 12 { // 28 kilobytes each, as the name stands in it twice
		certificates = append(certificates, authority(t, fmt.Sprint(i), wide))
	}
	fit := certificatetransfer.MaxBytes / len(certificates[0])
	for count, want := range map[int][]string{
		fit: nil, fit + 1: {"1 certificates are more than there is room for; ignored"},
	} {
		got := certificatetransfer.Parse(version1(t, certificates[:count]...), nil, now)
		if len(got.PEM) != fit || !slices.Equal(got.Remarks, want) {
			t.Errorf("of %d, %d are kept, remarks %q", count, len(got.PEM), got.Remarks)
		}
	}
}

// What cannot be used affects nothing else.
func TestGoodBesideBad(t *testing.T) {
	t.Parallel()
	good, soon := authority(t, "good"), authority(t, "soon", early)
	got := certificatetransfer.Parse(version1(t, "junk", authority(t, "leaf", leaf), good, authority(t, "old", expired), soon), nil, now)
	want := []string{good, soon}
	slices.Sort(want)
	if !slices.Equal(got.PEM, want) || len(got.Remarks) != 3 {
		t.Errorf("%+v", got)
	}
}

// Others read what Go cannot parse: it is kept, with a remark. Blocks need no line end between
// them, in either version.
func TestUnreadAndUnended(t *testing.T) {
	t.Parallel()
	good, other := authority(t, "good"), authority(t, "other", unread)
	want := []string{good, other}
	slices.Sort(want)
	joined := strings.TrimSpace(good) + strings.TrimSpace(other) + good
	for name, got := range map[string]certificatetransfer.CAs{
		"a list":                 certificatetransfer.Parse(version1(t, good, other), nil, now),
		"one text":               certificatetransfer.Parse(version1(t, joined), nil, now),
		"version 0, a list":      certificatetransfer.Parse(nil, []bag{{"chain": text(t, []string{joined})}}, now),
		"version 0, as they are": certificatetransfer.Parse(nil, []bag{{"chain": joined}}, now),
	} {
		if !slices.Equal(got.PEM, want) || len(got.Remarks) != 1 || !strings.HasSuffix(got.Remarks[0], `: "CN=other": cannot be checked (x509: negative serial number); taken as it is`) {
			t.Errorf("%s: %d certificates, remarks %q", name, len(got.PEM), got.Remarks)
		}
	}
}

// A provider that withdraws its authorities has left those of its older version in the data of its
// unit.
func TestVersion1HidesVersion0(t *testing.T) {
	t.Parallel()
	units := []bag{{"ca": text(t, authority(t, "old")), "version": "0"}}
	for _, value := range []string{"[]", "nonsense"} {
		got := certificatetransfer.Parse(bag{"certificates": value, "version": "1"}, units, now)
		if len(got.PEM) > 0 || !got.Written {
			t.Errorf("%s: %+v", value, got)
		}
	}
}

func TestVersion0(t *testing.T) {
	t.Parallel()
	a, b := authority(t, "A"), authority(t, "B")
	want := []string{a, b}
	slices.Sort(want)
	for name, units := range map[string][]bag{
		"JSON":            {{"ca": text(t, a), "chain": text(t, []string{a, b})}},
		"as they are":     {{"ca": a, "certificate": b}},
		"a raw chain":     {{"chain": a + b}},
		"a quoted chain":  {{"chain": text(t, a+b)}},
		"several units":   {{"ca": a}, {}, {"ca": text(t, b), "ingress-address": "10.1.2.3"}},
		"null beside it":  {{"ca": "null", "chain": text(t, []string{b, a})}},
		"one unit is bad": {{"chain": "[1"}, {"chain": text(t, []string{b, a})}},
	} {
		if got := certificatetransfer.Parse(bag{"version": "0"}, units, now); !slices.Equal(got.PEM, want) || !got.Written {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := certificatetransfer.Parse(nil, []bag{{"ingress-address": "10.1.2.3"}}, now); got.Written || got.Remarks != nil {
		t.Errorf("nothing was written: %+v", got)
	}
}

// Thousands are too many for the cluster, and too many lines for the log.
func TestThousands(t *testing.T) {
	t.Parallel()
	wide := func(c *x509.Certificate) { c.Subject.Organization = []string{strings.Repeat("o", 2000)} }
	var certificates []string
	for i := range 150 {
		certificates = append(certificates, authority(t, fmt.Sprint(i), wide))
	}
	for range 2000 {
		certificates = append(certificates, "junk")
	}
	first := certificatetransfer.Parse(version1(t, certificates...), nil, now)
	size := len(strings.Join(first.PEM, ""))
	if size > certificatetransfer.MaxBytes || size < certificatetransfer.MaxBytes-10_000 || len(first.Remarks) > 20 {
		t.Errorf("%d bytes, %d remarks", size, len(first.Remarks))
	}
	slices.Reverse(certificates)
	if diff := cmp.Diff(first.PEM, certificatetransfer.Parse(version1(t, certificates...), nil, now).PEM); diff != "" {
		t.Errorf("the order counts:\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range recorded.Bags(f, recorded.Text(f, recording)) {
		f.Add(b["certificates"], b["chain"], b["ca"])
	}
	good := authority(f, "good")
	f.Add(text(f, []string{good, authority(f, "leaf", leaf)}), "", "")
	f.Add("", text(f, []string{good}), good)
	f.Add("[", "[null]", "-----BEGIN")
	f.Add(text(f, []string{authority(f, "unread", unread)}), strings.TrimSpace(good)+strings.TrimSpace(good), "")
	f.Fuzz(func(t *testing.T, certificates, chain, ca string) {
		app := bag{}
		if certificates != "" {
			app["certificates"] = certificates
		}
		got := certificatetransfer.Parse(app, []bag{{"chain": chain, "ca": ca}}, now)
		if !slices.IsSorted(got.PEM) || len(slices.Compact(slices.Clone(got.PEM))) != len(got.PEM) || len(got.Remarks) > 20 {
			t.Errorf("%d certificates, %d remarks", len(got.PEM), len(got.Remarks))
		}
		for _, text := range got.PEM {
			block, rest := pem.Decode([]byte(text))
			if block == nil || len(rest) > 0 {
				t.Fatalf("kept what is no PEM: %q", text)
			}
			if kept, err := pki.ParseCertificate(block.Bytes); err != nil || !kept.IsCA {
				t.Errorf("kept what is no authority's certificate: %q", text)
			}
		}
		for _, remark := range got.Remarks {
			if strings.ContainsAny(remark, "\r\n\x1b") {
				t.Errorf("remark not fit to show: %q", remark)
			}
		}
	})
}
