package ingress_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// TestNormalizeURL has what pydantic 2.14's AnyHttpUrl makes of these URLs, beyond the provider
// recordings.
func TestNormalizeURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"HTTP://gw/x":                      "http://gw/x",
		"http:gw/x":                        "http://gw/x",
		`http:\\gw\a\b`:                    "http://gw/a/b",
		" http://gw/x ":                    "http://gw/x",
		"http://gw:/x":                     "http://gw/x",
		"http://gw:080/x":                  "http://gw/x",
		"http://gw:0/x":                    "http://gw:0/x",
		"https://gw:80/x":                  "https://gw:80/x",
		"http://gw./x":                     "http://gw./x",
		"http://1.2.3.4./":                 "http://1.2.3.4/",
		"http://gw/a^|b'":                  "http://gw/a^|b'",
		"http://gw/\"<>`{}é":               "http://gw/%22%3C%3E%60%7B%7D%C3%A9",
		"http://gw/%zz%2Fa":                "http://gw/%zz%2Fa",
		"http://gw/../a/./b/..":            "http://gw/a/",
		"http://gw/a/%2e%2E/b":             "http://gw/b",
		"http://gw/a//b/../c":              "http://gw/a//c",
		"http://gw//a":                     "http://gw//a",
		"http://gw/a/.":                    "http://gw/a/",
		"http://gw?x":                      "http://gw/?x",
		"http://gw#x":                      "http://gw/#x",
		"http://gw/?":                      "http://gw/?",
		"http://gw/a?b c'd\"e^`{}|#f g`h{": "http://gw/a?b%20c%27d%22e^`{}|#f%20g%60h{",
		"http://[FD00:0:0:0:0:0:0:1]:80/":  "http://[fd00::1]/",
		"http://[1:0:0:2:0:0:0:3]:8080":    "http://[1:0:0:2::3]:8080/",
		"http://[::ffff:10.0.0.1]/":        "http://[::ffff:a00:1]/",
		"http://[::ffff:1.2.3.4]/":         "http://[::ffff:102:304]/",
		"http://gw:65535/":                 "http://gw:65535/",
		"http://gw/À":                      "http://gw/%C3%80",
	} {
		if got, err := ingress.NormalizeURL(raw); err != nil || got != want {
			t.Errorf("NormalizeURL(%q) = %q, %v, want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{
		"http://", "http:", "https:///", "javascript:alert(1)", "//gw/x",
		"http://gw:65536/", "http://gw:-1/", "http://gw:8x/", "http://a b/", "http://a%20b/", "http://[fd00::1%25eth0]/",
		"http://[10.0.0.1]/", "http://[fd00::1/", "http://fd00::1]/", "http://1.2.3.256/", "http://09/", "http://a.0x1", "http://1/",
		"http://user:secret@gw/x", "http://gw/a\nb", "http://gw/\x7f", "http://gw/\xff", "http://gw/" + strings.Repeat("a", 70_000),
	} {
		if got, err := ingress.NormalizeURL(raw); err == nil {
			t.Errorf("NormalizeURL(%.40q) = %.40q, want an error", raw, got)
		}
	}
}

// A URL at the limit is accepted, and none beyond it.
func TestNormalizeURLBounds(t *testing.T) {
	t.Parallel()
	const begin = "http://gw/"
	long := begin + strings.Repeat("a", pyjson.MaxEntry-len(begin))
	if got, err := ingress.NormalizeURL(long); err != nil || got != long {
		t.Errorf("%d bytes: %v", len(long), err)
	}
	if _, err := ingress.NormalizeURL(long + "a"); err == nil {
		t.Errorf("%d bytes are taken", len(long)+1)
	}
}

func TestEncodeURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"http://gw.example.com/my-model-myapp": `{"url": "http://gw.example.com/my-model-myapp"}`,
		"http://gw/?a<b>&c":                    `{"url": "http://gw/?a<b>&c"}`,
		"":                                     "", // deletes the key
	} {
		if diff := cmp.Diff(bag{"ingress": want}, ingress.EncodeURL(url)); diff != "" {
			t.Errorf("EncodeURL(%q) (-want +got):\n%s", url, diff)
		}
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bag  bag
		want string
		err  string
	}{
		"ok":                  {bag: bag{"ingress": `{"url": "http://gw/x"}`}, want: "http://gw/x"},
		"compact json":        {bag: bag{"ingress": `{"url":"http://gw/x"}`}, want: "http://gw/x"},
		"extra key inside":    {bag: bag{"ingress": `{"a": 1, "url": "http://gw/x"}`}, want: "http://gw/x"},
		"extra top NON json":  {bag: bag{"ingress": `{"url": "http://gw/x"}`, "a": "b c"}, want: "http://gw/x"},
		"not normal":          {bag: bag{"ingress": `{"url": "HTTP://GW"}`}, want: "HTTP://GW"},
		"absent":              {bag: bag{}},
		"no bag":              {},
		"deleted":             {bag: bag{"ingress": ""}},
		"null":                {bag: bag{"ingress": "null"}},
		"empty obj":           {bag: bag{"ingress": "{}"}},
		"other case":          {bag: bag{"ingress": `{"URL": "http://gw/x"}`}},
		"url empty":           {bag: bag{"ingress": `{"url": ""}`}},
		"yaml v1 style":       {bag: bag{"ingress": "url: http://gw/x\n"}, err: "ingress: not a JSON object"},
		"raw url":             {bag: bag{"ingress": "http://gw/x"}, err: "ingress: not a JSON object"},
		"url number":          {bag: bag{"ingress": `{"url": 5}`}, err: "ingress: url must be a string"},
		"longer than bounded": {bag: bag{"ingress": strings.Repeat(" ", 70_000)}, err: "ingress: longer than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ingress.ParseURL(c.bag)
			if got != c.want || message(err) != c.err {
				t.Errorf("got %q, %v, want %q, %q", got, err, c.want, c.err)
			}
		})
	}
}

