// Package stress drives the charm through random steps, and asks after each of them
// whether anything is unsafe. It stands at the end of the flow event → read → plan →
// apply → publish → status: it looks at the real API server, the relation data and
// what a client is served, and must not know how the charm decides.
//
// A step is something that an operator, a certificate authority, an application, or
// misfortune does; steps_test.go has the table. Agents restart, units are replaced,
// relations become ghosts, reads are denied, commits fail halfway (juju_steps_test.go);
// a second instance of the charm and objects made by hand come to the same names as ours
// (others_test.go). Between steps some hooks run, all, or
// none, so that steps come between hooks. What holds at any time is in
// safety_test.go, what holds when all is quiet in settled_test.go. One application
// is spared by the steps, and a client asks for it all the while.
//
// The steps follow from a seed, and so does which Juju it is; each failure names it:
//
//	go test ./e2e/stress -seed 7             # 200 steps, as ever with this seed
//	go test ./e2e/stress -seed 7 -steps 30   # a quick look
//	go test ./e2e/stress -seed 7 -data-plane=envoy   # or cilium
//
// The same seed takes the same steps. Keys, times and what a killed hook got done
// differ from run to run.
package stress
