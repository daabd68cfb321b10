package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"text/tabwriter"
)

// print shows all rows, and below what was found.
func (h *harness) print() {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "load/s\trequests\tacknowledged\tfailed\tlost\tdoubled\tundocumented\tbroken\toutage s\trecovery s\t  fault")
	var all row
	skipped := 0
	for _, r := range h.rows {
		if r.Skipped != "" {
			fmt.Fprintf(table, "\t\t\t\t\t\t\t\t\t\t  %s: skipped, %s\n", r.Fault, r.Skipped)
			skipped++
			continue
		}
		fmt.Fprintf(table, "%.0f\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f\t%.1f\t  %s\n", r.Load, r.Requests, r.Acknowledged, r.Failed, r.Lost, r.Doubled, r.Undocumented,
			r.Broken, r.Outage, r.Recovery, r.Fault)
		all.add(r)
	}
	fmt.Fprintf(table, "\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\t\t  all, %d skipped\n", all.Requests, all.Acknowledged, all.Failed, all.Lost, all.Doubled,
		all.Undocumented, all.Broken, skipped)
	table.Flush()
	for _, r := range h.rows {
		for _, n := range r.Notes {
			fmt.Printf("%s: %s (%d)\n", r.Fault, n.What, n.Times)
		}
	}
}

// add adds the counts of another row.
func (r *row) add(other *row) {
	r.Requests += other.Requests
	r.Acknowledged += other.Acknowledged
	r.Failed += other.Failed
	r.Lost += other.Lost
	r.Doubled += other.Doubled
	r.Undocumented += other.Undocumented
	r.Broken += other.Broken
}

// exitCode is 1 if anything is wrong.
func (h *harness) exitCode() int {
	for _, r := range h.rows {
		if r.wrong() > 0 {
			return 1
		}
	}
	return 0
}

func (h *harness) write(path string) {
	text, err := json.MarshalIndent(map[string]any{"short": h.short, "cores": runtime.NumCPU(), "go": runtime.Version(), "rows": h.rows}, "", "  ")
	check(err)
	check(os.MkdirAll(filepath.Dir(path), 0o755))
	check(os.WriteFile(path, append(text, '\n'), 0o644))
}
