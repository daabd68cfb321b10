package password

import (
	"errors"
	"time"

	"golang.org/x/crypto/argon2"
)

// minCost is OWASP's recommendation for argon2id.
var minCost = Cost{Memory: 19456, Passes: 2}

// Calibrate returns the highest cost whose hash takes no longer than target on this machine, and how long
// that takes. It raises the memory first, up to maxMemory in KiB, then the passes. The cost is never below
// OWASP's recommendation, even if that takes longer than target.
func Calibrate(target time.Duration, maxMemory uint32, now func() time.Time) (Cost, time.Duration, error) {
	return calibrate(target, maxMemory, func(cost Cost) time.Duration { return measure(cost, now) })
}

func calibrate(target time.Duration, maxMemory uint32, measure func(Cost) time.Duration) (Cost, time.Duration, error) {
	if maxMemory < minCost.Memory {
		return Cost{}, 0, errors.New("a hash needs 19456 KiB of memory at least")
	}
	cost := minCost
	took := measure(cost)
	for took < target {
		next := cost
		if cost.Memory < maxMemory {
			next.Memory = min(maxMemory, cost.Memory+cost.Memory/4)
		} else {
			next.Passes++
		}
		nextTook := measure(next)
		if nextTook > target {
			break
		}
		cost, took = next, nextTook
	}
	return cost, took, nil
}

// measure returns the shortest time of three hashes, since other load only makes a hash slower.
func measure(cost Cost, now func() time.Time) time.Duration {
	var shortest time.Duration
	for range 3 {
		began := now()
		argon2.IDKey([]byte("analytical engine 1843"), make([]byte, 16), cost.Passes, cost.Memory, 1, 32)
		if took := now().Sub(began); shortest == 0 || took < shortest {
			shortest = took
		}
	}
	return shortest
}
