// Package background runs the work that goes on beside the requests of a server. Every background loop has
// this one shape, so that all of them stop alike.
package background

import (
	"context"
	"time"
)

// Every calls do at once, and again after each interval or as soon as wake has an element, until ctx ends;
// wake may be nil. The interval begins when do returns, so calls never overlap. When Every returns, no call
// is running: a loop that has something left to save does so then, with a context of its own.
func Every(ctx context.Context, interval time.Duration, wake <-chan struct{}, do func(context.Context)) {
	timer := time.NewTimer(interval)
	defer timer.Stop()
	for ctx.Err() == nil {
		do(ctx)
		timer.Reset(interval)
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
	}
}
