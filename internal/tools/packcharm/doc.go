// Command packcharm makes the files that `juju deploy ./x.charm` takes, one for
// each platform of charmcraft.yaml, without charmcraft.
//
// A charm is a zip. What Juju wants in its root (juju/juju, internal/charm):
//
//	metadata.yaml  name, summary, description, endpoints
//	manifest.yaml  the bases it runs on; without them Juju takes it for an old kind of charm
//	config.yaml    options
//	actions.yaml   actions
//	dispatch       the program, run for every event; its zip entry must carry the exec bit
//	version        one line, shown by juju status
//
// LICENSE, README.md and icon.svg are for people and for Charmhub; so are
//
//	sbom.cdx.json             the modules in the program: CycloneDX, with versions, checksums, licences
//	third-party-licenses.txt  the terms of those modules, which have to go with the program
//
// A module under a licence that has not been found compatible stops the packing. So does a
// Go that is older than oldestGo.
//
// The same tree gives the same bytes, on any machine with the same Go: entries
// are sorted and carry one fixed time, and the program holds no path, build id
// or clock. Only `version` comes from elsewhere, from the repository's history.
//
// This command must not know the charm's code: it takes the YAML files as they
// stand, and calls the go command for the program.
//
//	go -C internal/tools run ./packcharm -root ../.. -out ../..
package main
