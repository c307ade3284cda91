// Package lab puts a Juju controller and a Kubernetes cluster side by side, as an
// operator has them, for the tests and the demo:
//
//	Juju (jujutest, simulated)      Kubernetes (cluster, real)
//	  the charm's units      ──────►  its objects
//	  applications           ──────►  their pods, real HTTP servers
//	  certificate authority
//
// The charm is the packed artefact, run as Juju runs it: a process per event. A
// Lab makes in the cluster what Juju would make there (namespace, service
// account, StatefulSet), and plays the other side of the charm's relations: an
// Authority that signs certificates, applications that ask for ingress, a
// Configurator that writes routes of its own, and a DNS that makes records, in the
// bytes of the Python libraries. A PythonCharm stands where the charm is refreshed from.
//
// The package knows nothing of the charm's code, save that a PythonCharm makes requests
// for certificates as internal/relation/tlscertificates does, which recordings hold to
// the Python library's bytes. It asserts nothing: it acts and reports.
//
//	func TestMain(m *testing.M) { os.Exit(lab.Main(m.Run)) }
//
//	c, err := cluster.Start(ctx, cluster.Options{})
//	l, err := lab.New(ctx, lab.Options{Cluster: c})
//	err = l.Deploy(ctx, "gateway-api-integrator", nil, true)
//	ca, err := l.AddAuthority("ca")
//	err = l.Relate(ctx, "gateway-api-integrator:certificates", "ca")
//
// Tests that share a cluster have it from MainOn, and their models from ForTest, which fails
// the test that gets none.
package lab
