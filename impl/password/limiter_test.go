package password

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestLimiterOrder sends four requests of one address for one slot: they get it in the order of arrival, and
// a canceled request leaves the queue.
func TestLimiterOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, time.Now)
		canceled, cancel := context.WithCancel(t.Context())
		var order []string
		var errs [4]error
		for i, request := range []struct {
			name string
			ctx  context.Context
		}{{"first", t.Context()}, {"second", t.Context()}, {"canceled", canceled}, {"third", t.Context()}} {
			go func() {
				errs[i] = l.Do(request.ctx, address, func() {
					order = append(order, request.name)
					time.Sleep(time.Second)
				})
			}()
			synctest.Wait() // until the request is active or queued
		}
		wantLoad(t, l, Load{Slots: 1, Active: 1, Queued: 3, Addresses: 1})
		if wait := l.Wait(address); wait != 0 {
			t.Errorf("no request is done yet: Wait is %v, want 0", wait)
		}
		cancel()
		synctest.Wait()
		if !errors.Is(errs[2], context.Canceled) {
			t.Errorf("the error of the canceled request is %v", errs[2])
		}
		wantLoad(t, l, Load{Slots: 1, Active: 1, Queued: 2, Addresses: 1})
		time.Sleep(1500 * time.Millisecond)
		if wait := l.Wait(address); wait != 2*time.Second {
			t.Errorf("two requests of a second each: Wait is %v, want 2s", wait)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if want := []string{"first", "second", "third"}; !slices.Equal(order, want) {
			t.Errorf("the order is %v, want %v", order, want)
		}
		wantLoad(t, l, Load{Slots: 1})
	})
}

// queue has requests in a synctest bubble, each of which holds its slot for a second.
type queue struct {
	t      *testing.T
	l      *Limiter
	mu     sync.Mutex
	served []string // names in the order of their starts
	busy   []string // names of those that got ErrBusy, in order
}

// send sends n requests of an address one by one. Each waits to be active, queued or refused.
func (q *queue) send(address string, n int) {
	for range n {
		go func() {
			err := q.l.Do(context.Background(), address, func() {
				q.note(&q.served, address)
				time.Sleep(time.Second)
			})
			if errors.Is(err, ErrBusy) {
				q.note(&q.busy, address)
			}
		}()
		synctest.Wait()
	}
}

func (q *queue) note(list *[]string, address string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	*list = append(*list, address)
}

// finish waits until the queue is empty.
func (q *queue) finish() {
	time.Sleep(time.Minute)
	synctest.Wait()
	wantLoad(q.t, q.l, Load{Slots: q.l.slots, Refused: uint64(len(q.busy))})
	if n := len(q.l.clients); n > 0 {
		q.t.Errorf("%d addresses are kept", n)
	}
}

// TestLimiterTurns checks in which order addresses get one slot.
func TestLimiterTurns(t *testing.T) {
	for _, row := range []struct {
		name string
		send []string // one request each
		want []string
	}{
		{"addresses take turns", []string{"a", "a", "a", "b", "b", "c"}, []string{"a", "b", "c", "a", "b", "a"}},
		{"one that was not served yet is next", []string{"a", "a", "b", "a", "c"}, []string{"a", "b", "c", "a", "a"}},
		{"first come, first served", []string{"a", "c", "b", "a"}, []string{"a", "c", "b", "a"}},
		{"requests without an address share one turn", []string{"", "", "", "a"}, []string{"", "a", "", ""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &queue{t: t, l: NewLimiter(1, time.Now)}
				for _, address := range row.send {
					q.send(address, 1)
				}
				q.finish()
				if !slices.Equal(q.served, row.want) {
					t.Errorf("the order is %q, want %q", q.served, row.want)
				}
			})
		})
	}
}

// TestLimiterSlots lets an address with many requests hold both slots: the next free one goes to the address
// that has none.
func TestLimiterSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{t: t, l: NewLimiter(2, time.Now)}
		q.send("a", 1)
		time.Sleep(500 * time.Millisecond)
		q.send("a", 3)
		q.send("b", 2)
		q.send("c", 1)
		q.finish()
		if want := []string{"a", "a", "b", "c", "a", "b", "a"}; !slices.Equal(q.served, want) {
			t.Errorf("the order is %q, want %q", q.served, want)
		}
	})
}

// TestLimiterShare sends more requests of one address than its share of the queue: they are refused, and those
// of another address are not.
func TestLimiterShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{t: t, l: NewLimiter(2, time.Now)}
		q.send("a", 2+maxShare+3)
		q.send("b", 1)
		wantLoad(t, q.l, Load{Slots: 2, Active: 2, Queued: maxShare + 1, Addresses: 2, Refused: 3})
		q.finish()
		if want := []string{"a", "a", "a"}; !slices.Equal(q.busy[:3], want) {
			t.Errorf("refused are %q, want %q", q.busy[:3], want)
		}
	})
}

