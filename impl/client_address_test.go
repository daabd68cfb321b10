package impl

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// TestClientAddress sends requests from 127.0.0.1. The proxies 127.0.0.0/8, 10.0.0.0/8 and 2001:db8:1::/48 are
// trusted. "!" after an address means that an entry is logged as unreadable.
func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{
		netip.MustParsePrefix("::ffff:127.0.0.1/104"), netip.MustParsePrefix("10.1.2.3/8"), netip.MustParsePrefix("2001:db8:1::/48"),
	}
	for _, row := range []struct {
		name, peer string
		headers    []string
		want       string
	}{
		{"a stranger's header", "198.51.100.1:4000", []string{"203.0.113.7"}, "198.51.100.1"},
		{"no header", "127.0.0.1:4000", nil, "127.0.0.1"},
		{"an empty header", "127.0.0.1:4000", []string{""}, "127.0.0.1"},
		{"an address", "127.0.0.1:4000", []string{"203.0.113.7"}, "203.0.113.7"},
		{"an address with a port", "127.0.0.1:4000", []string{"203.0.113.7:40001"}, "203.0.113.7"},
		{"an IPv6 address", "127.0.0.1:4000", []string{"2001:db8:2::7"}, "2001:db8:2::7"},
		{"an IPv6 address in brackets", "127.0.0.1:4000", []string{"[2001:db8:2::7]"}, "2001:db8:2::7"},
		{"an IPv6 address with a port", "127.0.0.1:4000", []string{"[2001:db8:2::7]:40001"}, "2001:db8:2::7"},
		{"an IPv6 address with a zone", "127.0.0.1:4000", []string{"fe80::7%eth0"}, "fe80::7"},
		{"an IPv4 address written as IPv6, with a port", "[::ffff:127.0.0.1]:4000", []string{"[::ffff:203.0.113.7]:1"}, "203.0.113.7"},
		{"a quoted address with a port", "127.0.0.1:4000", []string{`"[2001:db8:2::7]:40001"`}, "2001:db8:2::7"},
		{"the last one that is no proxy", "127.0.0.1:4000", []string{"192.0.2.9, 203.0.113.7:5 , 10.0.0.1:80,[2001:db8:1::1]:80"}, "203.0.113.7"},
		{"several headers", "127.0.0.1:4000", []string{"192.0.2.9, 203.0.113.7", "10.0.0.1"}, "203.0.113.7"},
		{"empty entries", "127.0.0.1:4000", []string{"203.0.113.7, ,", ","}, "203.0.113.7"},
		{"proxies only", "127.0.0.1:4000", []string{"10.0.0.2, 10.0.0.1"}, "10.0.0.2"},
		{"an unreadable entry that does not matter", "127.0.0.1:4000", []string{"unknown, 203.0.113.7"}, "203.0.113.7"},
		{"an unreadable entry", "127.0.0.1:4000", []string{"203.0.113.7, unknown"}, "127.0.0.1!"},
		{"an unreadable entry behind a proxy", "127.0.0.1:4000", []string{"203.0.113.7, unknown, 10.0.0.1"}, "10.0.0.1!"},
		{"a host name", "127.0.0.1:4000", []string{"client.example"}, "127.0.0.1!"},
		{"a port without an address", "127.0.0.1:4000", []string{":40001"}, "127.0.0.1!"},
		{"half of the brackets", "127.0.0.1:4000", []string{"[2001:db8:2::7"}, "127.0.0.1!"},
		{"a port that is no number", "127.0.0.1:4000", []string{"203.0.113.7:http"}, "127.0.0.1!"},
		{"a connection without an address", "@", []string{"203.0.113.7"}, ""},
	} {
		var log bytes.Buffer
		addresses := newClientAddresses(proxies, slog.New(slog.NewJSONHandler(&log, nil)))
		req := &http.Request{RemoteAddr: row.peer, Header: http.Header{"X-Forwarded-For": row.headers}}
		want, unreadable := strings.CutSuffix(row.want, "!")
		for range 2 {
			if got := addresses.of(req); got != want {
				t.Errorf("%s: %s, want %s", row.name, got, want)
			}
		}
		if lines := strings.Count(log.String(), "\n"); (lines == 1) != unreadable || lines > 1 {
			t.Errorf("%s: the log is %s", row.name, &log)
		}
	}
}

// TestBackEndAddresses: with an application's token, the address before the back end's is the client's.
func TestBackEndAddresses(t *testing.T) {
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
		{"the user's address is a trusted proxy's", "192.0.2.9:4000", []string{"10.0.0.3"}, "10.0.0.3"},
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
		if got := newClientAddresses(proxies, slog.New(slog.DiscardHandler)).behindBackEnd(req); got != row.want {
			t.Errorf("%s: the address is %q, not %q", row.name, got, row.want)
		}
	}
}
