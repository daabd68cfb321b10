package impl

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
)

// clientAddress returns a function that finds the IP address of a request's client: the address of the
// connection or, if that is a trusted proxy, the last address in X-Forwarded-For that is not one.
func clientAddress(proxies []netip.Prefix) func(*http.Request) string {
	if len(proxies) == 0 {
		return peerAddress
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, proxy := range proxies {
		proxy = proxy.Masked()
		bits := proxy.Addr().BitLen()
		options = append(options, echo.TrustIPRange(&net.IPNet{IP: proxy.Addr().AsSlice(), Mask: net.CIDRMask(proxy.Bits(), bits)}))
	}
	extract := echo.ExtractIPFromXFFHeader(options...)
	return func(req *http.Request) string {
		address, err := netip.ParseAddr(extract(req))
		if err != nil {
			return peerAddress(req)
		}
		return address.Unmap().WithZone("").String()
	}
}

// peerAddress returns the IP address of the connection, or "" if it has none.
func peerAddress(req *http.Request) string {
	port, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return ""
	}
	return port.Addr().Unmap().WithZone("").String()
}
