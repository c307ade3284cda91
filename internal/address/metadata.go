package address

import "net/netip"

// metadata are the addresses at which clouds serve what is meant for a single machine, including
// its credentials, and that no registry lists. Most clouds (AWS, Google Cloud, Azure, Oracle,
// DigitalOcean, OpenStack, Scaleway, Tencent) use link-local addresses, which are denied as such.
var metadata = []rule{
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html has
	// fd00:ec2::254; https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html has
	// fd00:ec2::23. The network also has name servers and clocks.
	{network: netip.MustParsePrefix("fd00:ec2::/32"), reason: "a service of AWS"},
	// https://cloud.google.com/compute/docs/metadata/querying-metadata
	{network: netip.MustParsePrefix("fd20:ce::254/128"), reason: "metadata of Google Cloud"},
	// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
	{network: netip.MustParsePrefix("168.63.129.16/32"), reason: "a service of Azure"},
	// https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata, and
	// https://docs.cloud-init.io/en/latest/reference/datasources/aliyun.html
	{network: netip.MustParsePrefix("100.100.100.200/32"), reason: "metadata of Alibaba Cloud"},
	{network: netip.MustParsePrefix("fd00:100::100:200/128"), reason: "metadata of Alibaba Cloud"},
	// https://docs.oracle.com/iaas/Content/Compute/Tasks/gettingmetadata.htm and, for the older
	// cloud, https://docs.oracle.com/cloud-classic
	{network: netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), reason: "metadata of Oracle Cloud"},
	{network: netip.MustParsePrefix("192.0.0.192/32"), reason: "metadata of Oracle Cloud"},
	// https://docs.cloud-init.io/en/latest/reference/datasources/akamai.html
	{network: netip.MustParsePrefix("fd00:a9fe:a9fe::1/128"), reason: "metadata of Akamai"},
	// https://docs.cloud-init.io/en/latest/reference/datasources/scaleway.html
	{network: netip.MustParsePrefix("fd00:42::42/128"), reason: "metadata of Scaleway"},
}
