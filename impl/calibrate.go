package impl

import (
	"errors"
	"time"

	"golang.org/x/crypto/argon2"
)

const (
	leastMemory = 19456 // KiB; with two passes, OWASP's recommendation for argon2id
	leastPasses = 2
)

// Argon2 is a cost of a password hash, and the time that one took on this machine.
type Argon2 struct {
	Memory uint32 // KiB
	Passes uint32
	Took   time.Duration
}

// Calibrate finds the costliest hash that takes no longer than a time: memory first, up to a bound in KiB, and then passes. It is
// never cheaper than OWASP recommends, so it takes longer where the machine is too slow for that.
func Calibrate(target time.Duration, mostMemory uint32, now func() time.Time) (Argon2, error) {
	if mostMemory < leastMemory {
		return Argon2{}, errors.New("a hash needs 19456 KiB of memory at least")
	}
	found := measure(leastMemory, leastPasses, now)
	for found.Took < target {
		next := found
		if found.Memory < mostMemory {
			next.Memory = min(mostMemory, found.Memory+found.Memory/4)
		} else {
			next.Passes++
		}
		if next = measure(next.Memory, next.Passes, now); next.Took > target {
			break
		}
		found = next
	}
	return found, nil
}

// measure takes the shortest of three: what else the machine does only makes a hash longer.
func measure(memory, passes uint32, now func() time.Time) Argon2 {
	measured := Argon2{Memory: memory, Passes: passes}
	for range 3 {
		began := now()
		argon2.IDKey([]byte("analytical engine 1843"), make([]byte, 16), passes, memory, 1, 32)
		if took := now().Sub(began); measured.Took == 0 || took < measured.Took {
			measured.Took = took
		}
	}
	return measured
}
