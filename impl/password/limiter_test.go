package password

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestLimiterOrder sends four requests for one slot: they get it in the order of arrival, and a canceled
// request leaves the queue.
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
				errs[i] = l.Do(request.ctx, func() {
					order = append(order, request.name)
					time.Sleep(time.Second)
				})
			}()
			synctest.Wait() // until the request is active or queued
		}
		wantLoad(t, l, 1, 3)
		if wait := l.Wait(); wait != 0 {
			t.Errorf("no request is done yet: Wait is %v, want 0", wait)
		}
		cancel()
		synctest.Wait()
		if !errors.Is(errs[2], context.Canceled) {
			t.Errorf("the error of the canceled request is %v", errs[2])
		}
		wantLoad(t, l, 1, 2)
		time.Sleep(1500 * time.Millisecond)
		if wait := l.Wait(); wait != 2*time.Second {
			t.Errorf("two requests of a second each: Wait is %v, want 2s", wait)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if want := []string{"first", "second", "third"}; !slices.Equal(order, want) {
			t.Errorf("the order is %v, want %v", order, want)
		}
		wantLoad(t, l, 0, 0)
	})
}

// TestLimiterBusy sends three more requests than slots and queue can hold.
func TestLimiterBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(2, time.Now)
		var done, refused atomic.Int64
		for range 2 + maxQueued + 3 {
			go func() {
				switch err := l.Do(t.Context(), func() { time.Sleep(time.Second) }); err {
				case nil:
					done.Add(1)
				case ErrBusy:
					refused.Add(1)
				default:
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		wantLoad(t, l, 2, maxQueued)
		if n := refused.Load(); n != 3 {
			t.Errorf("%d requests were refused, want 3", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := done.Load(); n != 2+maxQueued {
			t.Errorf("%d requests were done, want %d", n, 2+maxQueued)
		}
		wantLoad(t, l, 0, 0)
	})
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
			if err := l.Do(t.Context(), func() { time.Sleep(row.took) }); err != nil {
				t.Fatal(err)
			}
			if average := time.Duration(l.average.Load()); average != row.average {
				t.Errorf("after %v the average is %v, want %v", row.took, average, row.average)
			}
		}
		l.Do(t.Context(), func() {
			if wait := l.Wait(); wait != 4*time.Second {
				t.Errorf("one request and two slots: Wait is %v, want 4s", wait)
			}
		})
	})
}

func wantLoad(t *testing.T, l *Limiter, active, queued int) {
	t.Helper()
	if l.Active() != active || l.Queued() != queued {
		t.Errorf("%d requests are active and %d queued, want %d and %d", l.Active(), l.Queued(), active, queued)
	}
}
