// Package dnsrecord reads and writes the databags of the dns_record interface, version 0, on the
// requirer's side: which names are to lead to which addresses, and what the DNS provider answers
// (https://github.com/canonical/charmlibs, interfaces/dns_record).
//
// It is part of the first and the last step of every event, and turns bytes into values and back:
//
//	event → read → plan → apply → publish → status
//
// It also makes the one judgement that needs both sides: which of our records is worst off? It
// writes records in the bytes of the Python library, so that a charm which replaces a Python one
// changes nothing.
//
// The provider's data are hostile until they have passed this package. Sizes are limited, an entry
// that makes no sense is left out with a remark, texts are made fit for one line, and answers to
// requests of others do not count. The package decides nothing (which hosts are wanted, how bad a
// missing record is), calls no tool, reads no clock and keeps no state. It knows IP addresses only:
// the interface cannot point a name at another name, which is the address of some load balancers.
//
//	records := []dnsrecord.Record{{Hostname: "gw.example.com", Address: address}}
//	set(dnsrecord.Encode(records)) // dns_entries: [{"domain": "gw.example.com", …}]
//
//	provider := dnsrecord.ParseProvider(theirBag)
//	if verdict := dnsrecord.Judge(records, provider); verdict.Status != dnsrecord.Approved {
//		log(verdict.Reason()) // gw.example.com (10.0.0.1): conflict: "already taken"
//	}
package dnsrecord
