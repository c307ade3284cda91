package plan_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/address"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// hostileAddresses are addresses that a unit of another model may write so that the gateway sends
// requests there. The API server is at 10.96.0.1, a Service of ours at 10.96.4.7, the Gateway at
// 10.43.45.1.
var hostileAddresses = []string{
	"fd00:ec2::254", "64:ff9b::a9fe:a9fe", "::a9fe:a9fe", "100.100.100.200", "168.63.129.16", "10.96.0.1",
	"255.255.255.255", "0.1.2.3", "240.0.0.1", "fec0::1",
	"169.254.169.254", "127.0.0.1", "::1", "::", "fe80::1", "ff02::1", "::ffff:169.254.169.254", "::ffff:10.96.0.1",
	"2002:a9fe:a9fe::1", "64:ff9b:1::a9fe:a9fe", "2001:0:808:808::5601:5601", "100.64.0.1", "10.96.4.7", "10.43.45.1",
	"fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "192.0.0.192", "198.18.0.1", "2001:db8::1",
}

// hostileState returns a state with one application of another model, and a known cluster.
func hostileState(t *testing.T, input string) state.State {
	t.Helper()
	s := readState(t, "testdata/"+input+".in.yaml")
	s.Cluster.APIServer = []netip.Addr{netip.MustParseAddr("10.96.0.1")}
	s.Cluster.ServiceAddresses = []netip.Addr{netip.MustParseAddr("10.96.4.7")}
	s.Requirers[0].Port = 80
	return s
}

// allBehind returns the addresses in all planned EndpointSlices.
func allBehind(p plan.Plan) []netip.Addr {
	var all []netip.Addr
	for _, object := range p.Objects {
		if object.GetObjectKind().GroupVersionKind().Kind == "Service" {
			all = append(all, addressesBehind(p, object.GetName())...)
		}
	}
	return all
}

// TestHostileAddresses lets a unit of another model write each of them: alone, beside a good one,
// after a good one, and while the cluster has it from an older charm or by hand.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	good := netip.MustParseAddr("10.1.0.5")
	for _, text := range hostileAddresses {
		bad := netip.MustParseAddr(text)
		shown := bad.Unmap().String()
		one := state.UnitAddress{Number: 3, Address: bad}
		const service = "gateway-staging-shop-service"

		s := hostileState(t, "cross-model")
		s.Requirers[0].HasUnits, s.Requirers[0].Addresses, s.Requirers[0].At = true, []netip.Addr{bad}, []state.UnitAddress{one}
		for _, live := range [][]netip.Addr{nil, {bad}, {good}, {bad, good}} {
			s.Cluster.Services = map[string][]netip.Addr{service: live}
			p := plan.Make(s)
			if behind := allBehind(p); len(behind) > 0 {
				t.Errorf("%s alone, where the cluster has %v: behind the gateway is %v", bad, live, behind)
			}
			if p.Status.Kind != plan.Blocked || !strings.Contains(p.Status.Message, "/3 is at "+shown[:min(10, len(shown))]) || strings.Count(p.Status.Message, "; ") != 1 {
				t.Errorf("%s alone: %v", bad, p.Status)
			}
			if len(p.Relations.URLs) != 1 || p.Relations.URLs[0].URL != "" {
				t.Errorf("%s alone: told %v", bad, p.Relations.URLs)
			}
			if !slices.ContainsFunc(p.Remarks, func(remark string) bool { return strings.Contains(remark, "/3 is at "+shown+", ") }) {
				t.Errorf("%s alone: not logged: %q", bad, p.Remarks)
			}
		}

		s.Requirers[0].Addresses = []netip.Addr{bad, good}
		s.Requirers[0].At = []state.UnitAddress{{Number: 0, Address: good}, one}
		p := plan.Make(s)
		if behind := allBehind(p); !slices.Equal(behind, []netip.Addr{good}) {
			t.Errorf("%s beside a good one: behind the gateway is %v", bad, behind)
		}
		if p.Status.Kind != plan.Active || !strings.Contains(p.Status.Message, "/3 is at "+shown[:min(10, len(shown))]) {
			t.Errorf("%s beside a good one: %v", bad, p.Status)
		}

		s = hostileState(t, "cross-model-silent-while-serving")
		s.Cluster.Services = map[string][]netip.Addr{service: {bad, good}}
		if behind := allBehind(plan.Make(s)); !slices.Equal(behind, []netip.Addr{good}) {
			t.Errorf("%s in the cluster: behind the gateway is %v", bad, behind)
		}
		s.Cluster.Services = map[string][]netip.Addr{service: {bad}}
		if behind := allBehind(plan.Make(s)); len(behind) > 0 {
			t.Errorf("%s alone in the cluster: behind the gateway is %v", bad, behind)
		}
	}
}

