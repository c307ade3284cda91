package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// sbom writes the software bill of materials, CycloneDX 1.6 in JSON: the charm,
// and every Go module in its program with version, checksum and licences. It
// holds no time and no serial number: the same program gives the same bytes.
func sbom(charm, version string, dependencies []dependency) ([]byte, error) {
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: charm, Type: cyclonedx.ComponentTypeApplication, Name: charm, Version: version,
		Licenses: licensesOf([]string{"Apache-2.0"}),
	}}
	var components []cyclonedx.Component
	var refs []string
	for _, dependency := range dependencies {
		component, err := componentOf(dependency)
		if err != nil {
			return nil, fmt.Errorf("cannot describe %s: %w", dependency.path, err)
		}
		components, refs = append(components, component), append(refs, component.BOMRef)
	}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: charm, Dependencies: &refs}}
	var out bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON)
	encoder.SetPretty(true)
	if err := encoder.EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("cannot write the bill of materials: %w", err)
	}
	return out.Bytes(), nil
}

func componentOf(d dependency) (cyclonedx.Component, error) {
	purl := packageURL(d.path, d.version)
	component := cyclonedx.Component{
		BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: d.path, Version: d.version,
		Scope: cyclonedx.ScopeRequired, PackageURL: purl, Licenses: licensesOf(d.licenses),
	}
	if d.sum == "" {
		return component, nil
	}
	// go.sum's h1 is a SHA-256 over the module's files, in base64.
	encoded, found := strings.CutPrefix(d.sum, "h1:")
	sum, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil {
		return component, fmt.Errorf("checksum %q is not of the form h1:…", d.sum)
	}
	component.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
	return component, nil
}

// packageURL names a Go module as the package URL specification wants it.
func packageURL(path, version string) string {
	return "pkg:golang/" + path + "@" + url.QueryEscape(version)
}

func licensesOf(ids []string) *cyclonedx.Licenses {
	var all cyclonedx.Licenses
	for _, id := range ids {
		all = append(all, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: id}})
	}
	return &all
}
