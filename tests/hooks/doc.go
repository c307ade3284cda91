// Package hooks holds the script tests: whole hook runs, as an operator lives
// them. It has tests and their stories only.
//
// In the flow event → read → plan → apply → publish → status it sees the two
// ends alone: what happens to the model, and what became of it. The charm is the
// packed artefact, a process per event; Juju is simulated (internal/jujutest),
// the cluster and the gateway are real (tests/cluster), the other applications
// are those of tests/lab.
//
// A story is a file of testdata, headed by what it guards, in the language of
// testscript (github.com/rogpeppe/go-internal/testscript). Its own words are
//
//	juju     what an operator does to the model, and what he sees of it
//	kube     what stands in the cluster
//	curl     what a client gets
//	ca       what a certificate authority does
//	cluster  what befalls the cluster itself
//	redact   a text with its certificates, keys and times in words
//	until    run a program until a file matches
//	mark     forget the hooks, log lines and API requests until now
//
// and the map of commands in words_test.go says what each can be told:
//
//	# An application gets its URL.
//	juju integrate hello:ingress gateway-api-integrator
//	juju settle
//	juju data hello gateway-api-integrator
//	stdout -count=1 'ingress={"url": "https://first.example.com/first-light-hello"}'
//
// Juju's clock can be set forward (juju clock), so that secrets expire. The charm
// has the machine's: what is to be old there is made so (ca ask --age, ca life).
//
// Each story has a model and host names of its own, so that they run in
// parallel in one cluster; those that take away from the cluster what others
// need are in testdata/alone and run one after the other. Nothing sleeps: what a
// controller does in its own time is polled for. Run one by
//
//	go test ./hooks -run TestScripts/first-light
//
// and add -update to write the compared files of the story anew. A story must not
// reach into the charm's code.
package hooks
