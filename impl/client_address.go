package impl

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
)

// clientAddresses finds the IP addresses of clients behind trusted proxies.
type clientAddresses struct {
	proxies []netip.Prefix
	log     *slog.Logger
	warned  atomic.Bool // whether an unreadable entry was logged
}

func newClientAddresses(proxies []netip.Prefix, log *slog.Logger) *clientAddresses {
	a := &clientAddresses{log: log}
	for _, proxy := range proxies {
		if proxy.Addr().Is4In6() && proxy.Bits() >= 96 {
			proxy = netip.PrefixFrom(proxy.Addr().Unmap(), proxy.Bits()-96)
		}
		a.proxies = append(a.proxies, proxy.Masked())
	}
	return a
}

// of returns the IP address of a request's client: the address of the connection or, if that is a trusted
// proxy, the last address in X-Forwarded-For that is not one. It is "" for a connection without an address.
func (a *clientAddresses) of(req *http.Request) string {
	address, _ := a.search(req, false)
	return address
}

// behindBackEnd returns the address for which a product's back end calls, as if the back end's own address were
// a trusted proxy's. It is "" if the back end names none.
func (a *clientAddresses) behindBackEnd(req *http.Request) string {
	if address, found := a.search(req, true); found {
		return address
	}
	return ""
}

// search returns the first address that is not trusted, from the connection on backwards. With backEnd it is the
// second one, and found reports whether there is one.
func (a *clientAddresses) search(req *http.Request, backEnd bool) (_ string, found bool) {
	peer, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return "", false
	}
	address := peer.Addr().Unmap().WithZone("")
	if !a.trusts(address) {
		if !backEnd {
			return address.String(), true
		}
		backEnd = false
	}
	address, found = a.forwarded(req, address, backEnd)
	return address.String(), found
}

func (a *clientAddresses) trusts(address netip.Addr) bool {
	for _, proxy := range a.proxies {
		if proxy.Contains(address) {
			return true
		}
	}
	return false
}

// forwarded returns the last address in X-Forwarded-For that is not a trusted proxy, or the first address if
// all are; with backEnd the last but one, and found reports whether there is one. The request came from proxy,
// which is trusted. An entry that is no address ends the search: it is logged once, and the proxy that passed
// it on counts as the client.
func (a *clientAddresses) forwarded(req *http.Request, proxy netip.Addr, backEnd bool) (_ netip.Addr, found bool) {
	values := req.Header["X-Forwarded-For"]
	for i := len(values) - 1; i >= 0; i-- {
		for rest := values[i]; rest != ""; {
			comma := strings.LastIndexByte(rest, ',')
			entry := strings.TrimSpace(rest[comma+1:])
			rest = rest[:max(comma, 0)]
			if entry == "" {
				continue
			}
			address, ok := parseForwarded(entry)
			if !ok {
				a.warn(entry, proxy)
				return proxy, false
			}
			trusted := a.trusts(address)
			if !trusted && !backEnd {
				return address, true
			}
			proxy, found = address, !backEnd
			backEnd = backEnd && trusted
		}
	}
	return proxy, found
}

const maxLoggedEntry = 64 // bytes

func (a *clientAddresses) warn(entry string, proxy netip.Addr) {
	if a.warned.CompareAndSwap(false, true) {
		a.log.Warn("an entry of X-Forwarded-For is no address, so its clients share the limits of their proxy; this is logged once",
			"entry", strings.ToValidUTF8(entry[:min(len(entry), maxLoggedEntry)], ""), "proxy", proxy.String())
	}
}

// parseForwarded reads an entry of X-Forwarded-For: an IP address, with or without a port, where an IPv6
// address may stand in brackets. Some proxies quote it.
func parseForwarded(entry string) (_ netip.Addr, ok bool) {
	if quoted := strings.TrimSuffix(strings.TrimPrefix(entry, `"`), `"`); len(quoted) == len(entry)-2 {
		entry = quoted
	}
	if bare, bracketed := strings.CutPrefix(entry, "["); bracketed {
		entry, bracketed = strings.CutSuffix(bare, "]")
		if !bracketed {
			entry = "[" + entry
		}
	}
	address, err := netip.ParseAddr(entry)
	if err != nil {
		withPort, portErr := netip.ParseAddrPort(entry)
		if portErr != nil {
			return netip.Addr{}, false
		}
		address = withPort.Addr()
	}
	return address.Unmap().WithZone(""), true
}
