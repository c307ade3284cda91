package ingress

// EncodeURL returns the provider's application data that publish url.
func EncodeURL(url string) map[string]string { return map[string]string{"ingress": url} }

// ParseURL returns the URL that our own application data publish now.
func ParseURL(bag map[string]string) (string, error) { return bag["ingress"], nil }

// NormalizeURL returns the normal form of a URL.
func NormalizeURL(raw string) (string, error) { return raw, nil }
