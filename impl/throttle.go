package impl

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/gen"
)

const (
	throttleExchange = time.Second // how often replicas tell each other of the requests that they have counted
	exchangeBatch    = 5000        // addresses in one statement
)

// throttle counts the requests of each caller's address in the minute of the clock. Each replica counts in memory, so that a
// request costs no statement, and adds what it has counted to a table once a second, by which it learns of the others'.
type throttle struct {
	most int // requests a minute; 0 for no bound

	mu        sync.Mutex
	minute    time.Time
	addresses map[string]*requests
}

type requests struct {
	all int // of all replicas, by the last exchange
	own int // of this one since then
}

// throttle is step 3.
func (s *Server) throttle(c *call) (gen.Outcome, error) {
	if !c.op.Throttled || s.addresses.most == 0 || c.ip == "" || s.addresses.take(c.network(), c.now) {
		return nil, nil
	}
	return c.rateLimited(c.now.Truncate(time.Minute).Add(time.Minute).Sub(c.now)), nil
}

// rateLimited is the outcome of a request that may be repeated after a while.
func (c *call) rateLimited(wait time.Duration) gen.RateLimitExceeded {
	c.retryAfter(wait)
	return gen.RateLimitExceeded{}
}

// retryAfter tells when to send the request again, in whole seconds and no sooner than in one.
func (c *call) retryAfter(wait time.Duration) {
	seconds := max(1, (wait+time.Second-1)/time.Second)
	c.header["Retry-After"] = []string{strconv.Itoa(int(seconds))}
}

// take counts a request, unless there were too many.
func (t *throttle) take(address string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(now)
	r := t.addresses[address]
	if r == nil {
		r = &requests{}
		t.addresses[address] = r
	}
	if r.all+r.own >= t.most {
		return false
	}
	r.own++
	return true
}

// turn forgets the minute before, what was not exchanged of it too. A request that took its time before another one turned the
// minute does not turn it back; a clock that was set back does.
func (t *throttle) turn(now time.Time) {
	if minute := now.Truncate(time.Minute); minute.After(t.minute) || t.minute.Sub(minute) > time.Minute {
		t.minute, t.addresses = minute, map[string]*requests{}
	}
}

// exchangeRequests tells other replicas of this one's requests, and learns of theirs, until ctx ends, and then once
// more.
func (s *Server) exchangeRequests(ctx context.Context) {
	for more := true; more; {
		select {
		case <-ctx.Done():
			more = false
		case <-time.After(s.Settings.interval(throttleExchange)):
		}
		if err := s.exchange(context.WithoutCancel(ctx)); err != nil {
			s.Log.Warn("the requests of addresses could not be exchanged", "cause", err.Error())
		}
	}
}

func (s *Server) exchange(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, registryLimit)
	defer cancel()
	minute, counted := s.addresses.counted(s.Now())
	for addresses := range slices.Chunk(slices.Sorted(maps.Keys(counted)), exchangeBatch) { // sorted, so that replicas do not lock each other out
		own := make([]int64, len(addresses))
		for i, address := range addresses {
			own[i] = int64(counted[address])
		}
		rows, err := s.DB.Pool.Query(ctx, `
INSERT INTO address_requests (minute, address, requests) SELECT $1, * FROM unnest($2::text[], $3::bigint[])
ON CONFLICT (minute, address) DO UPDATE SET requests = address_requests.requests + excluded.requests
RETURNING address, requests`, minute, addresses, own)
		if err != nil {
			return err
		}
		if err := s.addresses.learn(minute, counted, rows); err != nil {
			return err
		}
	}
	return nil
}

// recallRequests learns what was counted before a restart.
func (s *Server) recallRequests(ctx context.Context) error {
	minute, _ := s.addresses.counted(s.Now())
	rows, err := s.DB.Pool.Query(ctx, "SELECT address, requests FROM address_requests WHERE minute = $1", minute)
	if err != nil {
		return err
	}
	return s.addresses.learn(minute, nil, rows)
}

// counted is what this replica has counted since the last exchange.
func (t *throttle) counted(now time.Time) (minute time.Time, counted map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(now.UTC())
	counted = map[string]int{}
	for address, r := range t.addresses {
		if r.own > 0 {
			counted[address] = r.own
		}
	}
	return t.minute, counted
}

// learn takes over the requests of all replicas, which hold what this one has told.
func (t *throttle) learn(minute time.Time, told map[string]int, rows pgx.Rows) error {
	defer rows.Close()
	for rows.Next() {
		var address string
		var all int
		if err := rows.Scan(&address, &all); err != nil {
			return err
		}
		t.mu.Lock()
		if t.minute.Equal(minute) {
			r := t.addresses[address]
			if r == nil {
				r = &requests{}
				t.addresses[address] = r
			}
			r.all, r.own = all, r.own-told[address]
		}
		t.mu.Unlock()
	}
	return rows.Err()
}

// network is what stands for the caller when requests and tries are counted: an IPv4 address, or the /64 of an IPv6 one,
// which one subscriber has at least.
func (c *call) network() string {
	address, err := netip.ParseAddr(c.ip)
	if err != nil || address.Is4() {
		return c.ip
	}
	network, _ := address.Prefix(64)
	return network.String()
}

// addressBehind finds the address of the caller: that of the connection, or where that is a trusted proxy, the last one in
// X-Forwarded-For that is not.
func addressBehind(proxies []netip.Prefix) func(*http.Request) string {
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
