package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// logPause is how long a line of the log may wait, so that many are written at once. What is more than information does not wait.
const logPause = 100 * time.Millisecond

// startLog is a log of JSON lines. After stop no line waits any more.
func startLog(to io.Writer) (_ *slog.Logger, stop func()) {
	w := &waitingWriter{to: to, buffer: bufio.NewWriterSize(to, 64<<10)}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pause = time.AfterFunc(logPause, w.tick)
	return slog.New(urgentHandler{slog.NewJSONHandler(w, nil), w}), w.stop
}

// waitingWriter keeps lines until they are flushed, or many.
type waitingWriter struct {
	to io.Writer

	mu      sync.Mutex
	pause   *time.Timer
	buffer  *bufio.Writer
	stopped bool
}

func (w *waitingWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.buffer.Write(line)
	if err != nil || w.stopped {
		w.write()
	}
	return n, err
}

func (w *waitingWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write()
}

func (w *waitingWriter) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write()
	if !w.stopped {
		w.pause.Reset(logPause)
	}
}

// write writes what waits. What cannot be written is lost, and what comes later is not.
func (w *waitingWriter) write() {
	if w.buffer.Flush() != nil {
		w.buffer.Reset(w.to)
	}
}

func (w *waitingWriter) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pause.Stop()
	w.stopped = true
	w.write()
}

// urgentHandler does not let warnings and errors wait.
type urgentHandler struct {
	slog.Handler
	waiting *waitingWriter
}

// Handle writes a record.
func (h urgentHandler) Handle(ctx context.Context, record slog.Record) error {
	err := h.Handler.Handle(ctx, record)
	if record.Level > slog.LevelInfo {
		h.waiting.flush()
	}
	return err
}

// WithAttrs is the handler whose records have these attributes.
func (h urgentHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return urgentHandler{h.Handler.WithAttrs(attrs), h.waiting}
}

// WithGroup is the handler whose attributes stand in this group.
func (h urgentHandler) WithGroup(name string) slog.Handler {
	return urgentHandler{h.Handler.WithGroup(name), h.waiting}
}
