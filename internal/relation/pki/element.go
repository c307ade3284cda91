package pki

// An element is one value of ASN.1 with its tag and its length. Lengths may have more bytes than
// needed, which DER forbids and OpenSSL accepts.
type element struct {
	tag     byte
	content []byte
	full    []byte // with tag and length
}

// Tags of ASN.1 in certificates.
const (
	tagBoolean     = 0x01
	tagInteger     = 0x02
	tagBitString   = 0x03
	tagOctetString = 0x04
	tagOID         = 0x06
	tagUTCTime     = 0x17
	tagTime        = 0x18
	tagSequence    = 0x30
	tagSet         = 0x31
	tagVersion     = 0xa0
	tagIssuerID    = 0x81
	tagSubjectID   = 0x82
	tagExtensions  = 0xa3
	tagKeyID       = 0x80 // of AuthorityKeyIdentifier
)

// next removes the first element from data.
func next(data []byte) (one element, rest []byte, ok bool) {
	if len(data) < 2 || data[0]&0x1f == 0x1f {
		return element{}, nil, false // No certificate has tags of several bytes.
	}
	length, head := int(data[1]), 2
	if length >= 0x80 {
		count := length & 0x7f
		if count == 0 || count > 4 || len(data) < 2+count {
			return element{}, nil, false
		}
		length, head = 0, 2+count
		for _, b := range data[2:head] {
			length = length<<8 | int(b)
		}
	}
	if length < 0 || length > len(data)-head {
		return element{}, nil, false
	}
	return element{tag: data[0], content: data[head : head+length], full: data[:head+length]}, data[head+length:], true
}

// A reader reads elements one after another, and remembers whether one was missing.
type reader struct {
	rest   []byte
	failed bool
}

// take returns the next element, which must have the tag.
func (r *reader) take(tag byte) element {
	one, rest, ok := next(r.rest)
	if !ok || one.tag != tag {
		r.failed = true
		return element{}
	}
	r.rest = rest
	return one
}

// optional returns the next element if it has the tag.
func (r *reader) optional(tag byte) (element, bool) {
	one, rest, ok := next(r.rest)
	if !ok || one.tag != tag {
		return element{}, false
	}
	r.rest = rest
	return one, true
}

// any returns the next element, whatever its tag.
func (r *reader) any() element {
	one, rest, ok := next(r.rest)
	if !ok {
		r.failed = true
		return element{}
	}
	r.rest = rest
	return one
}

// more reports whether something is left to take.
func (r *reader) more() bool { return !r.failed && len(r.rest) > 0 }
