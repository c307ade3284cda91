// Package ingress reads and writes the databags of the ingress interface, on the
// provider's side: version 2, and the retired version 1 that old charms still
// write (https://github.com/canonical/charmlibs, interfaces/ingress).
//
// It is the first and the last step of an event's road,
//
//	event → read → plan → apply → publish → status
//
// bytes to values and back. What comes from a requirer is hostile until it has
// passed here: sizes are bounded, names are Juju's and DNS-1123 names, ports
// are ports, addresses are such as a pod can have. The package decides nothing
// (who is served, under which URL), calls no tool, reads no clock and keeps no
// state.
//
//	app, err := ingress.ParseApplication(bag)
//	switch {
//	case errors.Is(err, ingress.ErrNotWritten):
//		// the requirer comes later: wait without a word
//	case err != nil:
//		// err is fit for the status: "port missing"
//	default:
//		url, err := ingress.NormalizeURL("https://" + host + "/" + app.Model + "-" + app.Name)
//		…
//		set(ingress.EncodeURL(url)) // ingress: {"url": "https://gw.example.com/shop-web"}
//	}
package ingress
