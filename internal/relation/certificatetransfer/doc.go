// Package certificatetransfer reads and writes the databags of the
// certificate_transfer interface on the requirer's side: which authorities sign the
// certificates of applications that speak TLS themselves
// (https://github.com/canonical/charmlibs, interfaces/certificate_transfer).
//
// It is the first and the last step of an event's road,
//
//	event → read → plan → apply → publish → status
//
// bytes to values and back. We say that we speak version 1, in which the provider
// lists certificates in its application data. Until it has seen that, and forever if
// it is an old one, it writes the form of version 0 into the data of a unit. That is
// read only where there is nothing of version 1.
//
// What comes from the provider is hostile until it has passed here: sizes and numbers
// are bounded, what is no certificate of an authority, or one that has expired, is left
// out with a remark, and what is kept is written anew, sorted, and each once, so that
// the same authorities are the same bytes in whatever order they came. The package
// decides nothing (who trusts these authorities), calls no tool, reads no clock and
// keeps no state.
//
//	set(certificatetransfer.Encode()) // version: 1
//
//	cas := certificatetransfer.Parse(theirBag, theirUnits, now)
//	trust(strings.Join(cas.PEM, ""))
package certificatetransfer
