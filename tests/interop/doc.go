// Package interop lets the charm and real Python charms be applications of one model:
// they run on the real ops and on the real libraries of tls-certificates and
// certificate_transfer, and exchange relation data with the charm through the same
// hook tools. So neither our reading of the interfaces nor our simulation of Juju is
// its own judge.
//
// In the flow event → read → plan → apply → publish → status it sees the ends alone,
// as tests/e2e does: databags, Juju secrets, objects in a real cluster, and what a TLS
// client is served. Both sides are processes of their own, one per event, started with
// Juju's environment and nothing more.
//
// The charms are in charms/, their requirements in requirements.txt, pinned with
// hashes; [github.com/canonical/gateway-api-integrator/tests/interop/python] installs
// them once. A difference between what ops expects and what jujutest does is a bug of
// jujutest, mended there with a test of its own. Where there is no Python 3.10 or no
// package index one line says that these tests were left out; `make interop` fails
// then.
//
// The package must not know the charm's code, nor play either side of a relation
// itself: that is what tests/e2e is for.
//
//	f := newFixture(t, "issue", nil)
//	f.python("ca", "authority", nil)
//	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
//	f.must(f.Settle(f.ctx))
//	f.awaitStatus("active", active)
//
// New versions of the libraries: change requirements.in, and write requirements.txt
// anew by
//
//	uv pip compile --generate-hashes --universal --python-version 3.10 requirements.in -o requirements.txt
package interop
