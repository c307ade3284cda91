package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The authorities that sign the certificates of applications that speak TLS: those that
// the providers on receive-ca-cert tell of, in one ConfigMap.

// AnnotationTold shows, on the ConfigMap, which relation told of which authorities, so
// that those of a provider which falls silent are known. It is believed only where Juju has
// no [state.Record].
const AnnotationTold = "gateway-api-integrator.charm.juju.is/told"

// AuthoritiesKey is where a BackendTLSPolicy looks for authorities in a ConfigMap.
const AuthoritiesKey = "ca.crt"

// maxBundle bounds the authorities in the ConfigMap, in bytes. The API server takes a
// megabyte.
const maxBundle = 768 << 10

// told are digests of authorities by the number of the relation that told of them, which
// Juju gives to no other. It is what AnnotationTold holds.
type told map[int][]string

func digestOf(certificate string) string {
	sum := sha256.Sum256([]byte(certificate))
	return hex.EncodeToString(sum[:8])
}

// gather joins the authorities of all providers, each once and sorted, so that the
// bytes are the same whatever the order. Of more than there is room for, those of the
// older relations stay.
func (t *trust) gather(s state.State) {
	var all []string
	size := 0
	t.told = told{}
	refuses := refusesUnread(s)
	for _, provider := range caProvidersByAge(s) {
		certificates, remarks := provider.Certificates, slices.Clone(provider.Remarks)
		if !provider.Written {
			if certificates = lastTold(s, provider); len(certificates) > 0 {
				remarks = append(remarks, lastAuthorities)
			}
		}
		left, unread := 0, 0
		for _, certificate := range certificates {
			switch {
			case refuses && pki.Unread(certificate):
				unread++ // One of them might spoil the others.
				continue
			case slices.Contains(all, certificate):
			case size+len(certificate) > maxBundle:
				left++
				continue
			default:
				all, size = append(all, certificate), size+len(certificate)
			}
			t.told[provider.RelationID] = append(t.told[provider.RelationID], digestOf(certificate))
		}
		if unread > 0 {
			remarks = append(remarks, fmt.Sprintf("%d of its CA certificates are left out: Envoy Gateway refuses them", unread))
		}
		if left > 0 {
			remarks = append(remarks, fmt.Sprintf("there is no room for %d of its CA certificates", left))
		}
		for _, remark := range remarks {
			t.remarks = append(t.remarks, fmt.Sprintf("%s (relation %d): %s", provider.Application, provider.RelationID, remark))
		}
	}
	slices.Sort(all)
	t.bundle = strings.Join(all, "")
}

const lastAuthorities = "it tells of no CA certificate: the last ones known are kept"

// lastTold gives the authorities that a provider told of which says nothing at all any
// more, such as one of version 0 that is scaled to no units. To say that there are none,
// and the relation's end, withdraw them.
func lastTold(s state.State, provider state.CAProvider) []string {
	noted, last := s.Cluster.Authorities.Told, told{}
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

// authorities is the ConfigMap.
func authorities(s state.State, t trust) Object {
	meta := objectMeta(s, AuthoritiesName(s.Application))
	text, err := json.Marshal(t.told) // with sorted keys
	if err == nil {
		meta.Annotations = map[string]string{AnnotationTold: string(text)}
	}
	return &configMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: groupVersionCore, Kind: "ConfigMap"},
		ObjectMeta: meta,
		Data:       map[string]string{AuthoritiesKey: t.bundle},
	}
}

// AuthoritiesName is the name of the ConfigMap.
func AuthoritiesName(application string) string {
	return bounded(application+"-backend-ca", maxLabelName)
}
