// Package status tests what the charm says when the cluster as a whole is not fit to
// serve: no Gateway API, no class or too many, a controller that is not there, that has
// no addresses to give, or offers no port. What is wrong is brought about on a real API
// server and with Traefik; the status of unit and application is read; what it tells
// to do is done, and all is well. It is a package of its own because a test process has
// one cluster, and its tests take away what others need: they run one after the other.
// What concerns one model only is in tests/e2e (status_test.go).
package status
