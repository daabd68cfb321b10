package main

import (
	"errors"
	"strings"
	"testing"
)

// broken fails as often as it says, and takes what comes after.
type broken struct {
	fails int
	text  strings.Builder
}

func (b *broken) Write(p []byte) (int, error) {
	if b.fails > 0 {
		b.fails--
		return 0, errors.New("no space is left")
	}
	return b.text.Write(p)
}

func TestLogAfterAFailure(t *testing.T) {
	to := &broken{fails: 1}
	log, stop := startLog(to)
	log.Warn("first") // is lost
	log.With("who", "ada").Warn("second")
	if !strings.Contains(to.text.String(), "second") {
		t.Error("a warning waits, or nothing is written any more")
	}
	log.Info("third")
	stop()
	log.Info("fourth")
	for _, line := range []string{"third", "fourth"} {
		if !strings.Contains(to.text.String(), line) {
			t.Errorf("%s is missing", line)
		}
	}
	if strings.Contains(to.text.String(), "first") {
		t.Error("what could not be written was written later")
	}
}
