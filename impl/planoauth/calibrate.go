package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/planoauth/planoauth/impl/password"
)

type calibrate struct {
	Target    time.Duration `default:"100ms" help:"The longest that a hash may take on one core."`
	MaxMemory uint32        `name:"most-memory" default:"65536" help:"The most memory that a hash may take, in KiB."`
}

// Run measures hashes on this machine and prints settings that can be pasted.
func (c *calibrate) Run() error {
	cost, took, err := password.Calibrate(c.Target, c.MaxMemory, time.Now)
	if err != nil {
		return err
	}
	cores := runtime.GOMAXPROCS(0)
	fmt.Printf("ARGON2_MEMORY=%d ARGON2_TIME=%d\n", cost.Memory, cost.Passes)
	fmt.Printf("A hash takes %v on one core. With the default of HASH_WORKERS, %d run at once and take %d MiB.\n",
		took.Round(time.Millisecond), cores, cores*int(cost.Memory)/1024)
	if took > c.Target {
		fmt.Println("That is longer than the target, but OWASP recommends no less.")
	}
	return nil
}
