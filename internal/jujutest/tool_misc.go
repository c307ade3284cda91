package jujutest

import (
	"slices"
	"strconv"
	"strings"
)

// networkGet: network-get <binding> [-r] [--bind-address|--ingress-address|--egress-subnets].
func networkGet(inv *invocation) error {
	var flags flagSet
	var out output
	var bind, ingress, egress bool
	var id int
	out.register(&flags, "smart")
	flags.bool(&bind, "bind-address")
	flags.bool(&ingress, "ingress-address")
	flags.bool(&egress, "egress-subnets")
	inv.ctx.relationFlag(&flags, &id)
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("no arguments specified")
	}
	if err := noMore(args[1:]); err != nil {
		return err
	}
	u := inv.ctx.unit
	if _, ok := u.charm.endpoints[args[0]]; !ok && args[0] != "juju-info" {
		return failf("no network config found for binding %q", args[0])
	}
	selected := make(map[string]any)
	if bind {
		selected["bind-address"] = u.address
	}
	if ingress {
		selected["ingress-address"] = u.address
	}
	if egress {
		selected["egress-subnets"] = []string{u.address + "/32"}
	}
	switch len(selected) {
	case 0:
		return inv.print(&out, networkInfo(u.address))
	case 1:
		for _, value := range selected {
			return inv.print(&out, value)
		}
	}
	return inv.print(&out, selected)
}

func networkInfo(address string) map[string]any {
	return map[string]any{
		"bind-addresses": []any{map[string]any{
			"mac-address": "", "interface-name": "",
			"addresses": []any{map[string]any{"hostname": "", "value": address, "cidr": ""}},
		}},
		"egress-subnets":    []string{address + "/32"},
		"ingress-addresses": []string{address},
	}
}

// unitGet: unit-get private-address|public-address.
func unitGet(inv *invocation) error {
	var flags flagSet
	var out output
	out.register(&flags, "smart")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("no setting specified")
	}
	if args[0] != "private-address" && args[0] != "public-address" {
		return usagef("unknown setting %q", args[0])
	}
	if err := noMore(args[1:]); err != nil {
		return err
	}
	return inv.print(&out, inv.ctx.unit.address)
}

// credentialGet: credential-get. The cloud's credentials are never simulated.
func credentialGet(inv *invocation) error {
	var flags flagSet
	var out output
	out.register(&flags, "smart")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if err := noMore(args); err != nil {
		return err
	}
	return failf("cannot access cloud credentials: permission denied")
}

// openPort: open-port <port>[/protocol] [--endpoints a,b].
func openPort(inv *invocation) error { return inv.setPort(true) }

// closePort: close-port <port>[/protocol] [--endpoints a,b].
func closePort(inv *invocation) error { return inv.setPort(false) }

func (inv *invocation) setPort(open bool) error {
	var flags flagSet
	var endpoints, format string
	flags.str(&endpoints, "endpoints")
	flags.str(&format, "format")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("no port or range specified")
	}
	if err := noMore(args[1:]); err != nil {
		return err
	}
	port, protocol, ok := strings.Cut(strings.ToLower(args[0]), "/")
	if !ok {
		protocol = "tcp"
	}
	if strings.Contains(port, "-") {
		return usagef("port ranges are not supported for k8s applications, please specify a single port")
	}
	number, err := strconv.Atoi(port)
	switch {
	case err != nil:
		return usagef("invalid port %q", port)
	case number < 1 || number > 65535:
		return usagef("port %d out of range, must be between 1 and 65535", number)
	case protocol != "tcp" && protocol != "udp":
		return usagef("protocol must be \"tcp\", \"udp\"; got %q", protocol)
	}
	inv.ctx.pending.ports[port+"/"+protocol] = open
	return nil
}

// openedPorts: opened-ports.
func openedPorts(inv *invocation) error {
	var flags flagSet
	var out output
	out.register(&flags, "smart")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if err := noMore(args); err != nil {
		return err
	}
	ports := []string{}
	for port := range inv.ctx.unit.ports {
		if open, pending := inv.ctx.pending.ports[port]; !pending || open {
			ports = append(ports, port)
		}
	}
	for port, open := range inv.ctx.pending.ports {
		if open && !inv.ctx.unit.ports[port] {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return inv.print(&out, ports)
}
