package boot

import (
	"fmt"
	"math"
	"runtime/debug"
)

// storePercent lets a heap that holds a whole store grow to twice what is in use before it is collected.
const storePercent = 100

// Background is for a command that works through all that is stored beside a running installation: whatever else the machine has to do goes first,
// and memory is collected by what is in use. Near the soft limit of a program that keeps little, Go would collect without end: half of the time
// of a dry run over a million identifiers went there.
func (io IO) Background() error {
	if io.Getenv("GOGC") == "" {
		debug.SetGCPercent(storePercent)
	}
	if io.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(math.MaxInt64)
	}
	if io.Yield == nil {
		return nil
	}
	if err := io.Yield(); err != nil {
		return fmt.Errorf("letting everything else on this machine go first: %w", err)
	}
	return nil
}
