package dnsrecord_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
)

func TestUUID(t *testing.T) {
	t.Parallel()
	// The wanted ones are what Python's uuid.uuid5 prints.
	tests := []struct{ hostname, address, want string }{
		{"gw.example.com", "10.0.0.1", gw},
		{"gw.example.com", "::ffff:10.0.0.1", gw},
		{"a.example.com", "10.0.0.1", "4af73625-2625-550c-83d9-c62050244ad0"},
		{"a.example.com", "10.0.0.2", "d622d09f-ec68-5abf-92e8-8e3430a3583b"},
		{"b.example.com", "10.0.0.1", "4e9c9683-ed08-54c3-88fd-2bfbda499b78"},
		{"gw.example.com", "fd00::1", "ffdb168f-1e60-55cf-95ff-9c6b34cbc761"},
		{"gw.example.com", "FD00:0:0:0:0:0:0:1", "ffdb168f-1e60-55cf-95ff-9c6b34cbc761"},
		{"gw.example.com", "2001:db8:0:0:10:0:0:1", "6fc7702b-2328-5d7b-8a02-96c5a3068933"},
	}
	for _, test := range tests {
		if got := dnsrecord.UUID(test.hostname, netip.MustParseAddr(test.address)); got != test.want {
			t.Errorf("UUID(%s, %s) = %s, want %s", test.hostname, test.address, got, test.want)
		}
	}
}

// TestEncodeAsRecorded compares what we write with what the Python library wrote.
func TestEncodeAsRecorded(t *testing.T) {
	t.Parallel()
	written := map[string][]dnsrecord.Record{
		"one":   {record("gw.example.com", "10.0.0.1")},
		"two":   {record("b.example.com", "10.0.0.1"), record("a.example.com", "10.0.0.1")},
		"aaaa":  {record("gw.example.com", "fd00::1")},
		"empty": nil,
	}
	for _, block := range section(t, "dns_record requirer") {
		if strings.HasPrefix(block.Name, "reply ") {
			continue // TestRepliesAsRecorded reads these.
		}
		t.Run(block.Name, func(t *testing.T) {
			t.Parallel()
			if block.Name == "minimal" {
				// Without ttl and class, which the library allows and we never write.
				if full := dnsrecord.Encode(written["one"]); cmp.Equal(bagOf(t, block), full) {
					t.Errorf("%q has members left out", full)
				}
				return
			}
			records, known := written[block.Name]
			if !known {
				t.Fatal("block unknown to this test")
			}
			if diff := cmp.Diff(bagOf(t, block), dnsrecord.Encode(records)); diff != "" {
				t.Errorf("(-recorded +ours):\n%s", diff)
			}
		})
	}
}

// line is the members of an entry that distinguish records.
type line struct {
	Domain string `json:"domain"`
	Type   string `json:"record_type"`
	Data   string `json:"record_data"`
}

func lines(t *testing.T, records []dnsrecord.Record) []line {
	t.Helper()
	var lines []line
	if err := json.Unmarshal([]byte(dnsrecord.Encode(records)["dns_entries"]), &lines); err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestEncodeSortsAndWritesOnce(t *testing.T) {
	t.Parallel()
	given := []dnsrecord.Record{
		record("b.example.com", "10.0.0.10"),
		record("b.example.com", "fd00::1"),
		record("a.example.com", "fd00::1"),
		record("b.example.com", "10.0.0.9"),
		record("b.example.com", "10.0.0.10"),
		record("b.example.com", "::ffff:10.0.0.9"),
	}
	before := slices.Clone(given)
	want := []line{
		{"a.example.com", "AAAA", "fd00::1"},
		{"b.example.com", "A", "10.0.0.9"},
		{"b.example.com", "A", "10.0.0.10"},
		{"b.example.com", "AAAA", "fd00::1"},
	}
	if diff := cmp.Diff(want, lines(t, given)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !slices.Equal(before, given) {
		t.Errorf("the caller's records were changed to %v", given)
	}
	slices.Reverse(given)
	if diff := cmp.Diff(want, lines(t, given)); diff != "" {
		t.Errorf("in reverse (-want +got):\n%s", diff)
	}
}

// A provider may fail on one bad entry, and then no host gets its records.
func TestEncodeLeavesOutWhatNoDNSCanHold(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]dnsrecord.Record{
		"nothing":     {},
		"no hostname": record("", "10.0.0.1"),
		"no address":  {Hostname: "gw.example.com"},
		"a zone":      record("gw.example.com", "fe80::1%eth0"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := dnsrecord.Encode([]dnsrecord.Record{bad})["dns_entries"]; got != "[]" {
				t.Errorf("wrote %s", got)
			}
			good := record("gw.example.com", "10.0.0.1")
			if got := lines(t, []dnsrecord.Record{bad, good}); len(got) != 1 {
				t.Errorf("beside a good one wrote %v", got)
			}
			if got := dnsrecord.Judge([]dnsrecord.Record{bad}, dnsrecord.Provider{}); got.Total != 0 {
				t.Errorf("it is waited for: %+v", got)
			}
		})
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("gw.example.com", []byte{10, 0, 0, 1}, "a.example.com", []byte{10, 0, 0, 1})
	f.Add("gw.example.com", []byte{0xfd, 15: 1}, "gw.example.com", []byte{10: 0xff, 11: 0xff, 15: 1})
	f.Add("\"<é😀\x00", []byte{}, "", []byte{127, 0, 0, 1})
	f.Fuzz(func(t *testing.T, host1 string, address1 []byte, host2 string, address2 []byte) {
		if !utf8.ValidString(host1) || !utf8.ValidString(host2) {
			return
		}
		first, _ := netip.AddrFromSlice(address1)
		second, _ := netip.AddrFromSlice(address2)
		records := []dnsrecord.Record{{Hostname: host1, Address: first}, {Hostname: host2, Address: second}}
		encoded := dnsrecord.Encode(records)
		var answers []map[string]any
		if err := json.Unmarshal([]byte(encoded["dns_entries"]), &answers); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		for _, entry := range answers {
			hostname, address := entry["domain"].(string), netip.MustParseAddr(entry["record_data"].(string))
			r := dnsrecord.Record{Hostname: hostname, Address: address}
			if entry["uuid"] != dnsrecord.UUID(hostname, address) || entry["record_type"] != r.Type() || len(entry) != 7 {
				t.Errorf("entry %v", entry)
			}
			entry["status"] = "approved"
		}
		// A provider that returns our entries as answers has answered all of them.
		text, err := json.Marshal(answers)
		if err != nil {
			t.Fatal(err)
		}
		verdict := dnsrecord.Judge(records, dnsrecord.ParseProvider(reply(string(text))))
		if verdict.Status != dnsrecord.Approved || verdict.Total != len(answers) || verdict.Approved != len(answers) {
			t.Errorf("%d entries, all approved, and the verdict is %+v", len(answers), verdict)
		}
		slices.Reverse(records)
		if again := dnsrecord.Encode(records); !cmp.Equal(encoded, again) {
			t.Errorf("%s, and in reverse %s", encoded, again)
		}
	})
}
