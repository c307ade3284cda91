package dnsrecord

import (
	"fmt"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Verdict says how the records of one relation stand.
type Verdict struct {
	// Status is the worst of all records: Approved only if all are approved, or if no record is
	// wanted.
	Status Status

	// Record is the first record with that status, and Answer the provider's answer for it. Both
	// are zero if no record is wanted.
	Record Record
	Answer Answer

	Approved, Total int // how many records are approved, of how many
}

// severity orders the statuses. Worst are those that last until somebody acts, and of these the
// ones that only the provider's operator can cure. Then come those that the provider may overcome,
// then those that only take time.
var severity = map[Status]int{
	PermissionDenied: 6, InvalidData: 5, Conflict: 4, Failure: 3, Unknown: 2, Pending: 1, Approved: 0,
}

// Judge finds the record that is worst off. Records count as Encode writes them. Answers for other
// records do not count.
func Judge(records []Record, p Provider) Verdict {
	verdict := Verdict{Status: Approved}
	for i, record := range wanted(records) {
		answer := p.Answer(record)
		if i == 0 || severity[answer.Status] > severity[verdict.Status] {
			verdict.Status, verdict.Record, verdict.Answer = answer.Status, record, answer
		}
		if answer.Status == Approved {
			verdict.Approved++
		}
		verdict.Total++
	}
	return verdict
}

// OperatorMustAct reports whether only an action of an operator helps, here or at the provider.
// Otherwise the provider tries again by itself, or has not finished yet.
func (v Verdict) OperatorMustAct() bool {
	return severity[v.Status] >= severity[Conflict]
}

// statusWords are the statuses in an operator's words.
var statusWords = map[Status]string{
	PermissionDenied: "permission denied",
	InvalidData:      "invalid data",
	Conflict:         "conflict",
	Failure:          "failure",
	Unknown:          "unknown status",
	Pending:          "pending",
}

// Reason says in an operator's words what is wrong, with the least important part last, because a
// status has little room: `gw.example.com (10.0.0.1): conflict: "already taken"`. It is empty if
// all is well.
func (v Verdict) Reason() string {
	if v.Status == Approved {
		return ""
	}
	text := fmt.Sprintf("%s (%s): %s", v.Record.Hostname, v.Record.Address, statusWords[v.Status])
	if v.Answer.Word != "" {
		text += " " + v.Answer.Word
	}
	if v.Answer.Description != "" {
		text += ": " + pyjson.Said(v.Answer.Description)
	}
	return text
}
