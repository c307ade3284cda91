package plan

import (
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// configure returns the command that sets an option.
func configure(s observed, option, value string) string {
	return "`juju config " + s.Application + " " + option + "=" + value + "`"
}

// trustCommand returns the command that gives the charm its permissions.
func trustCommand(s observed) string { return "`juju trust " + s.Application + " --scope=cluster`" }

// describe returns the command that shows what the controller reports on the objects of a kind.
func describe(s observed, kind string) string {
	return "see `kubectl -n " + s.InNamespace() + " describe " + kind + "`"
}

// correctThere is the cure for wrong data that an application has written.
const correctThere = "correct it there"

const removeForeign = "delete it"

// whose says who owns an object that is not ours.
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
