package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/planoauth/planoauth/impl/background"
)

const (
	logFlushInterval = 100 * time.Millisecond
	logBufferSize    = 64 << 10 // bytes
)

// startLog returns a logger of JSON lines whose writes are buffered: a line of level info or below is written
// within logFlushInterval, a warning or an error at once. After stop every line is written at once.
func startLog(to io.Writer) (_ *slog.Logger, stop func()) {
	w := &bufferedWriter{to: to, buffer: bufio.NewWriterSize(to, logBufferSize)}
	ctx, cancel := context.WithCancel(context.Background())
	go background.Every(ctx, logFlushInterval, nil, func(context.Context) { w.flush() })
	return slog.New(flushingHandler{slog.NewJSONHandler(w, nil), w}), func() { cancel(); w.stop() }
}

// bufferedWriter buffers lines until it is flushed, its buffer is full, or it is stopped.
type bufferedWriter struct {
	to io.Writer

	mu      sync.Mutex
	buffer  *bufio.Writer
	stopped bool
}

func (w *bufferedWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.buffer.Write(line)
	if err != nil || w.stopped {
		w.flushLocked()
	}
	return n, err
}

func (w *bufferedWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushLocked()
}

// flushLocked drops the buffered lines when they cannot be written: bufio.Writer would otherwise refuse all
// later ones.
func (w *bufferedWriter) flushLocked() {
	if w.buffer.Flush() != nil {
		w.buffer.Reset(w.to)
	}
}

func (w *bufferedWriter) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.flushLocked()
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
