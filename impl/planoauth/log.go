package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/planoauth/planoauth/impl/background"
)

const (
	logFlushInterval = 100 * time.Millisecond
	logBufferSize    = 64 << 10 // bytes, after which lines are written before the interval is over
	logBufferMax     = 1 << 20  // bytes, beyond which lines are lost: their reader does not read
	logPatience      = 200 * time.Millisecond
)

// startLog returns a logger of JSON lines whose writes are buffered: a line of level info or below is written
// within logFlushInterval, a warning or an error at once. After stop every line is written at once. A reader
// that has gone away, or does not read, loses lines; it does not hold up the server.
func startLog(to io.Writer) (_ *slog.Logger, stop func()) {
	w := &bufferedWriter{to: to, wake: make(chan struct{}, 1), written: make(chan struct{})}
	go background.Every(context.Background(), logFlushInterval, w.wake, func(context.Context) { w.writeLines() })
	return slog.New(flushingHandler{slog.NewJSONHandler(w, nil), w}), w.stop
}

// bufferedWriter keeps lines until its own goroutine has written them.
type bufferedWriter struct {
	to   io.Writer
	wake chan struct{}

	mu           sync.Mutex
	lines, spare []byte
	written      chan struct{} // closed when the lines have been written, or lost
	writing      chan struct{} // the same for lines that are being written; nil if there are none
	stopped      bool
}

// Write keeps a line. It returns no error: a line that is lost is no reason to lose the next one.
func (w *bufferedWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	if len(w.lines)+len(line) <= logBufferMax {
		w.lines = append(w.lines, line...)
	}
	full, stopped := len(w.lines) > logBufferSize, w.stopped
	w.mu.Unlock()
	if full {
		w.wakeUp()
	}
	if stopped {
		w.flush()
	}
	return len(line), nil
}

func (w *bufferedWriter) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// flush waits until all lines are written, but not long.
func (w *bufferedWriter) flush() {
	w.mu.Lock()
	done := w.writing
	if len(w.lines) > 0 {
		done = w.written
	}
	w.mu.Unlock()
	if done == nil {
		return
	}
	w.wakeUp()
	select {
	case <-done:
	case <-time.After(logPatience):
	}
}

// writeLines writes all lines. Those that cannot be written are lost.
func (w *bufferedWriter) writeLines() {
	w.mu.Lock()
	lines := w.lines
	if len(lines) == 0 {
		w.mu.Unlock()
		return
	}
	w.lines, w.writing, w.written = w.spare[:0], w.written, make(chan struct{})
	w.mu.Unlock()
	_, _ = w.to.Write(lines)
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.writing)
	w.writing, w.spare = nil, lines
}

func (w *bufferedWriter) stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.flush()
}

// flushingHandler flushes the writer after each warning and error.
type flushingHandler struct {
	slog.Handler
	writer *bufferedWriter
}

// Handle writes a record.
func (h flushingHandler) Handle(ctx context.Context, record slog.Record) error {
	err := h.Handler.Handle(ctx, record)
	if record.Level > slog.LevelInfo {
		h.writer.flush()
	}
	return err
}

// WithAttrs returns a handler that adds these attributes to each record.
func (h flushingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return flushingHandler{h.Handler.WithAttrs(attrs), h.writer}
}

// WithGroup returns a handler that puts later attributes into this group.
func (h flushingHandler) WithGroup(name string) slog.Handler {
	return flushingHandler{h.Handler.WithGroup(name), h.writer}
}
