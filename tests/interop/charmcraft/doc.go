// Package charmcraft has the real charmcraft judge this repository: it reads and
// validates the project, lints the packed charm, and packs the charm itself, which must
// hold what `make charm` packs.
//
// It stands outside of the flow event → read → plan → apply → publish → status: it is
// about the artefact. It needs no cluster. charmcraft is installed as
// [github.com/canonical/gateway-api-integrator/tests/interop/python] says, pinned in
// requirements.txt; where that cannot be had one line says so.
//
// What charmcraft asks of its host and cannot have everywhere is taken away by pack.py,
// which says what; everything else of `charmcraft pack --destructive-mode` is run: its
// project, its build plan, the part's script by craft-parts, priming, the files that it
// writes itself, and the zip.
//
// The package must not repeat what the tests of internal/tools/packcharm say of the
// charm's contents: it compares.
package charmcraft
