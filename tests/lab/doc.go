// Package lab combines a Juju controller and a Kubernetes cluster, as an operator has them, for the
// tests and the demo:
//
//	Juju (jujutest, simulated)      Kubernetes (cluster, real)
//	  the charm's units      ──────►  its objects
//	  applications           ──────►  their pods, real HTTP servers
//	  certificate authority
//
// The charm is the packed artefact, and runs as under Juju: a process per event. A Lab makes in the
// cluster what Juju would make there (namespace, service account, StatefulSet), and plays the other
// side of the charm's relations, with the same bytes as the Python libraries: an Authority that
// signs certificates, applications that ask for ingress, a Configurator that writes its own routes,
// and a DNS that makes records. A PythonCharm represents the Python charm, before a refresh to
// ours.
//
// The package does not know the charm's code, with one exception: a PythonCharm makes certificate
// requests as internal/relation/tlscertificates does, and recordings prove that these are the
// Python library's bytes. It asserts nothing: it acts and reports.
//
//	func TestMain(m *testing.M) { os.Exit(lab.Main(m.Run)) }
//
//	c, err := cluster.Start(ctx, cluster.Options{})
//	l, err := lab.New(ctx, lab.Options{Cluster: c})
//	err = l.Deploy(ctx, "gateway-api-integrator", nil, true)
//	ca, err := l.AddAuthority("ca")
//	err = l.Relate(ctx, "gateway-api-integrator:certificates", "ca")
//
// Tests that share a cluster get it from MainOn, and their models from ForTest, which fails the
// test if it cannot make one.
package lab
