// Package state holds what one run of the charm knows: the options, the
// applications that ask for ingress, the certificates and the facts read from
// the cluster. It is the second step of every event:
//
//	event → read → plan → apply → publish → status
//	        ^^^^ the charm package reads, and fills a State
//
// The package has types and the validation of what others wrote: options set
// by an operator, relation data written by another charm. Everything in a
// State may be relied upon by package plan; whatever did not pass is kept as
// words for the operator (Problem, Requirer.Problem) and never as data.
//
// State is pure: it asks nobody, writes nothing, and the time is a value.
//
//	config, problems := state.ParseConfig(map[string]any{"enforce-https": true})
package state
