// Package tlscertificates reads and writes the databags of the tls-certificates
// interface, version 1, on the requirer's side in application mode.
package tlscertificates
