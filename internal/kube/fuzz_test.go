package kube

import (
	stdjson "encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// FuzzSnapshot: objects of every kind may be of any shape. What cannot be read is left out or is
// an error, and nothing is changed by reading it.
func FuzzSnapshot(f *testing.F) {
	for _, object := range append(all(), gateway("several", "a", "b"), service("ports", 80, 443), httpRoute("hosts", "a.example.com")) {
		text, err := stdjson.Marshal(object)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, text := range []string{
		`{"kind":"Secret","metadata":{"name":"gw"},"data":{"tls.crt":"LS0t","tls.key":"?"}}`,
		`{"metadata":{"name":"gw","annotations":{"a":1},"labels":[]},"data":{"tls.crt":{}}}`,
		`{"metadata":{"name":"gw","labels":{"kubernetes.io/service-name":"web"}},"endpoints":[null,{"addresses":["10.0.0.2","x","10.0.0.1","fe80::1%a"]},{"addresses":7}]}`,
		`{"metadata":{"name":"gw","generation":2},"spec":{"parentRefs":[7,{"sectionName":"gw-http"}],"rules":[{"backendRefs":[{"name":"web"},{"name":5},[]]},null]},"status":{"parents":[{"conditions":[{"observedGeneration":1},0]},null]}}`,
		`{"metadata":{"name":"gw"},"spec":{"clusterIPs":["10.96.0.7","None",7,"fd98::7"]}}`,
		`{"metadata":{"name":"gw"},"spec":{"ports":[{"name":"https-x"},{"name":1}],"targetRefs":[{"name":"web"}]},"status":{"addresses":null,"listeners":7}}`,
		`{"metadata":{"name":"gw","generation":"2"},"spec":"none"}`, `{"metadata":[]}`, `null`,
	} {
		f.Add(text)
	}
	client, err := NewClient(&rest.Config{Host: "http://127.0.0.1:1"}, Options{Namespace: "shop", Manager: "gw", Label: testLabel})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var content map[string]any
		if json.Unmarshal([]byte(text), &content) != nil || content == nil {
			return // Objects are maps, with numbers as util/json has them.
		}
		snapshot := newSnapshot()
		object := &unstructured.Unstructured{Object: content}
		before := object.DeepCopy()
		for _, r := range resources {
			snapshot.live[key{r.kind, "gw"}] = object
		}
		err := snapshot.convert("gw")
		if err == nil && (snapshot.Gateway == nil || len(snapshot.Routes) != 1 || len(snapshot.Policies) != 1) {
			t.Errorf("read: %+v", snapshot)
		}
		secrets := snapshot.TLSSecrets()
		if len(secrets) != 1 || secrets[0].Name != "gw" {
			t.Errorf("Secrets: %+v", secrets)
		}
		services := snapshot.Services()
		if _, found := services["gw"]; !found {
			t.Errorf("Services: %+v", services)
		}
		for name, addresses := range services {
			if !slices.IsSortedFunc(addresses, netip.Addr.Compare) {
				t.Errorf("Service %q has the addresses %v", name, addresses)
			}
		}
		if own := snapshot.ServiceAddresses(); !slices.IsSortedFunc(own, netip.Addr.Compare) {
			t.Errorf("Services are at %v", own)
		}
		if with := snapshot.TLSServices(); len(with) > 1 || len(with) == 1 && !speaksTLS(object) {
			t.Errorf("Services that speak TLS: %q", with)
		}
		snapshot.ConfigMap("gw")
		wanted, err := client.compare(snapshot, append(all(), httpRoute("gw"), service("gw", 80)))
		if err != nil {
			t.Fatal(err)
		}
		live, ends := client.live(snapshot), false
		for answers := []rollout.Answer(nil); !ends; {
			steps := rollout.Next(live, wanted.objects, answers)
			for _, step := range steps {
				answers = append(answers, rollout.Answer{Step: step, Failed: len(text)%2 == 0})
				if body := wanted.bodies[key(step.Object.Ref)]; body != nil {
					asWritten(body, snapshot.live[key(step.Object.Ref)], step.Object)
				}
			}
			if ends = len(steps) == 0; len(answers) > len(wanted.objects)+len(live.Objects) {
				t.Fatalf("%d steps for %d objects", len(answers), len(wanted.objects)+len(live.Objects))
			}
		}
		if !reflect.DeepEqual(before.Object, object.Object) {
			t.Errorf("the object was changed from %v to %v", before.Object, object.Object)
		}
	})
}
