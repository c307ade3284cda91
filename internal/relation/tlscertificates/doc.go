// Package tlscertificates reads and writes the databags of the tls-certificates
// interface, version 1, on the requirer's side and in application mode
// (https://github.com/canonical/charmlibs, interfaces/tls-certificates).
//
// It is the first and the last step of an event's road,
//
//	event → read → plan → apply → publish → status
//
// bytes to values and back, and the one judgement that needs both sides: may
// the provider's answer to this request of ours be served? Requests are written
// in the bytes of the Python library, and its own are read back and kept, so
// that a charm which takes over from a Python one re-issues nothing.
//
// What comes from the provider is hostile until it has passed here: sizes are
// bounded, an entry that makes no sense is left out with a remark, and the
// others are used. The package keeps no state, reads no clock and draws
// randomness only from the reader it is given. Private keys appear in no error.
//
//	requests, remarks := tlscertificates.ParseRequests(ourBag)
//	provider := tlscertificates.ParseProvider(theirBag)
//	for _, request := range requests {
//		verdict := tlscertificates.Judge(request, &key.PublicKey, provider, now)
//		if verdict.State == tlscertificates.Issued {
//			serve(verdict.ChainPEM)
//		}
//	}
package tlscertificates