// TestLimiterFull fills the whole queue with requests of some addresses. The first request of another makes one of
// theirs leave; only when all have as few is it refused.
func TestLimiterFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{t: t, l: NewLimiter(1, time.Now)}
		q.send("active", 1)
		for i := range maxQueued / maxShare {
			q.send(fmt.Sprint("greedy ", i), maxShare)
		}
		for i := range maxQueued {
			q.send(fmt.Sprint("modest ", i), 1)
		}
		modest := maxQueued - maxQueued/maxShare // each greedy address keeps one request
		wantLoad(t, q.l, Load{Slots: 1, Active: 1, Queued: maxQueued, Addresses: maxQueued, Refused: maxQueued})
		q.finish()
		for i, name := range q.busy[:maxQueued] {
			if (name[:6] == "greedy") != (i < modest) {
				t.Fatalf("the %d. refused request is of %s", i, name)
			}
		}
	})
}

// TestLimiterTimeout checks that a request does not wait longer than maxWait, nor beyond its deadline.
func TestLimiterTimeout(t *testing.T) {
	for _, row := range []struct{ deadline, want time.Duration }{
		{30 * time.Second, maxWait},
		{2 * time.Second, 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter(1, time.Now)
			go l.Do(t.Context(), "slow", func() { time.Sleep(time.Minute) })
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), row.deadline)
			defer cancel()
			began := time.Now()
			err := l.Do(ctx, address, func() { t.Error("it got a slot") })
			if waited := time.Since(began); !errors.Is(err, ErrBusy) || waited != row.want {
				t.Errorf("with a deadline in %v it ends after %v with %v, want %v", row.deadline, waited, err, row.want)
			}
			wantLoad(t, l, Load{Slots: 1, Active: 1, Refused: 1})
			time.Sleep(time.Minute)
		})
	}
}

// TestLimiterFlood simulates two minutes: one address always has a full queue of requests that take two hashes
// each, others sign in five times a second. None of those is refused, and after each of them arrives, no
// request of the flooding address starts before it.
func TestLimiterFlood(t *testing.T) {
	const oneHash = 35 * time.Millisecond
	for _, slots := range []int{1, 2, 8} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter(slots, time.Now)
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
			defer stop()
			var flood, refused, signIns, overtaken atomic.Int64
			for i := range slots + maxShare + 10 {
				go func() {
					time.Sleep(time.Duration(i) * time.Microsecond) // so that no two slots become free at once
					for ctx.Err() == nil {
						if err := l.Do(ctx, "flood", func() { flood.Add(1); time.Sleep(2 * oneHash) }); errors.Is(err, ErrBusy) {
							refused.Add(1)
							time.Sleep(10 * time.Millisecond)
						}
					}
				}()
			}
			for i := 0; ctx.Err() == nil; i++ {
				time.Sleep(200*time.Millisecond + 17) // never at the moment of another event
				go func() {
					arrived, started := flood.Load(), int64(0)
					err := l.Do(t.Context(), fmt.Sprint("198.51.100.", i%100), func() {
						started = flood.Load()
						time.Sleep(oneHash)
					})
					if err != nil {
						t.Error(err)
					}
					signIns.Add(1)
					overtaken.Add(started - arrived)
				}()
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if signIns.Load() < 599 || overtaken.Load() > 0 {
				t.Errorf("%d slots: of %d sign-ins, %d were overtaken", slots, signIns.Load(), overtaken.Load())
			}
			if flood.Load() < 1000 || refused.Load() < 1000 {
				t.Errorf("%d slots: %d requests of the flood were served and %d refused", slots, flood.Load(), refused.Load())
			}
		})
	}
}

// TestLimiterAverage checks that Wait follows the times that requests take.
func TestLimiterAverage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(2, time.Now)
		for _, row := range []struct{ took, average time.Duration }{
			{8 * time.Second, 8 * time.Second},
			{16 * time.Second, 9 * time.Second},
			{time.Second, 8 * time.Second},
		} {
			if err := l.Do(t.Context(), address, func() { time.Sleep(row.took) }); err != nil {
				t.Fatal(err)
			}
			if l.average != row.average {
				t.Errorf("after %v the average is %v, want %v", row.took, l.average, row.average)
			}
		}
		l.Do(t.Context(), address, func() {
			if wait := l.Wait(address); wait != 4*time.Second {
				t.Errorf("one request and two slots: Wait is %v, want 4s", wait)
			}
		})
	})
}

// TestLimiterWait compares Wait with the time until the queue of an address is empty.
func TestLimiterWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{t: t, l: NewLimiter(1, time.Now)}
		q.send("a", 1)
		time.Sleep(2 * time.Second)
		q.send("a", 6) // one of them is active
		q.send("b", 2)
		q.send("c", 1)
		for _, row := range []struct {
			address string
			want    time.Duration
		}{{"a", 9 * time.Second}, {"b", 6 * time.Second}, {"c", 4 * time.Second}, {"d", 4 * time.Second}} {
			if wait := q.l.Wait(row.address); wait != row.want {
				t.Errorf("Wait(%s) is %v, want %v", row.address, wait, row.want)
			}
		}
		q.finish()
	})
}

// TestLimiterAllocatesNothing checks a request that finds a free slot.
func TestLimiterAllocatesNothing(t *testing.T) {
	l := NewLimiter(2, time.Now)
	if n := testing.AllocsPerRun(1000, func() { l.Do(t.Context(), address, func() {}) }); n > 0 {
		t.Errorf("it makes %v allocations", n)
	}
}

func wantLoad(t *testing.T, l *Limiter, want Load) {
	t.Helper()
	if load := l.Load(); load != want {
		t.Errorf("the load is %+v, want %+v", load, want)
	}
}
