package state_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

func TestVouches(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	one := func(number int64) string {
		t.Helper()
		template := &x509.Certificate{SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	leaf, between, root, other := one(1), one(2), one(3), one(4)
	answered := func(kind state.CertificateState) state.Certificates {
		return state.Certificates{Entries: []state.Certificate{{State: kind, Foreign: true, Leaf: leaf, CA: root, IssuedChain: []string{leaf, between}}}}
	}
	issued, pending := answered(state.CertificateIssued), answered(state.CertificatePending)
	of := func(chains ...string) *state.Record {
		record := &state.Record{}
		for _, chain := range chains {
			record.Given = append(record.Given, state.ChainDigest(chain))
		}
		return record
	}
	tests := map[string]struct {
		record       *state.Record
		certificates state.Certificates
		chain        string
		want         bool
	}{
		"no record":                      {nil, pending, other, true},
		"on record":                      {of(other, leaf+between), pending, leaf + between, true},
		"another is":                     {of(other), pending, leaf + between, false},
		"with another behind it":         {of(leaf + between), pending, leaf + other, false},
		"without what is behind it":      {of(leaf + between), pending, leaf, false},
		"an empty record":                {of(), pending, leaf, false},
		"the answer's leaf alone":        {of(), issued, leaf, true},
		"the answer to another key":      {of(), issued, leaf + between, true},
		"the same up to its root":        {of(), issued, leaf + between + root, true},
		"that answer, with another":      {of(), issued, leaf + other, false},
		"another than the answer":        {of(), issued, other, false},
		"the answer, taken back":         {of(), answered(state.CertificateRevoked), leaf, false},
		"nothing":                        {of(), issued, "", false},
		"nothing that is a certificate":  {of(), issued, "x", false},
		"what is recorded beside answer": {of(other), issued, other, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.record.Vouches(test.chain, test.certificates); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
