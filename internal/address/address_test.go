package address_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/address"
)

// judge makes a judge from an option and what is known.
func judge(t *testing.T, option string, known address.Known) address.Judge {
	t.Helper()
	networks, err := address.ParseNetworks(option)
	if err != nil {
		t.Fatal(err)
	}
	return address.NewJudge(networks, known)
}

func addresses(all ...string) []netip.Addr {
	var parsed []netip.Addr
	for _, one := range all {
		parsed = append(parsed, netip.MustParseAddr(one))
	}
	return parsed
}

var cluster = address.Known{
	Pod:       addresses("10.1.0.9"),
	APIServer: addresses("10.96.0.1"),
	Services:  addresses("10.96.4.7", "fd98::7"),
	Gateway:   addresses("10.43.45.1"),
}

// TestJudge has one address of each kind that a hostile unit may write, and of each kind that pods
// have.
func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct{ address, refused string }{
		{"10.1.0.5", ""},
		{"172.16.3.4", ""},
		{"192.168.7.7", ""},
		{"8.8.8.8", ""},
		{"fd00::5", ""},
		{"fc00:1::5", ""},
		{"2600:1f18::5", ""},
		{"2a00:1450::5", ""},
		{"::ffff:10.1.0.5", ""},

		{"0.0.0.0", "unspecified"},
		{"::", "unspecified"},
		{"127.0.0.1", "loopback"},
		{"::1", "loopback"},
		{"::ffff:127.0.0.1", "loopback"},
		{"169.254.169.254", "link-local"},
		{"169.254.170.23", "link-local"},
		{"::ffff:169.254.169.254", "link-local"},
		{"fe80::a9fe:a9fe", "link-local"},
		{"224.0.0.1", "multicast"},
		{"ff02::1", "multicast"},

		{"0.1.2.3", "unspecified"},
		{"100.64.1.2", "Shared Address Space"},
		{"192.0.0.1", "IPv4 Service Continuity Prefix"},
		{"192.0.0.50", "IETF Protocol Assignments"},
		{"192.0.0.171", "NAT64/DNS64 Discovery"},
		{"192.0.2.1", "Documentation (TEST-NET-1)"},
		{"192.88.99.2", "6a44-relay anycast address"},
		{"198.18.0.1", "Benchmarking"},
		{"240.0.0.1", "Reserved"},
		{"255.255.255.255", "broadcast"},
		{"100::1", "Discard-Only Address Block"},
		{"2001:db8::1", "Documentation"},
		{"2001:20::1", "ORCHIDv2"},
		{"5f00::1", "Segment Routing (SRv6) SIDs"},
		{"fec0::1", "unassigned"},
		{"4000::1", "unassigned"},
		{"fe00::1", "unassigned"},
		{"1::1", "unassigned"},

		{"fd00:ec2::254", "a service of AWS"},
		{"fd00:ec2::23", "a service of AWS"},
		{"fd20:ce::254", "metadata of Google Cloud"},
		{"168.63.129.16", "a service of Azure"},
		{"100.100.100.200", "metadata of Alibaba Cloud"},
		{"fd00:100::100:200", "metadata of Alibaba Cloud"},
		{"192.0.0.192", "metadata of Oracle Cloud"},
		{"fd00:c1::a9fe:a9fe", "metadata of Oracle Cloud"},
		{"fd00:a9fe:a9fe::1", "metadata of Akamai"},
		{"fd00:42::42", "metadata of Scaleway"},

		{"64:ff9b::a9fe:a9fe", "169.254.169.254 in it is link-local"},
		{"64:ff9b::a01:5", "IPv4-IPv6 Translat."},
		{"64:ff9b:1::a9fe:a9fe", "169.254.169.254 in it is link-local"},
		{"64:ff9b:1:a9fe:a9:fe00::", "0.0.0.0 in it is unspecified"},
		{"64:ff9b:1:a01:5:500:7f00:1", "127.0.0.1 in it is loopback"},
		{"::a9fe:a9fe", "169.254.169.254 in it is link-local"},
		{"::a60:1", "10.96.0.1 in it is the API server"},
		{"::a01:5", "unassigned"},
		{"::ffff:0:a9fe:a9fe", "169.254.169.254 in it is link-local"},
		{"2002:a9fe:a9fe::1", "169.254.169.254 in it is link-local"},
		{"2002:808:808::1", "6to4"},
		{"2001:0:a9fe:a9fe::f5f5:f5f5", "169.254.169.254 in it is link-local"},
		{"2001:0:808:808::5601:5601", "169.254.169.254 in it is link-local"},
		{"fd00::5efe:a9fe:a9fe", "169.254.169.254 in it is link-local"},

		{"10.96.0.1", "the API server"},
		{"::ffff:10.96.0.1", "the API server"},
		{"10.96.4.7", "a Service of the charm"},
		{"fd98::7", "a Service of the charm"},
		{"10.43.45.1", "the Gateway's own"},
	}
	j := judge(t, "", cluster)
	for _, test := range tests {
		if got := j.Judge(netip.MustParseAddr(test.address)); got.Reason != test.refused {
			t.Errorf("%s: refused with %q, want %q", test.address, got.Reason, test.refused)
		}
	}
	for _, odd := range []netip.Addr{{}, netip.MustParseAddr("fd00::1%eth0")} {
		if got := j.Judge(odd); got.Reason != "not an address" {
			t.Errorf("%s: %q", odd, got.Reason)
		}
	}
}

