package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
)

// row is one goal and its result.
type row struct {
	What   string    `json:"what"`
	Result string    `json:"result"` // the ratio of the rates, where there is a floor
	Goal   string    `json:"goal"`
	Met    bool      `json:"met"`
	Server *measured `json:"server,omitempty"`
	Floor  *measured `json:"floor,omitempty"`
}

func (b *bench) add(what, result, goal string, met bool) {
	b.rows = append(b.rows, row{What: what, Result: result, Goal: goal, Met: met})
}

// size adds a row of a size in bytes with a goal in megabytes.
func (b *bench) size(what string, bytes, most float64) {
	b.add(what, fmt.Sprintf("%.1f MB", bytes/1e6), fmt.Sprintf("<= %.0f MB", most), bytes <= most*1e6)
}

// compare adds a row of two sides, measured in turn after a warm-up of each. ratio is the least share of the
// floor's rate, and statements how many one request may ask.
func (b *bench) compare(ctx context.Context, what string, server, floor *side, ratio float64, statements int) {
	note(what)
	for i := range 1 + runs {
		for _, s := range []*side{server, floor} {
			s.measure(ctx, b.run, i > 0)
		}
	}
	server.got.finish()
	floor.got.finish()
	share := server.got.Rate / floor.got.Rate
	b.rows = append(b.rows, row{
		What: what, Result: fmt.Sprintf("%.2f", share), Goal: fmt.Sprintf(">= %.2f, %d stmts", ratio, statements),
		// Behind the requests some statements a second are asked too: of slow ones, they are a part of one.
		Met:    share >= ratio && int(math.Round(server.got.Statements)) <= statements,
		Server: &server.got, Floor: &floor.got,
	})
}

// print shows all rows. Numbers for one request are the server's unless stated otherwise.
func (b *bench) print() {
	fmt.Printf("%d runs of %v of each side in turn, %d connections, %d cores\n\n", runs, b.run, connections, runtime.NumCPU())
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tresult\tgoal\t\trate/s\tfloor/s\tp50 ms\tp99 ms\tCPU us\tfloor's\tstmts\tfloor's\tallocs")
	var missed []string
	for _, r := range b.rows {
		met := "met"
		if !r.Met {
			met = "NOT MET"
			missed = append(missed, r.What)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s", r.What, r.Result, r.Goal, met)
		if s, f := r.Server, r.Floor; s != nil {
			fmt.Fprintf(table, "\t%.0f\t%.0f\t%.2f\t%.2f\t%.0f\t%.0f\t%.2f\t%.2f\t%.0f", s.Rate, f.Rate, s.P50, s.P99, s.CPU, f.CPU, s.Statements, f.Statements, s.Allocs)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	fmt.Printf("\ngoals: %d met, %d not met", len(b.rows)-len(missed), len(missed))
	if len(missed) > 0 {
		fmt.Print(": ", strings.Join(missed, "; "))
	}
	fmt.Println()
}

func (b *bench) write(path string) {
	text, err := json.MarshalIndent(map[string]any{
		"quick": b.quick, "cores": runtime.NumCPU(), "go": runtime.Version(), "run_seconds": b.run.Seconds(), "runs": runs, "rows": b.rows,
	}, "", "  ")
	check(err)
	check(os.MkdirAll(filepath.Dir(path), 0o755))
	check(os.WriteFile(path, append(text, '\n'), 0o644))
}
