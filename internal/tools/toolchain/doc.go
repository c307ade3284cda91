// Package toolchain reads which Go a module asks for. The packer (packcharm) and the look-up
// of vulnerabilities (vulncheck) judge by it what the charm is made with. It runs no program
// and fetches nothing.
package toolchain
