// Package shell does what a reader does who pastes printed commands into a shell, so that
// tests can tell whether they work as printed. It knows those commands of kubectl and curl
// that this repository prints, and refuses every other word of them.
package shell
