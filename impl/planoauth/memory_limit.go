package main

import (
	"os"
	"runtime/debug"
	"strings"
)

const (
	baseMemory  = 96 << 20 // bytes, for everything but hashing; the session cache may take a third
	hashGarbage = 4        // multiple of the hashes' memory that may await collection: a collection costs a tenth of a hash
	gcPercent   = 400      // the live heap is small, so frequent collections would only cost time
)

// limitMemory sets the limits of the garbage collector, unless GOMEMLIMIT and GOGC do, and returns the memory
// of the start to the operating system. hashMemory, in KiB, is what all concurrent hashes take.
func limitMemory(hashMemory uint64) {
	if strings.TrimSpace(os.Getenv("GOMEMLIMIT")) == "" {
		debug.SetMemoryLimit(baseMemory + hashGarbage*int64(hashMemory)<<10)
	}
	if strings.TrimSpace(os.Getenv("GOGC")) == "" {
		debug.SetGCPercent(gcPercent)
	}
	go debug.FreeOSMemory()
}
