package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
)

// checkSupply compares the bill of materials with what Go wrote into the program.
func checkSupply(t *testing.T, files map[string]packedFile) {
	t.Helper()
	info, err := buildinfo.Read(bytes.NewReader(files["dispatch"].content))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"std": strings.TrimPrefix(info.GoVersion, "go")}
	for _, module := range info.Deps {
		want[module.Path] = module.Version
	}
	if _, found := want["k8s.io/client-go"]; !found {
		t.Error("the program has no client-go: what was read is not the charm's")
	}
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(files["sbom.cdx.json"].content), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, component := range *bom.Components {
		got[component.Name] = component.Version
		if component.Licenses == nil || len(*component.Licenses) == 0 {
			t.Errorf("%s has no licence", component.Name)
		}
		if component.Name != "std" && (component.Hashes == nil || len((*component.Hashes)[0].Value) != 64) {
			t.Errorf("%s has no checksum", component.Name)
		}
		if name := []byte(component.Name + " "); component.Name != "std" && !bytes.Contains(files["third-party-licenses.txt"].content, name) {
			t.Errorf("the terms of %s do not go with the program", component.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modules (-in the program +in the bill):\n%s", diff)
	}
	if main := bom.Metadata.Component; main.Name != "gateway-api-integrator" || main.Version != unversioned {
		t.Errorf("the bill is of %s %s", main.Name, main.Version)
	}
	if bytes.Contains(files["sbom.cdx.json"].content, []byte(`"timestamp"`)) {
		t.Error("the bill tells a time")
	}
}

const isc = `Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`

func TestReadLicenseFiles(t *testing.T) {
	t.Parallel()
	gpl := "This program is free software: you can redistribute it and/or modify it under the terms of " +
		"the GNU General Public License as published by the Free Software Foundation, version 3.\n"
	tests := map[string]struct {
		files map[string]string
		want  string // the error; "" for the licence ISC
		texts int
	}{
		"one":                       {files: map[string]string{"LICENSE": isc}, texts: 1},
		"by another name":           {files: map[string]string{"COPYING.md": isc, "license.go": "package x"}, texts: 1},
		"with a notice":             {files: map[string]string{"LICENSE-ISC.txt": isc, "NOTICE": "Thanks to all.\n"}, texts: 2},
		"of code taken from others": {files: map[string]string{"LICENSE": isc, "forked/LICENSE": isc}, texts: 2},
		"none":                      {files: map[string]string{"README": isc}, want: "no file of it says so"},
		"unknown":                   {files: map[string]string{"LICENSE": "Do as you like.\n"}, want: "LICENSE is none that is known"},
		"unknown, of a part":        {files: map[string]string{"LICENSE": isc, "part/LICENSE": "Do as you like.\n"}, want: "part/LICENSE is none that is known"},
		"not compatible":            {files: map[string]string{"LICENSE": gpl}, want: "GPL"},
		"not compatible, in a part": {files: map[string]string{"LICENSE": isc, "part/LICENSE": gpl}, want: "GPL"},
		"with other terms":          {files: map[string]string{"LICENSE": isc + "It may not be used for money, and each copy of it is paid for: ask its author, who says how much, and how it is paid.\n"}, want: "LICENSE has other terms"},
		"with another's address":    {files: map[string]string{"LICENSE": isc + "\nhttps://www.gnu.org/licenses/agpl.txt\n"}, want: "AGPL"},
		"of another, by its name":   {files: map[string]string{"LICENSE": isc, "LICENSE_GPL": gpl}, want: "GPL"},
		"of another, named first":   {files: map[string]string{"LICENSE": isc, "GPL-LICENSE.txt": gpl}, want: "GPL"},
		"of another, in a place":    {files: map[string]string{"LICENSE": isc, "LICENSES/GPL.txt": gpl}, want: "GPL"},
		"in a copyright file":       {files: map[string]string{"LICENSE": isc, "COPYRIGHT": gpl}, want: "GPL"},
		"of what is tested with":    {files: map[string]string{"LICENSE": isc, "testdata/LICENSE": gpl}, texts: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			module := fstest.MapFS{}
			for path, content := range test.files {
				module[path] = &fstest.MapFile{Data: []byte(content)}
			}
			var got dependency
			err := got.readLicenseFiles(module)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got error %v, want one that says %q", err, test.want)
				}
				return
			}
			if err != nil || len(got.texts) != test.texts {
				t.Errorf("%d texts, %v, want %d", len(got.texts), err, test.texts)
			}
			if diff := cmp.Diff([]string{"ISC"}, got.licenses); diff != "" {
				t.Errorf("licences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLicenseTextsStandOnce(t *testing.T) {
	t.Parallel()
	same := []licenseText{{name: "LICENSE", content: []byte("the terms\n")}}
	got := string(licenseTexts([]dependency{{path: "a", version: "v1", texts: same}, {path: "b", version: "v2", texts: same}}))
	if strings.Count(got, "the terms") != 1 || !strings.Contains(got, "a v1: LICENSE\nb v2: LICENSE\n") {
		t.Errorf("got:\n%s", got)
	}
}

func TestSBOMRefusesAChecksum(t *testing.T) {
	t.Parallel()
	if _, err := sbom("x", "1", []dependency{{path: "a", version: "v1", sum: "h2:abc"}}); err == nil {
		t.Error("a checksum of an unknown kind was taken")
	}
	content, err := sbom("x", "1", []dependency{{path: "a", version: "v1.0.0+incompatible"}})
	if err != nil || !json.Valid(content) || !bytes.Contains(content, []byte(`"purl": "pkg:golang/a@v1.0.0%2Bincompatible"`)) {
		t.Errorf("got %s, %v", content, err)
	}
}
