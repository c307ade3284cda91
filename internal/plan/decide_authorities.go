package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The authorities that sign the certificates of applications that speak TLS. The providers on
// receive-ca-cert tell them, and the charm stores them in one ConfigMap.

// AnnotationTold stores, on the ConfigMap, which relation told of which authorities, so that those
// of a provider that stops writing are known. It counts only if Juju has no [state.Record].
const AnnotationTold = "gateway-api-integrator.charm.juju.is/told"

// AuthoritiesKey is the key under which a BackendTLSPolicy looks for authorities in a ConfigMap.
const AuthoritiesKey = "ca.crt"

// maxBundle limits the authorities in the ConfigMap, in bytes. The API server accepts a megabyte.
const maxBundle = 768 << 10

// maxTold limits how many authorities are noted with their relation: Juju limits the size of what a
// unit stores, and other things are on record too.
const maxTold = 800

// gather joins the authorities of all providers, each once and sorted, so that the bytes do not
// depend on the order of the providers. If there is not enough room, each provider first gets as
// many as its share of the room holds; the older relations then get what is left.
func (t *backendTLS) gather(s observed) {
	providers, all, size := caProvidersByAge(s), map[string]bool{}, 0
	t.told = authorityDigests{}
	refuses := refusesUnread(s)
	left, remarks := make([][]string, len(providers)), make([][]string, len(providers))
	take := func(i, room int) {
		var more []string
		for _, certificate := range left[i] {
			switch {
			case all[certificate]:
			case len(certificate) > room || size+len(certificate) > maxBundle:
				more = append(more, certificate)
				continue
			default:
				all[certificate], size, room = true, size+len(certificate), room-len(certificate)
			}
			relation := providers[i].RelationID
			t.told[relation] = append(t.told[relation], digestOf(certificate))
		}
		left[i] = more
	}
	for i, provider := range providers {
		certificates := slices.Clone(provider.Certificates)
		remarks[i] = slices.Clone(provider.Remarks)
		if !provider.Written {
			if certificates = lastTold(s, provider); len(certificates) > 0 {
				remarks[i] = append(remarks[i], lastAuthorities)
			}
		}
		// One such certificate might make the controller refuse all of them.
		left[i] = slices.DeleteFunc(certificates, func(one string) bool { return refuses && pki.Unread(one) })
		if unread := len(certificates) - len(left[i]); unread > 0 {
			remarks[i] = append(remarks[i], fmt.Sprintf("%d of its CA certificates are left out: Envoy Gateway refuses them", unread))
		}
	}
	for i := range providers {
		take(i, maxBundle/len(providers))
	}
	for i, provider := range providers {
		take(i, maxBundle)
		if n := len(left[i]); n > 0 {
			remarks[i] = append(remarks[i], fmt.Sprintf("there is no room for %d of its CA certificates", n))
		}
		for _, remark := range remarks[i] {
			t.remarks = append(t.remarks, fmt.Sprintf("%s (relation %d): %s", provider.Application, provider.RelationID, remark))
		}
	}
	t.told.bound()
	t.bundle = strings.Join(slices.Sorted(maps.Keys(all)), "")
}

const lastAuthorities = "it tells of no CA certificate: the last ones known are kept"

// lastTold returns the authorities that a provider told of earlier. It is for a provider that now
// writes nothing at all, such as one of version 0 that is scaled to no units. A provider withdraws
// its authorities by an empty list, or by the end of the relation.
func lastTold(s observed, provider state.CAProvider) []string {
	noted, last := s.Cluster.Authorities.Told, authorityDigests{}
	if s.Record != nil {
		noted = s.Record.Told // Anybody who may write the ConfigMap can add to its annotation.
	}
	if json.Unmarshal([]byte(noted), &last) != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Cluster.Authorities.PEM), func(certificate string) bool {
		return !slices.Contains(last[provider.RelationID], digestOf(certificate))
	})
}

// refusesUnread reports whether the controller that has the Gateway, or is to have it, refuses
// certificates that Go cannot parse.
func refusesUnread(s observed) bool {
	return slices.ContainsFunc(s.Cluster.Classes, func(class gatewayv1.GatewayClass) bool {
		wanted := s.Config.GatewayClass == "" || s.Config.GatewayClass == class.Name
		has := s.Cluster.Gateway != nil && string(s.Cluster.Gateway.Spec.GatewayClassName) == class.Name
		return controller.Does(&class, controller.UnreadCertificates) == controller.No && (has || wanted && s.Cluster.Gateway == nil || s.Config.GatewayClass == class.Name)
	})
}

// bound cuts the digests to maxTold, and leaves each provider its share. Of the authorities that
// are cut off, nobody knows who told of them if that provider stops writing.
func (all authorityDigests) bound() {
	count := 0
	for _, digests := range all {
		count += len(digests)
	}
	if count <= maxTold {
		return
	}
	share := maxTold / len(all)
	for relation, digests := range all {
		if all[relation] = digests[:min(share, len(digests))]; share == 0 {
			delete(all, relation)
		}
	}
}

func digestOf(certificate string) string {
	sum := sha256.Sum256([]byte(certificate))
	return hex.EncodeToString(sum[:8])
}
