// Package ingress reads and writes the databags of the ingress interface, on the provider's side:
// version 2, and the retired version 1 that old charms still write
// (https://github.com/canonical/charmlibs, interfaces/ingress).
//
// It is part of the first and the last step of every event, and turns bytes into values and back:
//
//	event → read → plan → apply → publish → status
//
// The requirer's data are hostile until they have passed this package. Sizes are limited, names are
// valid in Juju and as DNS-1123 labels, ports are ports, and addresses are ones that a pod can
// have. The package decides nothing (who is served, under which URL), calls no tool, reads no clock
// and keeps no state.
//
//	app, err := ingress.ParseApplication(bag)
//	switch {
//	case errors.Is(err, ingress.ErrNotWritten):
//		// the requirer writes later: wait silently
//	case err != nil:
//		// err is fit for the status: "port missing"
//	default:
//		url, err := ingress.NormalizeURL("https://" + host + "/" + app.Model + "-" + app.Name)
//		…
//		set(ingress.EncodeURL(url)) // ingress: {"url": "https://gw.example.com/shop-web"}
//	}
package ingress
