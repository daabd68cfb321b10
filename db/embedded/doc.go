// Package embedded runs a Postgres as a child process, for development and tests. Unix only.
//
// Start creates the cluster on first use and returns when Postgres accepts connections. It needs PostgreSQL's
// own binaries on this machine; without them its error lists the commands that install them. A caller may
// rely on this:
//
//   - Data survives a stop, and a kill -9 of this process, of Postgres, or of both.
//   - Supervise starts a Postgres that has ended again.
//   - One living process uses a directory: a second Start fails with ErrRunning. Attach connects to the first.
//   - Postgres stops when this process dies: at once on Linux, elsewhere at the next Start.
//   - Postgres never runs as root: for root it runs as the user postgres or nobody, who then owns the directory.
//   - It listens on 127.0.0.1 only, on a port that changes with each start, and demands a password (SCRAM).
package embedded
