// Command planoauth serves PlanoAuth and administers its database. Each verb has a file of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/planoauth/planoauth/impl"
)

// command is the table of verbs.
type command struct {
	Version kong.VersionFlag `help:"Print the version of openapi.yaml, the commit and the Go version."`

	Serve   serve   `cmd:"" default:"withargs" help:"Serve the API and the pages; without DATABASE_URL, on an embedded Postgres."`
	Migrate migrate `cmd:"" help:"Bring the schema of the database up to date."`
	Deploy  deploy  `cmd:"" help:"Add the services and routes of openapi.yaml that the database does not have yet."`

	Application application `cmd:"" help:"Applications: the products that users sign in to."`
	Client      client      `cmd:"" help:"Clients."`
	Employee    employee    `cmd:"" help:"Employees."`
	Company     company     `cmd:"" help:"Companies."`
	Person      person      `cmd:"" help:"People: all users."`

	Service service `cmd:"" help:"Services: the groups of operations that openapi.yaml has as tags."`
	Route   route   `cmd:"" help:"Routes: the operations of openapi.yaml."`

	Notification notification `cmd:"" help:"Notifications about what failed."`
	Audit        audit        `cmd:"" help:"Audit events: who did what."`

	Calibrate calibrate `cmd:"" help:"Suggest settings of the password hash for this machine."`
}

func main() {
	var c command
	build := impl.ThisBuild()
	parser := kong.Must(&c, kong.Name("planoauth"),
		kong.Description("An authentication server that answers every request with a documented status."),
		kong.Vars{"version": strings.Join(strings.Fields("planoauth "+build.Version+" "+build.Revision+" "+build.Go), " ")})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	settings := settingsOf(parser.Model)
	arguments, err := settings.trim(os.Args[1:])
	var kctx *kong.Context
	if err == nil {
		kctx, err = parser.Parse(arguments)
	}
	if err == nil {
		kctx.BindTo(ctx, (*context.Context)(nil))
		err = kctx.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "planoauth:", err)
		os.Exit(1)
	}
}