// TestHostileAddressesOfUnits does the same with a Service for each unit.
func TestHostileAddressesOfUnits(t *testing.T) {
	t.Parallel()
	for _, text := range hostileAddresses {
		bad, good := netip.MustParseAddr(text), netip.MustParseAddr("10.1.0.7")
		for _, forbidden := range []string{"", "list backendtlspolicies"} {
			s := hostileState(t, "https-backend-cross-model-units")
			r := &s.Requirers[0]
			r.Units[1].Address = bad
			r.Addresses, r.At = []netip.Addr{good, bad}, []state.UnitAddress{{Number: 0, Address: good}, {Number: 1, Address: bad}}
			s.Cluster.ForbiddenBackendTLS = forbidden
			s.Cluster.Services = map[string][]netip.Addr{}
			for _, name := range []string{"gateway-far-vault-service", "gateway-far-vault-0-service", "gateway-far-vault-1-service", "gateway-far-vault-2-service"} {
				s.Cluster.Services[name] = []netip.Addr{bad}
				s.Cluster.TLSServices = append(s.Cluster.TLSServices, name)
			}
			for _, behind := range allBehind(plan.Make(s)) {
				if behind != good {
					t.Errorf("%s, forbidden %q: behind the gateway is %v", bad, forbidden, behind)
				}
			}
		}
	}
}

// TestAddressesOfOurModel: pods of our own model are found by selectors, whatever addresses their
// units write and whatever is in the cluster.
func TestAddressesOfOurModel(t *testing.T) {
	t.Parallel()
	bad := netip.MustParseAddr("10.1.0.66")
	s := hostileState(t, "cross-model")
	r := &s.Requirers[0]
	r.Application, r.Model, r.Name, r.HasUnits = "shop", s.Model, "shop", true
	r.Addresses, r.At = []netip.Addr{bad}, []state.UnitAddress{{Address: bad}}
	s.Cluster.Services = map[string][]netip.Addr{"gateway-shop-service": {bad}}
	for _, waiting := range []bool{false, true} {
		r.Waiting = waiting
		p := plan.Make(s)
		if behind := allBehind(p); len(behind) > 0 {
			t.Errorf("waiting %t: behind the gateway is %v", waiting, behind)
		}
		if !slices.ContainsFunc(p.Objects, func(o plan.Object) bool { return o.GetName() == "gateway-shop-service" }) {
			t.Errorf("waiting %t: not served: %v", waiting, p.Status)
		}
	}
}

// TestAddressesOfOurModelCalledAnother: an application that Juju lists in our model belongs to it,
// whatever model it claims to be of, and whatever the cluster has of it.
func TestAddressesOfOurModelCalledAnother(t *testing.T) {
	t.Parallel()
	bad := netip.MustParseAddr("10.1.0.66")
	for _, scheme := range []string{"http", "https"} {
		s := hostileState(t, "cross-model")
		r := &s.Requirers[0]
		r.Application, r.Local, r.HasUnits, r.Scheme = "evil", true, true, scheme
		r.Addresses, r.At = []netip.Addr{bad}, []state.UnitAddress{{Address: bad}}
		r.Units, r.Hosts = []state.Unit{{Host: "evil.example.net", Address: bad}}, []string{"evil.example.net"}
		s.CAProviders = []state.CAProvider{{RelationID: 11, Application: "ca", Written: true, Certificates: []string{"CA-1\n"}}}
		s.Cluster.Services = map[string][]netip.Addr{"gateway-staging-shop-service": {bad}}
		if p := plan.Make(s); len(allBehind(p)) > 0 || p.Relations.URLs[0].URL != "" {
			t.Errorf("%s: behind the gateway is %v, told %v", scheme, allBehind(p), p.Relations.URLs)
		}
	}
}