// TestJudgeByOption: the smallest network decides, and of two equal ones the operator's.
func TestJudgeByOption(t *testing.T) {
	t.Parallel()
	tests := []struct{ option, address, refused string }{
		{"100.64.0.0/10", "100.64.1.2", ""},
		{"100.64.0.0/10", "10.1.0.5", ""},
		{"100.64.0.0/10", "100.100.100.200", "metadata of Alibaba Cloud"},
		{"100.64.0.0/16", "100.65.1.2", "Shared Address Space"},
		{"0.0.0.0/0 ::/0", "100.64.1.2", "Shared Address Space"},
		{"0.0.0.0/0 ::/0", "fec0::1", "unassigned"},
		{"0.0.0.0/0 ::/0", "169.254.169.254", "link-local"},
		{"0.0.0.0/0 ::/0", "fd00:ec2::254", "a service of AWS"},
		{"fec0::/10", "fec0::1", ""},
		{"-0.0.0.0/0,-::/0,10.1.0.0/16", "10.1.0.5", ""},
		{"-0.0.0.0/0,-::/0,10.1.0.0/16", "10.2.0.5", "denied by cross-model-networks"},
		{"-0.0.0.0/0,-::/0,10.1.0.0/16", "fd00::5", "denied by cross-model-networks"},
		{"10.0.0.0/8,-10.96.0.0/12", "10.97.0.1", "denied by cross-model-networks"},
		{"-10.0.0.0/8", "::ffff:10.1.0.5", "denied by cross-model-networks"},
		{"64:ff9b::/96", "64:ff9b::a01:5", ""},
		{"64:ff9b::/96", "64:ff9b::a9fe:a9fe", "169.254.169.254 in it is link-local"},
		{"64:ff9b::/96,-10.0.0.0/8", "64:ff9b::a01:5", "10.1.0.5 in it is denied by cross-model-networks"},
		{"64:ff9b:1::/48", "64:ff9b:1::a01:5", ""},
		{"64:ff9b:1::/48", "64:ff9b:1:7f00:0:100::", "0.0.0.0 in it is unspecified"},
		{"2002::/16", "2002:808:808::1", ""},
		{"2002::/16", "2002:7f00:1::1", "127.0.0.1 in it is loopback"},
		{"::/96", "::7f00:1", "127.0.0.1 in it is loopback"},
		{"10.96.0.0/12", "10.96.0.1", "the API server"},
		{"10.96.0.1", "10.96.0.1", ""},
		{"240.0.0.0/4", "255.255.255.255", "broadcast"},
		{"240.0.0.0/4", "240.0.0.1", ""},
	}
	for _, test := range tests {
		if got := judge(t, test.option, cluster).Judge(netip.MustParseAddr(test.address)); got.Reason != test.refused {
			t.Errorf("%q, %s: refused with %q, want %q", test.option, test.address, got.Reason, test.refused)
		}
	}
}

