package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/planoauth/planoauth/impl"
)

type calibrate struct {
	Target     time.Duration `default:"100ms" help:"How long a hash may take on one core."`
	MostMemory uint32        `default:"65536" help:"How much memory a hash may take, in KiB."`
}

// Run measures, and prints settings that can be pasted.
func (c *calibrate) Run() error {
	found, err := impl.Calibrate(c.Target, c.MostMemory, time.Now)
	if err != nil {
		return err
	}
	cores := runtime.GOMAXPROCS(0)
	fmt.Printf("ARGON2_MEMORY=%d ARGON2_TIME=%d\n", found.Memory, found.Passes)
	fmt.Printf("A hash takes %v on one core; %d at once, as HASH_WORKERS has it unless set, take %d MiB.\n",
		found.Took.Round(time.Millisecond), cores, cores*int(found.Memory)/1024)
	if found.Took > c.Target {
		fmt.Println("That is longer than the target, but OWASP recommends no less.")
	}
	return nil
}
