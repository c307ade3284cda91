package dnsrecord_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
)

// processed matches what the recording says the Python requirer accepted.
var processed = regexp.MustCompile(`DNSProviderData\(uuid=UUID\('([^']*)'\), status=<Status\.\w+: '(\w+)'>, description=(?:None|'([^']*)')\)`)

// TestRepliesAsRecorded reads the replies that the Python requirer was given, with the same result
// as that requirer.
func TestRepliesAsRecorded(t *testing.T) {
	t.Parallel()
	approved := `[{"uuid": "` + gw + `", "status": "approved"}]`
	given := map[string]map[string]string{
		"reply approved":       reply(approved),
		"reply desc":           reply(`[{"uuid": "` + gw + `", "status": "conflict", "description": "x"}]`),
		"reply unknown status": reply(`[{"uuid": "` + gw + `", "status": "invalid_credentials"}]`),
		"reply bad uuid":       reply(`[{"uuid": "x", "status": "approved"}]`),
		"reply empty":          {},
		"reply not json":       reply("approved"),
		"reply []":             reply("[]"),
		// Python accepts nothing here, because it decodes every key.
		"reply other nonjson key": {"dns_entries": approved, "ingress-address": "10.1.2.3"},
	}
	for _, block := range section(t, "dns_record requirer") {
		if !strings.HasPrefix(block.Name, "reply ") {
			continue // TestEncodeAsRecorded reads these.
		}
		t.Run(block.Name, func(t *testing.T) {
			t.Parallel()
			bag, known := given[block.Name]
			if !known {
				t.Fatal("block unknown to this test")
			}
			want := map[string]dnsrecord.Answer{}
			for _, match := range processed.FindAllStringSubmatch(block.Text, -1) {
				answer := dnsrecord.Answer{Status: dnsrecord.Status(match[2]), Description: match[3]}
				if answer.Status == dnsrecord.Unknown {
					answer.Word = `"invalid_credentials"`
				}
				want[match[1]] = answer
			}
			if block.Name == "reply other nonjson key" {
				want[gw] = dnsrecord.Answer{Status: dnsrecord.Approved}
			}
			got := dnsrecord.ParseProvider(bag).Answers
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestProvidersAsRecorded reads what the Python provider replied.
func TestProvidersAsRecorded(t *testing.T) {
	t.Parallel()
	want := map[string]string{ // our reading of the record's answer, "-" for no answer
		"ok":               "",
		"compact":          "",
		"no uuid":          "-",
		"cname":            "gw.example.com (10.0.0.1): invalid data: \"[{'type': 'ip_any_address', 'loc': ('record_data',), 'msg': 'value is not a valid",
		"bad type":         "gw.example.com (10.0.0.1): invalid data: \"[{'type': 'enum', 'loc': ('record_type',), 'msg': 'Input should be 'A', 'AAAA',",
		"host_label empty": "gw.example.com (10.0.0.1): invalid data: \"[{'type': 'string_too_short', 'loc': ('host_label',), 'msg': 'String should have",
		"ttl null":         "",
	}
	records := []dnsrecord.Record{record("gw.example.com", "10.0.0.1")}
	for _, block := range section(t, "dns_record provider") {
		t.Run(block.Name, func(t *testing.T) {
			t.Parallel()
			want, known := want[block.Name]
			if !known {
				t.Fatal("block unknown to this test")
			}
			provider := dnsrecord.ParseProvider(bagOf(t, block))
			if len(provider.Remarks) > 0 {
				t.Errorf("remarks %q", provider.Remarks)
			}
			if want == "-" {
				want = "gw.example.com (10.0.0.1): pending"
			}
			got := dnsrecord.Judge(records, provider).Reason()
			if want == "" && got != "" || !strings.HasPrefix(got, want) {
				t.Errorf("reason %q, want %q", got, want)
			}
		})
	}
}

func TestParseProvider(t *testing.T) {
	t.Parallel()
	entry := func(rest string) map[string]string { return reply(`[{"uuid": "` + gw + `"` + rest + `}]`) }
	unknown := func(word string) *dnsrecord.Answer {
		return &dnsrecord.Answer{Status: dnsrecord.Unknown, Word: word}
	}
	approved := &dnsrecord.Answer{Status: dnsrecord.Approved}
	tests := []struct {
		name   string
		bag    map[string]string
		want   *dnsrecord.Answer // for gw; nil: none
		remark string            // the only one; "" for none
	}{
		{name: "nothing"},
		{name: "empty value", bag: reply("")},
		{name: "empty list", bag: reply(" [ ] ")},
		{name: "null", bag: reply("null"), remark: "dns_entries: not a list; ignored"},
		{name: "object", bag: reply("{}"), remark: "dns_entries: not a list; ignored"},
		{name: "not JSON", bag: reply("<html>"), remark: "dns_entries: not JSON; ignored"},
		{name: "cut off", bag: reply(`[{"uuid": "` + gw + `", "status": "approved"}`), remark: "dns_entries: not JSON; ignored"},
		{name: "no comma", bag: reply(`[{"uuid": "` + gw + `", "status": "approved"} 1]`), remark: "dns_entries: not JSON; ignored"},
		{name: "two documents", bag: reply(`[] []`), remark: "dns_entries: more than one JSON document; ignored"},
		{name: "deep", bag: reply(strings.Repeat("[", 20_000)), remark: "dns_entries: not JSON; ignored"},
		{name: "bag too big", bag: map[string]string{"dns_entries": "[]", "x": strings.Repeat("x", 4<<20)}, remark: "databag has 4194318 bytes, more than 4194304; ignored"},

		{name: "approved", bag: entry(`, "status": "approved"`), want: approved},
		{name: "permission_denied", bag: entry(`, "status": "permission_denied"`), want: &dnsrecord.Answer{Status: dnsrecord.PermissionDenied}},
		{name: "conflict", bag: entry(`, "status": "conflict"`), want: &dnsrecord.Answer{Status: dnsrecord.Conflict}},
		{name: "invalid_data", bag: entry(`, "status": "invalid_data"`), want: &dnsrecord.Answer{Status: dnsrecord.InvalidData}},
		{name: "failure", bag: entry(`, "status": "failure"`), want: &dnsrecord.Answer{Status: dnsrecord.Failure}},
		{name: "pending", bag: entry(`, "status": "pending"`), want: &dnsrecord.Answer{Status: dnsrecord.Pending}},
		{name: "unknown", bag: entry(`, "status": "unknown"`), want: unknown(`"unknown"`)},
		{name: "another case", bag: entry(`, "status": "Approved"`), want: unknown(`"Approved"`)},
		{name: "number", bag: entry(`, "status": 5`), want: unknown(`"5"`)},
		{name: "null status", bag: entry(`, "status": null`), want: unknown(`"null"`)},
		{name: "hostile status", bag: entry(`, "status": "\u001b[2J\u202e` + strings.Repeat("x", 99) + `"`), want: unknown(`"\x1b[2J\u202e` + strings.Repeat("x", 33) + `"...`)},
		{name: "no status", bag: entry(""), remark: "dns_entries[0]: status missing; ignored"},
		{name: "members' case", bag: entry(`, "Status": "approved"`), remark: "dns_entries[0]: status missing; ignored"},
		{name: "unknown members", bag: entry(`, "status": "approved", "ttl": {"a": [1]}`), want: approved},

		{name: "capital uuid", bag: reply(`[{"uuid": "` + strings.ToUpper(gw) + `", "status": "approved"}]`), want: approved},
		{name: "bare uuid", bag: reply(`[{"uuid": "` + strings.ReplaceAll(gw, "-", "") + `", "status": "approved"}]`), want: approved},
		{name: "foreign uuid", bag: reply(`[{"uuid": "4af73625-2625-550c-83d9-c62050244ad0", "status": "conflict"}]`)},
		{name: "no uuid", bag: reply(`[{"status": "approved"}]`), remark: "dns_entries[0]: uuid missing; ignored"},
		{name: "uuid null", bag: reply(`[{"uuid": null, "status": "approved"}]`), remark: `dns_entries[0]: uuid: not a UUID: "null"; ignored`},
		{name: "uuid's hyphens", bag: reply(`[{"uuid": "e-87925f4b54e-5583-8ec4-1fa7e9597cea", "status": "approved"}]`), remark: `dns_entries[0]: uuid: not a UUID: "\"e-87925f4b54e-5583-8ec4-1fa7e9597cea\""; ignored`},
		{name: "uuid no hexadecimal", bag: reply(`[{"uuid": "g87925f4-b54e-5583-8ec4-1fa7e9597cea", "status": "approved"}]`), remark: `dns_entries[0]: uuid: not a UUID: "\"g87925f4-b54e-5583-8ec4-1fa7e9597cea\""; ignored`},

		{name: "last wins", bag: reply(`[{"uuid": "` + gw + `", "status": "conflict", "description": "x"}, {"uuid": "` + gw + `", "status": "approved"}]`), want: approved},
		{name: "last readable wins", bag: reply(`[{"uuid": "` + gw + `", "status": "approved"}, {"uuid": "` + gw + `"}]`), want: approved, remark: "dns_entries[1]: status missing; ignored"},
		{name: "bad beside good", bag: reply(`[null, {"uuid": "` + gw + `", "status": "approved"}]`), want: approved, remark: "dns_entries[0]: not a JSON object; ignored"},
		{name: "list beside good", bag: reply(`[{"uuid": "` + gw + `", "status": "approved"}, []]`), want: approved, remark: "dns_entries[1]: not a JSON object; ignored"},

		{name: "null description", bag: entry(`, "status": "approved", "description": null`), want: approved},
		{name: "number for a description", bag: entry(`, "status": "approved", "description": 7`), want: approved, remark: "dns_entries[0]: description: not a string; ignored"},
		{
			name: "description of many lines", bag: entry(`, "status": "failure", "description": "\n one\r\n\r\n two\u001b[2J\u202e\u200bthree\u0000 "`),
			want: &dnsrecord.Answer{Status: dnsrecord.Failure, Description: "one two [2J three"},
		},
		{
			name: "huge description", bag: entry(`, "status": "failure", "description": "` + strings.Repeat("é", 1<<20) + `"`),
			want: &dnsrecord.Answer{Status: dnsrecord.Failure, Description: strings.Repeat("é", 200) + "..."},
		},
		{
			name: "description at the bound", bag: entry(`, "status": "failure", "description": "` + strings.Repeat("é", 200) + ` "`),
			want: &dnsrecord.Answer{Status: dnsrecord.Failure, Description: strings.Repeat("é", 200)},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			provider := dnsrecord.ParseProvider(test.bag)
			var got *dnsrecord.Answer
			if answer, ok := provider.Answers[gw]; ok {
				got = &answer
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if got := strings.Join(provider.Remarks, "\n"); got != test.remark {
				t.Errorf("remarks %q, want %q", got, test.remark)
			}
		})
	}
}

// The bind charm answers in every databag for all its requirers: our answers may be anywhere among
// thousands. What exceeds the limit is left out.
func TestParseProviderBounds(t *testing.T) {
	t.Parallel()
	last := `{"uuid": "` + gw + `", "status": "conflict"}]`
	list := func(foreign int) map[string]string {
		var b strings.Builder
		b.WriteByte('[')
		for i := range foreign {
			fmt.Fprintf(&b, `{"uuid": "%032x", "status": "approved"}, `, i)
		}
		return reply(b.String() + last)
	}
	provider := dnsrecord.ParseProvider(list(19_999))
	if len(provider.Answers) != 20_000 || provider.Answers[gw].Status != dnsrecord.Conflict || len(provider.Remarks) != 0 {
		t.Errorf("%d answers, ours %+v, remarks %q", len(provider.Answers), provider.Answers[gw], provider.Remarks)
	}
	provider = dnsrecord.ParseProvider(list(20_000))
	want := []string{"dns_entries: more than 20000 entries; the rest ignored"}
	if diff := cmp.Diff(want, provider.Remarks); len(provider.Answers) != 20_000 || diff != "" {
		t.Errorf("%d answers, remarks (-want +got):\n%s", len(provider.Answers), diff)
	}
	provider = dnsrecord.ParseProvider(reply("[" + strings.Repeat("1, ", 1000) + last))
	if n := len(provider.Remarks); n != 20 || provider.Remarks[19] != "and 981 more" || len(provider.Answers) != 1 {
		t.Errorf("%d answers, %d remarks: %q", len(provider.Answers), n, provider.Remarks)
	}
}

func FuzzParseProvider(f *testing.F) {
	for _, b := range recorded.Bags(f, recorded.Text(f, recording)) {
		f.Add(b["dns_entries"])
	}
	f.Add(`[{"uuid": "` + gw + `", "status": "approved"}]`)
	f.Add(`[{"uuid": "` + gw + `", "status": "invalid_data", "description": "[{'type': 'enum', 'loc': ('record_type',)}]"}]`)
	f.Add(`[{"uuid":"` + strings.ToUpper(gw) + `","status":"x\u001b","description":"a\n\u202eb"},null,5,[],{}]`)
	f.Add(`[{"uuid": null, "status": null, "description": null}]`)
	f.Add("[] []")
	f.Add("{")
	records := []dnsrecord.Record{record("gw.example.com", "10.0.0.1")}
	known := []dnsrecord.Status{
		dnsrecord.Approved, dnsrecord.PermissionDenied, dnsrecord.Conflict, dnsrecord.InvalidData,
		dnsrecord.Failure, dnsrecord.Pending, dnsrecord.Unknown,
	}
	f.Fuzz(func(t *testing.T, value string) {
		provider := dnsrecord.ParseProvider(reply(value))
		if len(provider.Remarks) > 20 {
			t.Errorf("%d remarks", len(provider.Remarks))
		}
		for _, remark := range provider.Remarks {
			if !isPlain(remark) || len(remark) > 300 {
				t.Errorf("remark not fit to show: %q", remark)
			}
		}
		if len(provider.Answers) > 0 && !json.Valid([]byte(value)) {
			t.Errorf("%d answers out of what is no JSON", len(provider.Answers))
		}
		for uuid, answer := range provider.Answers {
			if len(uuid) != 36 || uuid != strings.ToLower(uuid) {
				t.Errorf("answer for %q", uuid)
			}
			if !isPlain(answer.Description) || utf8.RuneCountInString(answer.Description) > 203 {
				t.Errorf("description not fit to show: %q", answer.Description)
			}
		}
		verdict := dnsrecord.Judge(records, provider)
		if got := verdict.Reason(); (got == "") != (verdict.Status == dnsrecord.Approved) || !isPlain(got) {
			t.Errorf("%s, with the reason %q", verdict.Status, got)
		}
		if !slices.Contains(known, verdict.Status) {
			t.Errorf("status %q", verdict.Status)
		}
	})
}

func isPlain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
