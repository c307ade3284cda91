package address_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// The files of IANA, complete and unchanged, as of this day. Files of another day have other
// digests.
const (
	registriesOf = "2025-10-09" // "last updated" on the page of each
	digestIPv4   = "e3e39e76d00b1677335db8e9a805c7b9480ea2f4dc9e33f0b93cd3a905128d73"
	digestIPv6   = "775feea0621dec8735a44fbf30f762e721e8f0a1b3ab7eb341961a88cfce2139"
)

func TestRegistriesAreWhole(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file, digest string
		rows         int
	}{
		{"iana/iana-ipv4-special-registry-1.csv", digestIPv4, 25},
		{"iana/iana-ipv6-special-registry-1.csv", digestIPv6, 25},
	} {
		content := read(t, test.file)
		if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != test.digest {
			t.Errorf("%s is not that of %s: SHA-256 %x", test.file, registriesOf, got)
		}
		if rows := records(t, content); len(rows) != test.rows {
			t.Errorf("%s: %d rows, want %d", test.file, len(rows), test.rows)
		}
	}
}

// TestRegistriesAreKept judges both ends of each block by the text of the registries.
func TestRegistriesAreKept(t *testing.T) {
	t.Parallel()
	j := judge(t, "", cluster)
	for _, block := range registryBlocks(t) {
		for _, at := range []netip.Addr{block.Addr(), last(block)} {
			if j.Judge(at).Reason == "" {
				t.Errorf("%s of %s is allowed", at, block)
			}
		}
	}
}

// registryBlocks returns all blocks except those in which pods are.
func registryBlocks(t testing.TB) []netip.Prefix {
	t.Helper()
	var blocks []netip.Prefix
	for _, file := range []string{"iana/iana-ipv4-special-registry-1.csv", "iana/iana-ipv6-special-registry-1.csv"} {
		for _, row := range records(t, read(t, file)) {
			if row[1] == "Private-Use" || row[1] == "Unique-Local" {
				continue
			}
			for word := range strings.FieldsSeq(strings.ReplaceAll(row[0], ",", " ")) {
				if strings.Contains(word, "/") {
					blocks = append(blocks, netip.MustParsePrefix(word))
				}
			}
		}
	}
	if len(blocks) != 25-3+1+25-1 {
		t.Fatalf("%d blocks", len(blocks))
	}
	return blocks
}

func last(block netip.Prefix) netip.Addr {
	b := block.Addr().AsSlice()
	for bit := block.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	at, _ := netip.AddrFromSlice(b)
	return at
}

func records(t testing.TB, content []byte) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
