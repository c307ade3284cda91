package dnsrecord_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
)

// gw is the UUID of the record that most recordings are about.
const gw = "e87925f4-b54e-5583-8ec4-1fa7e9597cea"

func record(hostname, address string) dnsrecord.Record {
	return dnsrecord.Record{Hostname: hostname, Address: netip.MustParseAddr(address)}
}

func reply(value string) map[string]string {
	return map[string]string{"dns_entries": value}
}

// block is one "## name" of the recording, with the application databag in it.
type block struct {
	name, text string
	bag        map[string]string
}

// section returns the blocks of the recording below the line "=== title".
func section(t *testing.T, title string) []block {
	t.Helper()
	text, err := os.ReadFile("testdata/dns_record.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "=== "+title+"\n")
	if !found {
		t.Fatalf("no section %q", title)
	}
	rest, _, _ = strings.Cut(rest, "\n=== ")
	var blocks []block
	for part := range strings.SplitSeq("\n"+rest, "\n## ") {
		name, text, found := strings.Cut(part, "\n")
		if !found {
			continue
		}
		_, line, found := strings.Cut(text, "app: ")
		if !found {
			t.Fatalf("block %q has no databag", name)
		}
		line, _, _ = strings.Cut(line, "\n")
		block := block{name: name, text: text}
		if err := json.Unmarshal([]byte(line), &block.bag); err != nil {
			t.Fatalf("block %q: %v", name, err)
		}
		blocks = append(blocks, block)
	}
	if len(blocks) == 0 {
		t.Fatalf("section %q is empty", title)
	}
	return blocks
}
