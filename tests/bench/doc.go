// Package bench measures what a hook costs: time, calls of hook tools, requests to
// the API server, memory. Like tests/e2e it stands at the end of the flow event →
// read → plan → apply → publish → status, with the packed charm as a process per
// hook; it looks at the price of a run and at nothing it brings about.
//
//	$ make bench
//	$ make bench BENCHFLAGS='-bench=NoChange -count=6' > new.txt
//
// Each scenario (scenario_test.go) runs in a world (world_test.go): a model with so
// many applications that ask for ingress, all of it at rest. Juju is the simulated
// one, whose tools answer at once; the API server is real. In place of a Gateway
// controller, whose work would be timed with the hook's, a stand-in accepts
// everything (controller_test.go), so that nothing else runs meanwhile.
//
// The benchmarks judge nothing: a machine is as fast as it is. TestScenarios runs
// each scenario once, small, and asserts what does not depend on the machine: counts.
package bench