// TestGatewaysOwnAddress: on the Gateway's own ports nothing else listens at its address; on
// another port an application of the same node may.
func TestGatewaysOwnAddress(t *testing.T) {
	t.Parallel()
	own := netip.MustParseAddr("10.43.45.1")
	for port, refused := range map[int32]bool{80: true, 443: true, 8080: false} {
		s := hostileState(t, "cross-model")
		s.Requirers[0].Port, s.Requirers[0].Addresses = port, []netip.Addr{own}
		if behind := allBehind(plan.Make(s)); len(behind) == 0 != refused {
			t.Errorf("port %d: behind the gateway is %v", port, behind)
		}
		// It was accepted with another port, and its units write nothing now.
		s.Requirers[0].Addresses, s.Requirers[0].Waiting, s.Requirers[0].HasUnits = nil, true, true
		s.Cluster.Services = map[string][]netip.Addr{"gateway-staging-shop-service": {own}}
		if behind := allBehind(plan.Make(s)); len(behind) == 0 != refused {
			t.Errorf("port %d, by what stands: behind the gateway is %v", port, behind)
		}
	}
}

// TestNetworksOfOtherModels follows the option, also with a wrong value.
func TestNetworksOfOtherModels(t *testing.T) {
	t.Parallel()
	at := func(option string, problem bool, stored string, addresses ...string) []string {
		s := hostileState(t, "cross-model")
		s.Requirers[0].Addresses = nil
		for _, text := range addresses {
			s.Requirers[0].Addresses = append(s.Requirers[0].Addresses, netip.MustParseAddr(text))
		}
		var err error
		if s.Config.CrossModelNetworks, err = address.ParseNetworks(option); err != nil {
			t.Fatal(err)
		}
		if problem {
			s.Problems = []state.Problem{{Option: state.OptionCrossModelNetworks, Message: "is wrong"}}
		}
		if stored != "" {
			s.Cluster.Gateway.Annotations["gateway-api-integrator.charm.juju.is/settings"] = `{"external-hostname":"web.example.com","hsts-max-age":31536000,"cross-model-networks":"` + stored + `"}`
		}
		p := plan.Make(s)
		if problem && (p.Status.Kind != plan.Blocked || !strings.HasPrefix(p.Status.Message, "invalid configuration: cross-model-networks is wrong; `juju config gateway cross-model-networks=")) {
			t.Errorf("status %v", p.Status)
		}
		var all []string
		for _, one := range allBehind(p) {
			all = append(all, one.String())
		}
		return all
	}
	for _, test := range []struct {
		option  string
		problem bool
		stored  string
		want    []string
	}{
		{"", false, "", []string{"10.1.0.5"}},
		{"100.64.0.0/10", false, "", []string{"10.1.0.5", "100.64.0.1"}},
		{"-10.0.0.0/8", false, "", nil},
		{"-10.0.0.0/8,100.64.0.0/10", false, "", []string{"100.64.0.1"}},
		{"", true, "100.64.0.0/10", []string{"10.1.0.5", "100.64.0.1"}},
		{"", true, "-10.0.0.0/8", nil},
		{"", true, "no list", []string{"10.1.0.5"}},
		{"", false, "100.64.0.0/10", []string{"10.1.0.5"}},
	} {
		if got := at(test.option, test.problem, test.stored, "10.1.0.5", "100.64.0.1"); !slices.Equal(got, test.want) {
			t.Errorf("%q, wrong %t, stored %q: %v, want %v", test.option, test.problem, test.stored, got, test.want)
		}
	}
}

// TestManyHostileAddresses: an application with very many units cannot make the log long.
func TestManyHostileAddresses(t *testing.T) {
	t.Parallel()
	s := hostileState(t, "cross-model")
	r := &s.Requirers[0]
	r.Addresses, r.HasUnits = nil, true
	for i := range 50_000 {
		at := netip.AddrFrom4([4]byte{100, 64 + byte(i>>16), byte(i >> 8), byte(i)})
		r.Addresses, r.At = append(r.Addresses, at), append(r.At, state.UnitAddress{Number: i, Address: at})
	}
	p := plan.Make(s)
	if n := len(p.Remarks); n != 11 || !strings.HasSuffix(p.Remarks[10], ": not served: 49990 more of its units") {
		t.Errorf("%d remarks, the last %q", n, p.Remarks[n-1])
	}
	if behind := allBehind(p); len(behind) > 0 || !strings.Contains(p.Status.Message, "/0 is at 100.64.0.0, ") {
		t.Errorf("behind the gateway is %v, and the status %v", behind, p.Status)
	}
}
