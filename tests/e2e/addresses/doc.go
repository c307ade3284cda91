// Package addresses tests what a client sees of a gateway that has no host name:
// HTTPS by its IP addresses, or by the name of its load balancer, while those change.
// It is a package of its own because a test process has one cluster, and this one's
// addresses can be changed (cluster.Options.Addresses). Its tests run one after the
// other: they all have the same addresses.
package addresses
