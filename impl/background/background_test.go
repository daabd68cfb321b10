package background

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		wake, began := make(chan struct{}, 1), time.Now()
		var calls []time.Duration
		done := make(chan struct{})
		go func() {
			defer close(done)
			Every(ctx, time.Minute, wake, func(context.Context) {
				calls = append(calls, time.Since(began))
				time.Sleep(time.Second)
			})
		}()
		time.Sleep(90 * time.Second)
		wake <- struct{}{}
		time.Sleep(time.Second / 2)
		cancel()
		<-done
		want := []time.Duration{0, 61 * time.Second, 90 * time.Second}
		if len(calls) != len(want) {
			t.Fatalf("called at %v, want %v", calls, want)
		}
		for i := range want {
			if calls[i] != want[i] {
				t.Errorf("call %d was at %v, want %v", i, calls[i], want[i])
			}
		}
		if took := time.Since(began); took != 91*time.Second {
			t.Errorf("Every returned after %v: it did not wait for the last call, or slept on", took)
		}
	})
}
