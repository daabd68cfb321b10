package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type audit struct {
	List auditList `cmd:"" help:"List who did what, the newest first."`
}

type auditList struct {
	database
	admin.AuditFilter
	JSON bool `name:"json" help:"Print a JSON array, with all that is known of each event."`
}

// Run prints the events.
func (l *auditList) Run(ctx context.Context) error {
	return l.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		events, err := admin.ListAudit(ctx, d, l.AuditFilter)
		if err != nil {
			return err
		}
		if !l.JSON {
			return printEvents(events)
		}
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(events)
	})
}

// printEvents prints a table. A column without a value has a hyphen.
func printEvents(events []admin.ListedEvent) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tOPERATION\tSTATUS\tACTOR\tSUBJECT\tAPPLICATION\tCOUNT\tREQUEST")
	for _, e := range events {
		columns := []string{
			e.CreatedAt.Format(time.RFC3339), e.Operation, e.Status, actorText(e.Actor), actorText(e.Subject), e.Application,
			strconv.FormatInt(e.Count, 10), e.RequestID,
		}
		for i := range columns {
			columns[i] = cmp.Or(columns[i], "-")
		}
		fmt.Fprintln(table, strings.Join(columns, "\t"))
	}
	return table.Flush()
}

// actorText names a user by address, or by id once they were deleted.
func actorText(a *admin.ListedActor) string {
	switch {
	case a == nil:
		return ""
	case a.Command:
		return "the command"
	case a.Application != "":
		return a.Application
	}
	return cmp.Or(a.Email, "#"+strconv.FormatInt(a.ID, 10))
}
