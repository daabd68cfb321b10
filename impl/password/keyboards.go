package password

import (
	"strings"

	"github.com/trustelem/zxcvbn/adjacency"
	"github.com/trustelem/zxcvbn/match"
)

// shifted are the characters that need the shift key on a keyboard that has letters.
const shifted = `~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?`

// keyboards finds runs of neighbouring keys.
func (e *estimate) keyboards() {
	for _, keyboard := range adjacency.Graphs {
		for i := 0; i < len(e.text)-1; {
			m := match.Match{Pattern: "spatial", Graph: keyboard.Name}
			if strings.ContainsRune(shifted, e.text[i]) && !strings.HasSuffix(keyboard.Name, "keypad") {
				m.ShiftedCount = 1
			}
			j, last := i+1, -1
			for ; j < len(e.text); j++ {
				direction, shift := neighbour(keyboard, e.text[j-1], e.text[j])
				if direction < 0 {
					break
				}
				if shift {
					m.ShiftedCount++
				}
				if direction != last {
					m.Turns++
				}
				last = direction
			}
			if j-i > 2 {
				e.add(i, j, m)
			}
			i = j
		}
	}
}

// neighbour returns the direction from one key to the next, or -1 if they are not neighbours, and whether the
// next one needs the shift key.
func neighbour(keyboard *adjacency.Graph, key, next rune) (direction int, shift bool) {
	for direction, characters := range keyboard.Graph[string(key)] {
		if at := strings.IndexRune(characters, next); at >= 0 {
			return direction, at == 1
		}
	}
	return -1, false
}