// TestJudgeTellsTheCure follows the advice of a refusal, if it has any.
func TestJudgeTellsTheCure(t *testing.T) {
	t.Parallel()
	tests := []struct{ address, network string }{
		{"100.64.1.2", "100.64.0.0/10"},
		{"198.18.5.5", "198.18.0.0/15"},
		{"240.0.0.1", "240.0.0.0/4"},
		{"2001:db8::1", "2001:db8::/32"},
		{"64:ff9b::a01:5", "64:ff9b::/96"},
		{"100.100.100.200", ""},
		{"169.254.169.254", ""},
		{"255.255.255.255", ""},
		{"64:ff9b::a9fe:a9fe", ""},
		{"10.96.0.1", ""},
		{"10.43.45.1", ""},
	}
	networks, err := address.ParseNetworks("10.1.0.0/16,-100.64.0.0/10")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		at := netip.MustParseAddr(test.address)
		refusal := judge(t, "", cluster).Judge(at)
		if refusal.Reason == "" || refusal.Network.IsValid() != (test.network != "") {
			t.Errorf("%s: %+v", at, refusal)
			continue
		}
		if !refusal.Network.IsValid() {
			continue
		}
		if refusal.Network.String() != test.network {
			t.Errorf("%s: advises %s, want %s", at, refusal.Network, test.network)
		}
		if after := judge(t, string(networks.With(refusal.Network)), cluster).Judge(at); after.Reason != "" {
			t.Errorf("%s: the advice is in vain: %+v", at, after)
		}
	}
	if after := judge(t, "-100.64.0.0/10", cluster).Judge(netip.MustParseAddr("100.64.1.2")); after.Network.IsValid() {
		t.Errorf("what the operator denies is to be allowed: %+v", after)
	}
}

// TestJudgeWherePodsAre: the network of the charm's own pod is a network of pods.
func TestJudgeWherePodsAre(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ pod, address, refused string }{
		{"100.65.0.9", "100.64.1.2", ""},
		{"::ffff:100.65.0.9", "100.64.1.2", ""},
		{"100.65.0.9", "100.100.100.200", "metadata of Alibaba Cloud"},
		{"100.65.0.9", "198.18.0.1", "Benchmarking"},
		{"240.10.0.9", "240.0.0.1", ""},
		{"240.10.0.9", "255.255.255.255", "broadcast"},
		{"2001:db8::9", "2001:db8::1", ""},
		{"127.0.0.1", "127.0.0.1", "loopback"},
		{"fe80::9", "fe80::1", "link-local"},
		{"168.63.129.16", "168.63.129.16", "a service of Azure"},
	} {
		j := judge(t, "", address.Known{Pod: addresses(test.pod)})
		if got := j.Judge(netip.MustParseAddr(test.address)); got.Reason != test.refused {
			t.Errorf("pod at %s, %s: refused with %q, want %q", test.pod, test.address, got.Reason, test.refused)
		}
	}
}

func TestParseNetworks(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want, problem string }{
		{"", "", ""},
		{" , ", "", ""},
		{"100.64.0.0/10", "100.64.0.0/10", ""},
		{"100.64.0.0/10, -10.96.0.0/12\n-fd98::/108", "100.64.0.0/10,-10.96.0.0/12,-fd98::/108", ""},
		{"10.1.0.0/16 10.1.0.0/16", "10.1.0.0/16", ""},
		{"-10.96.0.1", "-10.96.0.1/32", ""},
		{"fd98::1", "fd98::1/128", ""},
		{"-169.254.0.0/16", "-169.254.0.0/16", ""},
		{"0.0.0.0/0 ::/0", "0.0.0.0/0,::/0", ""},
		{"10.1.0.0/33", "", `"10.1.0.0/33" is no network`},
		{"pods", "", `"pods" is no network`},
		{"--10.0.0.0/8", "", `"--10.0.0.0/8" is no network`},
		{"-", "", `"-" is no network`},
		{"fe80::1%eth0", "", `"fe80::1%eth0" is no network`},
		{"10.1.2.3/16", "", "10.1.2.3/16 should be 10.1.0.0/16"},
		{"::ffff:10.1.0.0/112", "", "::ffff:10.1.0.0/112 is to be written as IPv4"},
		{"::ffff:10.1.0.1", "", "::ffff:10.1.0.1/128 is to be written as IPv4"},
		{"169.254.0.0/16", "", "169.254.0.0/16 can have no unit: link-local"},
		{"127.0.0.1", "", "127.0.0.1/32 can have no unit: loopback"},
		{"ff00::/9", "", "ff00::/9 can have no unit: multicast"},
		{"0.1.0.0/16", "", "0.1.0.0/16 can have no unit: unspecified"},
		{"255.255.255.255", "", "255.255.255.255/32 can have no unit: broadcast"},
		{"10.0.0.0/8,-10.0.0.0/8", "", "both allows and denies 10.0.0.0/8"},
		{strings.Repeat(" ", 20000), "", "is too long"},
		{many(201), "", "has more than 200 networks"},
	}
	for _, test := range tests {
		networks, err := address.ParseNetworks(test.text)
		problem := ""
		if err != nil {
			problem = err.Error()
		}
		if string(networks) != test.want || problem != test.problem {
			t.Errorf("%.40q: got %q, %q, want %q, %q", test.text, networks, problem, test.want, test.problem)
		}
	}
}

