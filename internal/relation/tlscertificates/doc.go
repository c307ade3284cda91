// Package tlscertificates reads and writes the databags of the tls-certificates interface, version
// 1, on the requirer's side and in application mode (https://github.com/canonical/charmlibs,
// interfaces/tls-certificates).
//
// It is part of the first and the last step of every event, and turns bytes into values and back:
//
//	event → read → plan → apply → publish → status
//
// It also makes the one judgement that needs both sides: may the provider's answer to this request
// of ours be served? It writes requests in the bytes of the Python library, and reads and keeps the
// library's own requests, so that a charm which replaces a Python one causes no new certificates.
//
// The provider's data are hostile until they have passed this package. Sizes are limited, an entry
// that makes no sense is left out with a remark, and the others are used. The package keeps no
// state, reads no clock and draws randomness only from the reader that it is given. Errors never
// contain private keys.
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
