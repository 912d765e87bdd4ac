package stateredis

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// libraryLines takes the lines that the client library would write to stderr. What they say, callers get as errors too, so they are for
// debugging. The library knows one logger for all its clients.
type libraryLines struct{ log atomic.Pointer[zap.Logger] }

var (
	lines   libraryLines
	install sync.Once
)

// logTo gives the lines of the library to log; without one, those of the last client that had one go on, and otherwise nobody sees them.
func logTo(log *zap.Logger) {
	install.Do(func() { redis.SetLogger(&lines) })
	if log != nil {
		lines.log.Store(log)
	}
}

// Printf is what the library calls.
func (l *libraryLines) Printf(_ context.Context, format string, v ...any) {
	if log := l.log.Load(); log != nil {
		log.Debug("redis client", zap.String("says", fmt.Sprintf(format, v...)))
	}
}
