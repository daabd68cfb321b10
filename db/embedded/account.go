package embedded

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// chooseAccount returns the user that runs Postgres in a directory, nil for this process's own. Postgres
// refuses root, so root gives the directory to another user; one that already has another owner stays with
// that one, since Postgres must own its cluster.
func chooseAccount(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
		return &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, errors.New("the directory belongs to root and is not empty; it has to be given to an unprivileged user: " +
			"choose another one")
	}
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	return account, errors.Join(os.Chmod(dir, 0o700), os.Chown(dir, int(account.Uid), int(account.Gid)))
}

// unprivileged returns the user postgres, or nobody where there is none.
func unprivileged() (*syscall.Credential, error) {
	found, err := user.Lookup("postgres")
	if err != nil {
		if found, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}
