package tests

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// notOverHTTP lists the pairs that no HTTP request can produce, with the reason and the test that covers
// each.
var notOverHTTP = map[pair]string{}

type pair struct{ operation, slug string }

// outcomes is the matrix of all pairs of operation and slug.
type outcomes struct {
	mu   sync.Mutex
	seen map[pair]int
}

var matrix = &outcomes{seen: map[pair]int{}}

func (m *outcomes) record(operation, slug string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[pair{operation, slug}]++
}

// report prints the matrix, or its part of one operation. It is false when a pair of the spec was never seen.
func (m *outcomes) report(only string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	var listed, covered int
	var missing []string
	for _, op := range specOperations() {
		if only != "" && only != op.id {
			continue
		}
		seen := 0
		for slug := range op.slugs {
			p := pair{op.id, slug}
			switch {
			case m.seen[p] > 0 && notOverHTTP[p] != "":
				missing = append(missing, fmt.Sprintf("  %s %s was seen: remove it from notOverHTTP", op.id, slug))
			case m.seen[p] > 0 || notOverHTTP[p] != "":
				seen++
			default:
				missing = append(missing, fmt.Sprintf("  %s %s", op.id, slug))
			}
		}
		listed, covered = listed+len(op.slugs), covered+seen
		fmt.Printf("outcomes: %-22s %2d of %2d\n", op.id, seen, len(op.slugs))
	}
	fmt.Printf("outcomes: %d pairs listed, %d seen over HTTP, %d by other tests\n", listed, covered-len(notOverHTTP), len(notOverHTTP))
	if len(missing) > 0 {
		slices.Sort(missing)
		fmt.Printf("outcomes: openapi.yaml lists what no test has seen; produce it in a test or take it out of the spec:\n%s\n", strings.Join(missing, "\n"))
	}
	return len(missing) == 0
}
