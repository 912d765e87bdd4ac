package telemetry

import (
	"bytes"
	"fmt"
	"os"
	"sync"
)

// maxLogBytes bounds one log file; one predecessor of the same size is kept beside it.
const maxLogBytes = 4 << 20

// LogFile is a bounded log: when it is full it becomes <path>.1 and a new one begins. It also remembers the last
// line, for messages.
type LogFile struct {
	mu   sync.Mutex
	path string
	f    *os.File
	size int64
	last []byte
}

// OpenLogFile opens the log at path, readable by its owner alone, and goes on at its end.
func OpenLogFile(path string) (*LogFile, error) {
	l := &LogFile{path: path}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *LogFile) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening a log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("reading the size of a log: %w", err)
	}
	l.f, l.size = f, info.Size()
	return nil
}

// Write never fails: a log that cannot be written must not stop the program it belongs to.
func (l *LogFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remember(p)
	if l.f == nil {
		return len(p), nil
	}
	if l.size+int64(len(p)) > maxLogBytes {
		l.turn()
	}
	if l.f != nil {
		n, _ := l.f.Write(p)
		l.size += int64(n)
	}
	return len(p), nil
}

func (l *LogFile) turn() {
	_ = l.f.Close()
	l.f = nil
	_ = os.Rename(l.path, l.path+".1")
	_ = l.open()
}

func (l *LogFile) remember(p []byte) {
	lines := bytes.Split(bytes.TrimRight(p, "\n"), []byte("\n"))
	line := lines[len(lines)-1]
	if len(line) > 300 {
		line = line[:300]
	}
	if len(line) > 0 {
		l.last = append(l.last[:0], line...)
	}
}

// LastLine gives the line written last, for a message.
func (l *LogFile) LastLine() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.last) == 0 {
		return "it wrote nothing"
	}
	return "its last line: " + string(l.last)
}

// Close closes the file; later writes are dropped.
func (l *LogFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return err
}
