// Package pkitest makes certificates that crypto/x509 refuses to read and that other
// libraries read: it takes one that Go has made apart, edits it and signs it anew.
//
// It is for the tests of those who read what providers write, at the first step of an
// event's road. It must not get into the charm's program, and reads nothing itself: what
// a certificate is worth is package pki's to say, and what is done with it tlscertificates'.
package pkitest
