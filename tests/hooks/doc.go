// Package hooks has the script tests: whole hook runs, as an operator sees
// them. It has only tests and their stories.
//
// In the flow event → read → plan → apply → publish → status it sees only the two
// ends: what happens to the model, and the result. The charm is the
// packed artefact, with a process per event. Juju is simulated (internal/jujutest),
// the cluster and the gateway are real (tests/cluster), the other applications
// are those of tests/lab.
//
// A story is a file of testdata. It begins with what it tests, and is in the language of
// testscript (github.com/rogpeppe/go-internal/testscript). Its own words are
//
//	juju     what an operator does to the model, and sees of it
//	kube     what is in the cluster
//	curl     what a client gets
//	ca       what a certificate authority does
//	cluster  what happens to the cluster itself
//	redact   a text with words instead of certificates, keys and times
//	until    run a program until a file matches
//	mark     forget the hooks, log lines and API requests until now
//
// and the map of commands in words_test.go lists the arguments of each:
//
//	# An application gets its URL.
//	juju integrate hello:ingress gateway-api-integrator
//	juju settle
//	juju data hello gateway-api-integrator
//	stdout -count=1 'ingress={"url": "https://first.example.com/first-light-hello"}'
//
// Juju's clock can be set forward (juju clock), so that secrets expire. The charm
// uses the machine's clock: what must be old for it is made old (ca ask --age, ca life).
//
// Each story has a model and host names of its own, so the stories run in
// parallel in one cluster. Those that remove from the cluster what others
// need are in testdata/alone and run one after the other. Nothing sleeps: tests poll for
// what a controller does in its own time. Run one with
//
//	go test ./hooks -run TestScripts/first-light
//
// and add -update to rewrite the compared files of the story. A story must not
// use the charm's code.
package hooks
