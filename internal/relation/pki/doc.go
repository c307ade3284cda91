// Package pki reads PEM and certificates as others write them, where Go's own library is
// stricter than those who have to trust them.
//
// It serves the wire formats that carry certificates (packages tlscertificates and
// certificatetransfer) and package state, which reads them again from the cluster, and
// stands at the first step of an event's road,
//
//	event → read → plan → apply → publish → status
//
// bytes to values. PEM blocks need no line end between them. A certificate that
// crypto/x509 refuses, for a negative serial number or a curve that it does not know, has
// its names, its time and its key identifiers read all the same: OpenSSL, and so most
// clients, take it, and a chain without it is one that nobody can follow.
//
// What is read is hostile. Nothing here panics, goes deeper than a certificate does, or
// says that a signature is good: who needs that asks crypto/x509 where there is an
// X509. The package decides nothing, reads no clock and keeps no state.
//
//	for _, block := range pki.Blocks(text) {
//		certificate, err := pki.ParseCertificate(block.Bytes)
//		if err != nil {
//			continue // not a certificate
//		}
//		if certificate.X509 == nil {
//			// certificate.Refusal says why; names and times are there
//		}
//	}
package pki