func FuzzNormalizeURL(f *testing.F) {
	for _, raw := range []string{"http://gw.example.com/m-a", `HTTPS:\GW:443/a/../b?c#d`, "http://[::ffff:1.2.3.4]:8080", "http://gw/%2e%2e/é", "http://1.2.3.4."} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		url, err := ingress.NormalizeURL(raw)
		if err != nil {
			return
		}
		if again, err := ingress.NormalizeURL(url); err != nil || again != url {
			t.Errorf("%q is %q, then %q, %v", raw, url, again, err)
		}
		if back, err := ingress.ParseURL(ingress.EncodeURL(url)); err != nil || back != url {
			t.Errorf("%q is read back as %q, %v", url, back, err)
		}
		for i := range len(url) {
			if url[i] <= ' ' || url[i] >= 0x7f {
				t.Fatalf("%q is %q, which has byte %#x", raw, url, url[i])
			}
		}
	})
}

// FuzzParseURL: another charm may have written our own databag.
func FuzzParseURL(f *testing.F) {
	for _, b := range recordedBags(f) {
		f.Add(b["ingress"])
	}
	for _, value := range []string{`{"url": null}`, `{"url": ""}`, `{"URL": "http://x"}`, `{"url": "a\u0000\ud800é", "url": "b"}`, `null`, `[]`, `{`} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		url, err := ingress.ParseURL(bag{"ingress": value})
		if err != nil {
			checkError(t, err)
			if url != "" {
				t.Errorf("refused, but gives %q", url)
			}
			return
		}
		written := ingress.EncodeURL(url)
		if len(written["ingress"]) > pyjson.MaxEntry {
			return // Others wrote it: we write none as long as that.
		}
		if again, err := ingress.ParseURL(written); err != nil || again != url {
			t.Errorf("%q is read again as %q, %v", url, again, err)
		}
	})
}
