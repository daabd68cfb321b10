package main

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// failingWriter fails a number of times, then records what is written.
type failingWriter struct {
	failures int
	text     strings.Builder
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.failures > 0 {
		w.failures--
		return 0, errors.New("no space left on device")
	}
	return w.text.Write(p)
}

func TestLog(t *testing.T) {
	to := &failingWriter{failures: 1}
	log, stop := startLog(to)
	log.Warn("first")
	log.With("user", "ada").Warn("second")
	if !strings.Contains(to.text.String(), "second") {
		t.Error("a warning is not written at once, or not after a failed write")
	}
	log.Info("third")
	stop()
	log.Info("fourth")
	for _, line := range []string{"third", "fourth"} {
		if !strings.Contains(to.text.String(), line) {
			t.Errorf("%s is not written after stop", line)
		}
	}
	if strings.Contains(to.text.String(), "first") {
		t.Error("a line whose write failed is written later")
	}
}

// TestLogOfASlowReader: a reader that does not read holds nothing up, and costs bounded memory.
func TestLogOfASlowReader(t *testing.T) {
	t.Parallel()
	read, written := io.Pipe()
	defer read.Close()
	log, stop := startLog(written)
	for range 10000 {
		log.Info("a line", "filling", strings.Repeat("x", 200))
	}
	log.Warn("a warning")
	stop()
	go io.Copy(io.Discard, read)
	stop()
}
