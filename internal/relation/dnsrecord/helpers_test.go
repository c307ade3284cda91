package dnsrecord_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
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

const recording = "testdata/dns_record.txt"

// section returns the blocks of the recording below the line "=== title".
func section(t *testing.T, title string) []recorded.Block {
	t.Helper()
	return recorded.Section(t, recording, title)
}

// bagOf returns the application databag that a block begins with.
func bagOf(t *testing.T, block recorded.Block) map[string]string {
	t.Helper()
	_, line, found := strings.Cut(block.Text, "app: ")
	if !found {
		t.Fatalf("block %q has no databag", block.Name)
	}
	line, _, _ = strings.Cut(line, "\n")
	return recorded.Bag(t, line)
}
