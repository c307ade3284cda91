package plan

import (
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// configure is the command that sets an option.
func configure(s observed, option, value string) string {
	return "`juju config " + s.Application + " " + option + "=" + value + "`"
}

// trustCommand is the command that gives the charm its permissions.
func trustCommand(s observed) string { return "`juju trust " + s.Application + " --scope=cluster`" }

// describe is the command that shows what the controller says of the objects of a kind.
func describe(s observed, kind string) string {
	return "see `kubectl -n " + s.InNamespace() + " describe " + kind + "`"
}

// correctThere is the cure of what an application says of itself.
const correctThere = "correct it there"

const removeForeign = "delete it"

// whose says of an object that is not ours to whom it belongs.
func whose(one state.Foreign) string {
	switch {
	case one.Instance != "":
		return "belongs to application " + one.Instance
	case one.Maker != "":
		return "was made by " + pyjson.Said(one.Maker)
	default:
		return "is not the charm's"
	}
}