func many(count int) string {
	var all []string
	for i := range count {
		all = append(all, netip.AddrFrom4([4]byte{10, 1, byte(i), 1}).String())
	}
	return strings.Join(all, ",")
}

// FuzzJudge compares what is allowed with the registries themselves, with and without an option. An
// IPv6 address that leads to an IPv4 address is not allowed if that is not.
func FuzzJudge(f *testing.F) {
	for _, seed := range []string{
		"10.1.0.5", "169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a01:5", "2002:a9fe:a9fe::1", "::a9fe:a9fe",
		"::ffff:a9fe:a9fe", "2001:0:a9fe:a9fe::f5f5:f5f5", "fd00:ec2::254", "fec0::1", "fd00::5efe:a9fe:a9fe", "255.255.255.255",
	} {
		at := netip.MustParseAddr(seed)
		f.Add(at.AsSlice(), "")
		f.Add(at.AsSlice(), "0.0.0.0/0 ::/0 64:ff9b::/96 64:ff9b:1::/48 2002::/16 ::/96 2001::/32")
	}
	blocks := registryBlocks(f)
	f.Fuzz(func(t *testing.T, bytes []byte, option string) {
		at, ok := netip.AddrFromSlice(bytes)
		networks, err := address.ParseNetworks(option)
		if !ok || err != nil {
			return
		}
		plain, asked := address.NewJudge("", cluster), address.NewJudge(networks, cluster)
		refusal := asked.Judge(at)
		if again := asked.Judge(at.Unmap()); again != refusal {
			t.Errorf("%s: %+v, and unwrapped %+v", at, refusal, again)
		}
		if refusal.Reason != "" {
			return
		}
		at = at.Unmap()
		if !at.IsValid() || at.IsUnspecified() || at.IsLoopback() || at.IsMulticast() || at.IsLinkLocalUnicast() || at.Zone() != "" {
			t.Errorf("%s is allowed", at)
		}
		for _, inner := range address.Embedded(at) {
			if len(address.Embedded(inner)) > 0 || asked.Judge(inner).Reason != "" {
				t.Errorf("%s is allowed, and %s in it is not", at, inner)
			}
		}
		if plain.Judge(at).Reason != "" {
			return // The option allows it.
		}
		if at.Is6() && !netip.MustParsePrefix("2000::/3").Contains(at) && !netip.MustParsePrefix("fc00::/7").Contains(at) {
			t.Errorf("%s is allowed, and no unicast address", at)
		}
		if i := slices.IndexFunc(blocks, func(block netip.Prefix) bool { return block.Contains(at) }); i >= 0 {
			t.Errorf("%s is allowed, and of %s", at, blocks[i])
		}
	})
}

// FuzzParseNetworks reads what it has written, with the same result.
func FuzzParseNetworks(f *testing.F) {
	for _, seed := range []string{"", "100.64.0.0/10,-10.96.0.0/12", "fd98::1", "-::/0 ::/1", "10.1.2.3/16", "::ffff:1.2.3.4", "0.0.0.0/0,0.0.0.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		networks, err := address.ParseNetworks(text)
		if err != nil {
			if networks != "" || len(err.Error()) > 400 {
				t.Errorf("%q: %q with %q", text, networks, err)
			}
			return
		}
		again, err := address.ParseNetworks(string(networks))
		if err != nil || again != networks {
			t.Errorf("%q: %q, again %q, %v", text, networks, again, err)
		}
	})
}
