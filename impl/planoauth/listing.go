package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// listing is the flag of the verbs that list something.
type listing struct {
	JSON bool `name:"json" help:"Print JSON, with the field names of the API."`
}

// print prints items as JSON, or else a table of the rows.
func (l listing) print(items any, columns []string, rows [][]string) error {
	if l.JSON {
		return printJSON(items)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{columns}, rows...) {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

func printJSON(items any) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(items)
}

// timeText formats a time as the API does, "" for the zero time.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// dateText formats a time for people, "" for the zero time.
func dateText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// yes returns yes or no.
func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
