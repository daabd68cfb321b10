package ratelimit

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	bitsPerDigest = 16
	probes        = 4 // with 16 bits a digest, two of a thousand that were not added seem to have been
	minBits       = 1 << 20
	maxBits       = 1 << 28 // 32 MB
)

// summary is a Bloom filter of digests. It is safe for concurrent use, save for the fields after bits.
type summary struct {
	bits []uint64

	made  time.Time
	last  int64 // the greatest id of the rows that were added
	added int64 // digests, some of them twice
}

// newSummary makes a summary for a number of rows, or a little more.
func newSummary(rows int64, now time.Time) *summary {
	size := uint64(minBits)
	if rows > 0 {
		size = max(size, 1<<bits.Len64(uint64(rows)*bitsPerDigest))
	}
	return &summary{bits: make([]uint64, min(size, maxBits)/64), made: now}
}

// crowded reports whether the summary has too many digests for its size, and could be larger.
func (s *summary) crowded() bool {
	size := int64(len(s.bits)) * 64
	return size < maxBits && s.added*bitsPerDigest/2 > size
}

func (s *summary) add(digest []byte) {
	for probe := range uint64(probes) {
		word, bit := s.at(digest, probe)
		atomic.OrUint64(word, bit)
	}
}

// mayContain reports whether a digest may have been added. If not, it was not.
func (s *summary) mayContain(digest []byte) bool {
	for probe := range uint64(probes) {
		if word, bit := s.at(digest, probe); atomic.LoadUint64(word)&bit == 0 {
			return false
		}
	}
	return true
}

// at returns the bit for a probe. A digest is random, so parts of it are as good as hashes.
func (s *summary) at(digest []byte, probe uint64) (word *uint64, bit uint64) {
	h := binary.BigEndian.Uint64(digest) + probe*(binary.BigEndian.Uint64(digest[8:])|1)
	h %= uint64(len(s.bits)) * 64
	return &s.bits[h/64], 1 << (h % 64)
}
