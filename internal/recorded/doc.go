// Package recorded reads the recordings in the testdata of the relation packages: what the Python
// libraries wrote, and what they made of what they were given. Only tests import it.
//
// It stands beside the flow event → read → plan → apply → publish → status, and knows none of the
// interfaces: a recording is text, "=== title" begins a section, "## name" a block in it, and
// databags stand in the lines of a block as JSON objects of strings.
//
//	for _, block := range recorded.Section(t, "testdata/dns_record.txt", "provider reply handling") {
//		t.Run(block.Name, func(t *testing.T) { … block.Text … })
//	}
package recorded
