// Package pyjson handles the JSON of relation data in the way of charms written in Python: one
// document per databag key, in exactly the bytes of Python's json.dumps, read back within limits.
//
// The packages of the interfaces (ingress, tlscertificates and so on) use it in the first and the
// last step of every event:
//
//	event → read → plan → apply → publish → status
//
// It holds only what each of them would otherwise repeat. It knows no interface, keeps no state,
// and must not import anything but the standard library.
//
// Bytes matter because Juju notifies every peer when a value differs in a single space: a charm
// that replaces a Python one must write the same bytes. json.Marshal differs in three ways: no
// space after comma and colon, raw UTF-8, and < > & escaped.
//
//	pyjson.Quote("café <1>")   // "caf\u00e9 <1>", with the quotes
package pyjson
