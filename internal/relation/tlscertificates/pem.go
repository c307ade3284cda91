package tlscertificates

import (
	"encoding/pem"
	"errors"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// PEM types. The longer, older spellings mean the same.
var (
	requestTypes     = []string{"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}
	certificateTypes = []string{"CERTIFICATE", "X509 CERTIFICATE"}
)

// blocks returns the DER of each PEM block in text that has one of these types.
func blocks(text string, types []string) [][]byte {
	var found [][]byte
	for _, block := range pki.Blocks(text) {
		if slices.Contains(types, block.Type) {
			found = append(found, block.Bytes)
		}
	}
	return found
}

// requestDER returns the DER of the CSR in text, whatever its line ends. Two CSRs
// are the same request when these bytes are equal.
func requestDER(text string) ([]byte, error) {
	found := blocks(text, requestTypes)
	if len(found) == 0 {
		return nil, errors.New("not a PEM certificate request")
	}
	return found[0], nil
}

// encodeChain joins certificates in the form of a tls.crt.
func encodeChain(chain []*pki.Certificate) string {
	var b strings.Builder
	for _, certificate := range chain {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	}
	return b.String()
}
