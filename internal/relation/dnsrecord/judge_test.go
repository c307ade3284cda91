package dnsrecord_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
)

// answers returns the reply that gives records these statuses, one after the other;
// - is no answer.
func answers(records []dnsrecord.Record, statuses ...string) dnsrecord.Provider {
	var entries []string
	for i, status := range statuses {
		if status != "-" {
			uuid := dnsrecord.UUID(records[i].Hostname, records[i].Address)
			entries = append(entries, fmt.Sprintf(`{"uuid": "%s", "status": "%s", "description": "why %d"}`, uuid, status, i))
		}
	}
	// One of another requirer's, with the worst status.
	entries = append(entries, `{"uuid": "00000000-0000-0000-0000-000000000000", "status": "permission_denied"}`)
	return dnsrecord.ParseProvider(reply("[" + strings.Join(entries, ", ") + "]"))
}

func TestJudge(t *testing.T) {
	t.Parallel()
	records := []dnsrecord.Record{
		record("a.example.com", "10.0.0.1"),
		record("b.example.com", "10.0.0.1"),
		record("b.example.com", "fd00::1"),
	}
	tests := []struct {
		statuses string
		want     dnsrecord.Status
		worst    int // index of the record
		approved int
		act      bool
		reason   string
	}{
		{"approved approved approved", dnsrecord.Approved, 0, 3, false, ""},
		{"approved approved -", dnsrecord.Pending, 2, 2, false, "b.example.com (fd00::1): pending"},
		{"- - -", dnsrecord.Pending, 0, 0, false, "a.example.com (10.0.0.1): pending"},
		{"approved pending -", dnsrecord.Pending, 1, 1, false, `b.example.com (10.0.0.1): pending: "why 1"`},
		{"pending other approved", dnsrecord.Unknown, 1, 1, false, `b.example.com (10.0.0.1): unknown status "other": "why 1"`},
		{"pending other failure", dnsrecord.Failure, 2, 0, false, `b.example.com (fd00::1): failure: "why 2"`},
		{"conflict other failure", dnsrecord.Conflict, 0, 0, true, `a.example.com (10.0.0.1): conflict: "why 0"`},
		{"conflict invalid_data failure", dnsrecord.InvalidData, 1, 0, true, `b.example.com (10.0.0.1): invalid data: "why 1"`},
		{"conflict invalid_data permission_denied", dnsrecord.PermissionDenied, 2, 0, true, `b.example.com (fd00::1): permission denied: "why 2"`},
		{"approved conflict conflict", dnsrecord.Conflict, 1, 1, true, `b.example.com (10.0.0.1): conflict: "why 1"`},
	}
	for _, test := range tests {
		t.Run(test.statuses, func(t *testing.T) {
			t.Parallel()
			provider := answers(records, strings.Fields(test.statuses)...)
			want := dnsrecord.Verdict{
				Status: test.want, Record: records[test.worst], Answer: provider.Answer(records[test.worst]),
				Approved: test.approved, Total: len(records),
			}
			// The order of the caller's records never decides.
			shuffled := []dnsrecord.Record{records[2], records[0], records[1], records[0]}
			got := dnsrecord.Judge(shuffled, provider)
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(records[0].Address)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Reason() != test.reason || got.OperatorMustAct() != test.act {
				t.Errorf("reason %q, operator %t, want %q, %t", got.Reason(), got.OperatorMustAct(), test.reason, test.act)
			}
		})
	}
}

func TestJudgeNothingWanted(t *testing.T) {
	t.Parallel()
	got := dnsrecord.Judge(nil, answers(nil))
	if got != (dnsrecord.Verdict{Status: dnsrecord.Approved}) || got.Reason() != "" || got.OperatorMustAct() {
		t.Errorf("verdict %+v: %q", got, got.Reason())
	}
}
