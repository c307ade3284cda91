// Package dnsrecord reads and writes the databags of the dns_record interface,
// version 0, on the requirer's side: which names shall lead to which addresses,
// and what the DNS provider says to that (https://github.com/canonical/charmlibs,
// interfaces/dns_record).
//
// It is the first and the last step of an event's road,
//
//	event → read → plan → apply → publish → status
//
// bytes to values and back, and the one judgement that needs both sides: which
// of our records is worst off? Records are written in the bytes of the Python
// library, so that a charm which takes over from a Python one changes nothing.
//
// What comes from the provider is hostile until it has passed here: sizes are
// bounded, an entry that makes no sense is left out with a remark, texts are made
// fit for one line, and answers to what others asked count for nothing. The package
// decides nothing (which hosts are wanted, how bad a missing record is), calls
// no tool, reads no clock and keeps no state. It knows IP addresses only: the
// interface has no way to point a name at another name, as the address of some
// load balancers is.
//
//	records := []dnsrecord.Record{{Hostname: "gw.example.com", Address: address}}
//	set(dnsrecord.Encode(records)) // dns_entries: [{"domain": "gw.example.com", …}]
//
//	provider := dnsrecord.ParseProvider(theirBag)
//	if verdict := dnsrecord.Judge(records, provider); verdict.Status != dnsrecord.Approved {
//		log(verdict.Reason()) // gw.example.com (10.0.0.1): conflict: "already taken"
//	}
package dnsrecord
