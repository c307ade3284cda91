// Package certificatetransfer reads and writes the databags of the certificate_transfer interface
// on the requirer's side: which authorities sign the certificates of applications that speak TLS
// themselves (https://github.com/canonical/charmlibs, interfaces/certificate_transfer).
//
// It is part of the first and the last step of every event, and turns bytes into values and back:
//
//	event → read → plan → apply → publish → status
//
// We tell providers that we speak version 1, in which the provider lists certificates in its
// application data. Until the provider has seen that, and always if it is an old one, it writes the
// form of version 0 into the data of a unit. These are read only if there is nothing of version 1.
//
// The provider's data are hostile until they have passed this package. Sizes and numbers are
// limited. What is not the certificate of an authority, or has expired, is left out with a remark.
// What is kept is encoded again, sorted and unique, so that the same authorities are the same bytes
// in whatever order they came. The package decides nothing (who trusts these authorities), calls no
// tool, reads no clock and keeps no state.
//
//	set(certificatetransfer.Encode()) // version: 1
//
//	cas := certificatetransfer.Parse(theirBag, theirUnits, now)
//	trust(strings.Join(cas.PEM, ""))
package certificatetransfer
