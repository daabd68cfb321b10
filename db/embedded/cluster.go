package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// initialize creates the cluster on the first start and returns the superuser's password. A cluster gets its
// final name only when it is complete.
func initialize(ctx context.Context, d *directory, b binaries, durable bool) (password string, _ error) {
	if _, err := d.root.Stat(clusterDir); err == nil {
		password, err := d.root.ReadFile(passwordFile)
		return strings.TrimSpace(string(password)), err
	}
	password = rand.Text()
	if err := writePassword(d, password); err != nil {
		return "", err
	}
	name := unfinished + rand.Text()
	cmd := b.command(ctx, "initdb", "--pgdata="+filepath.Join(d.path, name), "--username="+databaseName,
		"--pwfile="+filepath.Join(d.path, passwordFile), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C")
	if !durable {
		cmd.Args = append(cmd.Args, "--no-sync")
	}
	// The thread is locked because its end would kill the child; see spawn.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, output)
	}
	if err := d.root.Rename(name, clusterDir); err != nil {
		return "", err
	}
	return password, d.sync()
}

func writePassword(d *directory, password string) error {
	file, err := d.open(passwordFile, os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(password + "\n")
	return errors.Join(err, file.Sync())
}
