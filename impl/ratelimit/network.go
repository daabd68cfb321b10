package ratelimit

import "net/netip"

// Network returns what requests from an address are counted under: an IPv4 address itself, or the /64 of an
// IPv6 address, since one subscriber has at least that. A text that is no address is returned unchanged.
func Network(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil || parsed.Is4() {
		return address
	}
	network, _ := parsed.Prefix(64)
	return network.String()
}
