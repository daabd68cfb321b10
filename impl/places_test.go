package impl

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestPlacesInTurn: who waits for the one place gets it in turn, and the turn of a caller who has gone away is the next one's.
func TestPlacesInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(1, time.Now)
		gone, goAway := context.WithCancel(t.Context())
		var order []string
		var errs [4]error
		for i, caller := range []struct {
			name string
			ctx  context.Context
		}{{"first", t.Context()}, {"second", t.Context()}, {"gone", gone}, {"third", t.Context()}} {
			go func() {
				errs[i] = p.do(caller.ctx, func() {
					order = append(order, caller.name)
					time.Sleep(time.Second)
				})
			}()
			synctest.Wait() // until this one works or waits
		}
		if wait := p.wait(); wait != 0 {
			t.Errorf("nothing has been done yet, but it says %v", wait)
		}
		goAway()
		synctest.Wait()
		if !errors.Is(errs[2], context.Canceled) {
			t.Errorf("the error of who went away is %v", errs[2])
		}
		time.Sleep(1500 * time.Millisecond)
		if wait := p.wait(); wait != 2*time.Second {
			t.Errorf("two are here, at a second each, but it says %v", wait)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(order) != 3 || order[0] != "first" || order[1] != "second" || order[2] != "third" {
			t.Errorf("the order was %v", order)
		}
		if n := p.inUse.Load(); n != 0 {
			t.Errorf("%d places are still in use", n)
		}
	})
}

// TestPlacesBusy: more than maxWaiting do not wait.
func TestPlacesBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(2, time.Now)
		refused := 0
		for range 2 + maxWaiting + 3 {
			go func() {
				if errors.Is(p.do(t.Context(), func() { time.Sleep(time.Second) }), errBusy) {
					refused++
				}
			}()
			synctest.Wait()
		}
		if refused != 3 {
			t.Errorf("%d were refused, not 3", refused)
		}
		time.Sleep(time.Minute)
	})
}
