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
// One call goes through these stages, from the first to the last. The name of a file begins
// with its stage:
//
//	decide   what is served where, with what, and what is left out: one decision
//	object   the Kubernetes objects, built once from the decision
//	answer   what the applications and the providers are told
//	status   one message for the operator, also from what the controller reports on the objects
//	report   typed facts, for actions
//
// A file refers to files above it in this list, and to no others. internal/rules holds that.
//
//	observed message command condition class models live reachable names secretnames patience
//	decision
//	decide_class decide_settings decide_omissions decide_listenertable decide_authorities
//	decide_backendtls decide_addresses decide_certificate decide_hosts decide_liveplaces
//	decide_bounds decide_isolation decide_requestlimit decide_holding decide_version0
//	decide_namer decide_places decide_turns decide_backends decide_ingress
//	decide_gatewayroute decide_routing decide_refused decide
//	object_kinds object_gateway object_service object_backendtls object_filters
//	object_stages object_httproute object_version0 objects
//	answer_url answer_gatewayroute answer_requests answer_dns answer_held
//	status_owners status_finding status_refused status_foreign status_gateway
//	status_listeners status_certificates status_requirers status_backendtls status_routes
//	status_protocol status_dns status_active status_troubles status_ladder
//	report_hosts report_listeners report_routes report_applications report
//	plan
//
// Every decision is shown by a pair of files in testdata: NAME.in.yaml says how a State differs from
// a base (see internal/golden), NAME.out.yaml is the Plan. `make golden` rewrites the latter.
package plan
