// Package oldest tests the charm with the oldest supported bundle of the Gateway
// API, 1.2.0, which some clusters have for years to come. It is a package of its
// own because a test process has one cluster.
package oldest
