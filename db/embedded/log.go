package embedded

import (
	"bytes"
	"os"
	"path/filepath"
)

const maxLog = 10 << 20 // bytes; a longer log is renamed to log.1 at the next start

// serverLog is the log of one start of Postgres, at the end of the log file.
type serverLog struct {
	directory *directory
	file      *os.File
	offset    int64 // where the lines of this start begin
}

func openLog(d *directory) (serverLog, error) {
	if info, err := d.root.Stat(logFile); err == nil && info.Size() > maxLog {
		if err := d.root.Rename(logFile, logFile+".1"); err != nil {
			return serverLog{}, err
		}
	}
	file, err := d.open(logFile, os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return serverLog{}, err
	}
	info, err := file.Stat()
	if err != nil {
		return serverLog{}, err
	}
	return serverLog{d, file, info.Size()}, nil
}

func (l serverLog) path() string { return filepath.Join(l.directory.path, logFile) }

// tail returns the last 2000 bytes that this start has logged.
func (l serverLog) tail() string {
	log, _ := l.directory.root.ReadFile(logFile)
	log = log[min(l.offset, int64(len(log))):]
	return string(bytes.TrimSpace(log[max(0, len(log)-2000):]))
}
