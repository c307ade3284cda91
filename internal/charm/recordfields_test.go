package charm

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestRecordFitsTheFieldsOfASecret: releases of Juju take 5 KiB as one field of a secret. A record that is
// longer, as it is while a hundred applications move to another host, is in several fields.
func TestRecordFitsTheFieldsOfASecret(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, 1, maxField, maxField + 1, 3 * maxField, maxRecord} {
		text := strings.Repeat("é", length/2) + strings.Repeat("x", length%2)
		content := splitFields(text)
		for name, field := range content {
			if len(field) > 5<<10 || !utf8.ValidString(field) {
				t.Errorf("%s has %d bytes", name, len(field))
			}
		}
		if got := joinFields(content); got != text {
			t.Errorf("of %d bytes %d are read back", len(text), len(got))
		}
	}
}
