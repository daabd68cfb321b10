package main

import (
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	runs        = 5  // of each side of a row, in turn
	connections = 16 // under way at once, where a row does not say otherwise
	poolSize    = 16 // of the server, which is its default on two cores, and of the floors
)

// bench is what all rows are measured in.
type bench struct {
	quick   bool
	run     time.Duration // how long one is
	many    int           // users and sessions of the large database
	tries   int           // of each kind of revocation
	program string        // the server's

	dir      string
	admin    *pgxpool.Pool // of a database of its own, so that what is asked here is not counted
	mandrill string        // URL of its double
	rows     []row
}

// check ends the bench when something failed; what it has started is stopped.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func note(what string) { fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format(time.TimeOnly), what) }
