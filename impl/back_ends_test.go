package impl

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestForwardedAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	rows := []struct {
		name, peer string
		header     []string
		want       string
	}{
		{"the back end names its user", "192.0.2.9:4000", []string{"203.0.113.7"}, "203.0.113.7"},
		{"the user made an address up before", "192.0.2.9:4000", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		{"there are two headers", "192.0.2.9:4000", []string{"198.51.100.1", "203.0.113.7"}, "203.0.113.7"},
		{"a proxy stands before PlanoAuth", "10.0.0.1:4000", []string{"203.0.113.7, 192.0.2.9"}, "203.0.113.7"},
		{"a trusted proxy stands before the product too", "192.0.2.9:4000", []string{"203.0.113.7, 10.0.0.2"}, "203.0.113.7"},
		{"the back end's address is a trusted proxy's", "10.0.0.1:4000", []string{"203.0.113.7"}, ""}, // clientAddress found it
		{"all hops are trusted", "10.0.0.1:4000", []string{"10.0.0.3, 10.0.0.2"}, ""},
		{"the address has a port", "192.0.2.9:4000", []string{"203.0.113.7:40001"}, "203.0.113.7"},
		{"the IPv6 address has brackets", "192.0.2.9:4000", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"the IPv6 address has a port", "192.0.2.9:4000", []string{"[2001:db8::1]:40001"}, "2001:db8::1"},
		{"the address is an IPv4 one that IPv6 writes", "192.0.2.9:4000", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"the last entry is nonsense", "192.0.2.9:4000", []string{"203.0.113.7, unknown"}, ""},
		{"the header is empty", "192.0.2.9:4000", []string{""}, ""},
		{"there is no header", "192.0.2.9:4000", nil, ""},
	}
	for _, row := range rows {
		req := &http.Request{RemoteAddr: row.peer, Header: http.Header{"X-Forwarded-For": row.header}}
		if got := forwardedAddress(req, proxies); got != row.want {
			t.Errorf("%s: the address is %q, not %q", row.name, got, row.want)
		}
	}
}
