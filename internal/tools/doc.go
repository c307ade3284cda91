// Package tools is the root of the module that holds what builds this charm and
// never goes into it, so that the charm's own go.mod lists only what the charm
// runs on.
//
// Two kinds of tool live here. Those of others stand in go.mod as tool
// directives, and run on any directory of this repository:
//
//	go tool -modfile=internal/tools/go.mod staticcheck ./...
//
// Ours are packages of this module, the charm packer, the look-up of vulnerabilities and what
// measures tests:
//
//	go -C internal/tools run ./packcharm
//	go -C internal/tools run ./vulncheck
//	go -C internal/tools run ./mutants ./internal/state
//
// Nothing of the charm may import this module, and this module imports nothing
// of the charm: the packer sees the charm as a directory, as charmcraft does.
package tools
