// Package charm handles one Juju event from start to finish. It joins the
// packages that know their own side only:
//
//	event ─ read ─────────────── plan ──────────── apply ──── publish ──── status
//	        gocharm, kube,       plan              kube       gocharm      gocharm
//	        relation → state
//
// The life of one event: Juju starts the binary, main reads the event from the
// environment and calls Run. dispatch.go maps the event to what is done; almost
// always that is to reconcile. read.go asks Juju and the cluster for everything
// a decision may depend on and puts it in a state.State. plan.Make decides.
// reconcile.go applies the objects; patience.go waits, as far as an allowance goes, until
// the Gateway's controller has judged what was written, and with that it is planned once
// more. publish.go writes what changed to the relations; key.go keeps the private
// key, and alarm.go has Juju wake the charm. The status is set last.
//
// Run returns an error only for what Juju should retry: an outage or a bug.
// What an operator or another charm must do ends as a status.
//
// The package must not decide anything about objects, relation data or status
// messages: that is package plan's.
package charm
