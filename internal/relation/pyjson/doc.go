// Package pyjson is the JSON of relation data as charms written in Python
// read and write it: one document per databag key, in the very bytes of
// Python's json.dumps, read back with bounds.
//
// It stands below the packages of the interfaces (ingress, tlscertificates and so on)
// in the first and the last step of an event's road,
//
//	event → read → plan → apply → publish → status
//
// and holds only what each of them would otherwise repeat. It knows no
// interface, keeps no state, and must not import anything but the standard
// library.
//
// Bytes matter because Juju tells every peer of a change when a value differs
// in one space: a charm that replaces a Python one must write what that one
// wrote. json.Marshal differs in three ways: no space after comma and colon,
// raw UTF-8, and < > & escaped.
//
//	pyjson.Quote("café <1>")   // "caf\u00e9 <1>", with the quotes
package pyjson
