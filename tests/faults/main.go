// Command faults injects faults while the server works under load, and compares what was acknowledged with
// what is in the database afterwards: each row is one fault.
//
// It fails if anything acknowledged was lost, anything was done twice, an answer is not in openapi.yaml, or
// another promise was broken. tests/README.md explains the table.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	h := &harness{}
	form := flag.String("form", "", "full, or short for the faults that a change breaks most easily; empty is full")
	only := flag.String("only", "", "a regular expression; only the faults whose names match it")
	flag.StringVar(&h.previous, "previous", "", "the commit of the release before this one; by default where this branch began, or the commit before")
	list := flag.Bool("list", false, "list the faults and exit")
	flag.StringVar(&h.program, "program", ".build/planoauth", "the server, as `make build` makes it")
	flag.StringVar(&h.keep, "logs", "", "a directory to keep the logs in")
	result := flag.String("json", ".build/faults.json", "where the result goes; empty for nowhere")
	flag.Parse()
	h.short = *form == "short"
	if *list {
		for _, f := range faults {
			fmt.Println(f.name)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(h.run(ctx, *only, *result))
}

// run returns the exit code.
func (h *harness) run(ctx context.Context, only, result string) (code int) {
	limit := 10 * time.Minute
	if h.short {
		limit = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the faults took longer than %v", limit))
	defer cancel()
	defer func() {
		if failure := recover(); failure != nil {
			h.print()
			fmt.Fprintln(os.Stderr, "faults:", failure)
			if _, bug := failure.(runtime.Error); bug {
				debug.PrintStack()
			}
			code = 1
		}
	}()
	defer h.tearDown()
	h.setUp(ctx)
	pattern, err := regexp.Compile(only)
	check(err)
	for _, f := range faults {
		if only == "" && (f.short || !h.short) || only != "" && pattern.MatchString(f.name) {
			h.inject(ctx, f)
		}
	}
	h.print()
	if result != "" {
		h.write(result)
	}
	return h.exitCode()
}
