// Command vulncheck looks up what the charm is made of in Go's database of
// vulnerabilities, with govulncheck, and fails where the charm's code can reach one that
// this repository can mend.
//
// The database is on the network, at vuln.go.dev. Where that cannot be reached, it is
// looked up in a dated copy: the database's own repository, which Go's module proxy serves,
// pinned here by version and hash. Where that cannot be had either, nothing is looked up.
// What was not done is said in a line that begins with "LEFT OUT: ", and is no failure.
//
// Neither is a weakness of Go's own library that the Go of go.mod's toolchain line has
// mended, when the Go at hand is an older one: it is said in such a line, since nothing in
// this repository mends it. The packer decides which Go is too old for a charm.
//
//	go -C internal/tools run ./vulncheck -root ../..
package main
