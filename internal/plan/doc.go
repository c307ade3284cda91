// Package plan makes every decision of the charm: a State in, a Plan out.
//
//	event → read → plan → apply → publish → status
//	               ^^^^
//
// Make is a pure function. It asks nobody, reads no clock, draws no random
// number, never changes its input, and gives the same Plan for the same State
// whatever the order of its parts. Trouble is part of the plan, as a Status or
// a Remark; there is no error to return. What needs randomness, such as a new
// certificate signing request, is ordered here and made by package charm.
//
// The road through one call, each step a file:
//
//	settings   the options in force, or what is served while they are wrong
//	class      the GatewayClass, and what its controller does
//	routing    which application is served where, which is left out and why
//	hosts      which hosts are wanted or still served, and with which certificate
//	requests   the certificates to ask for, and when to look at them again
//	gateway, service, httproute   the objects; Secrets are with the Gateway
//	url        what the applications are told
//	status     one message for the operator; certificates has what concerns those,
//	           and the table of them for an action
//	report     who is served where, for an action
//
// Every decision is shown by a pair of files in testdata: NAME.in.yaml holds a
// State, NAME.out.yaml the Plan. `make golden` rewrites the latter.
package plan
