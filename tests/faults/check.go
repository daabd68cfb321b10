package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// check ends the harness when something failed that is not the server's; all that was started is stopped.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func note(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, values...))
}

// sleep ends early with ctx, and then ends the harness.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
		check(context.Cause(ctx))
	}
}

// within reports whether a condition became true in time.
func within(ctx context.Context, limit time.Duration, condition func() bool) bool {
	for began := time.Now(); !condition(); sleep(ctx, 20*time.Millisecond) {
		if time.Since(began) > limit {
			return false
		}
	}
	return true
}
