// Package charm handles one Juju event from start to finish. It connects packages that each know
// one side only:
//
//	event ─ read ─────────────── plan ──────────── apply ──── publish ──── status
//	        gocharm, kube,       plan              kube       gocharm      gocharm
//	        relation → state
//
// The life of one event: Juju starts the binary. main reads the event from the environment and
// calls Run. dispatch.go maps the event to its handler, which is almost always reconcile. read.go
// asks Juju and the cluster for everything that a decision may depend on, and puts it in a
// state.State. plan.Make decides. reconcile.go applies the objects. waitbudget.go waits, within a
// budget, until the Gateway's controller has judged what was written: until its status is for the
// present generation. With that the charm plans once more. publish.go writes to the relations what
// has changed. key.go keeps the private key, and alarm.go has Juju wake the charm. The status is
// set last.
//
// Run returns an error only for what Juju should retry: an outage or a bug. What an operator or
// another charm must do ends as a status.
//
// The package must not decide anything about objects, relation data or status messages. Package
// plan does that.
package charm
