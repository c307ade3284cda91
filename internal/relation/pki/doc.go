// Package pki reads PEM and certificates as others write them, where Go's own library is stricter
// than the programs that have to trust them.
//
// It serves the wire formats that carry certificates (packages tlscertificates and
// certificatetransfer), and package state, which reads certificates again from the cluster. It is
// part of the first step of every event, and turns bytes into values:
//
//	event → read → plan → apply → publish → status
//
// PEM blocks need no line end between them. If crypto/x509 refuses a certificate, because of a
// negative serial number or an unknown curve, this package still reads its names, its times and its
// key identifiers: OpenSSL, and so most clients, accept it, and nobody could verify a chain without
// it.
//
// The input is hostile. Nothing here panics, parses deeper than a certificate goes, or says that a
// signature is valid: for that, use crypto/x509 if there is an X509. The package decides nothing,
// reads no clock and keeps no state.
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
