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

// startLog is a log of JSON lines. stop writes what still waits.
func startLog(to io.Writer) (_ *slog.Logger, stop func()) {
	w := &waitingWriter{buffer: bufio.NewWriterSize(to, 64<<10)}
	ticker, stopped := time.NewTicker(logPause), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				w.flush()
			case <-stopped:
				return
			}
		}
	}()
	return slog.New(urgentHandler{slog.NewJSONHandler(w, nil), w}), func() {
		ticker.Stop()
		close(stopped)
		w.flush()
	}
}

// waitingWriter keeps lines until they are flushed, or many.
type waitingWriter struct {
	mu     sync.Mutex
	buffer *bufio.Writer
}

func (w *waitingWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buffer.Write(line)
}

func (w *waitingWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buffer.Flush()
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
