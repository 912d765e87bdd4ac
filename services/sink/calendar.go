package sink

import (
	"errors"
	"math"
	"sync"
	"time"
)

// errZone says that a source's zone is not known.
var errZone = errors.New("unknown time zone")

// zones remembers time zones by name. Their number is bounded: the name comes from sources.yaml, not from a client.
type zones struct {
	mu     sync.RWMutex
	byName map[string]*time.Location
}

const maxZones = 1024

func newZones() *zones { return &zones{byName: map[string]*time.Location{}} }

func (z *zones) get(name string) (*time.Location, error) {
	z.mu.RLock()
	loc := z.byName[name]
	z.mu.RUnlock()
	if loc != nil {
		return loc, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, errZone
	}
	z.mu.Lock()
	if len(z.byName) >= maxZones {
		clear(z.byName)
	}
	z.byName[name] = loc
	z.mu.Unlock()
	return loc, nil
}

// businessDay gives the day since 1970 and the month (yyyymm) of an instant in a zone.
func businessDay(us int64, loc *time.Location) (uint16, uint32) {
	y, m, d := time.UnixMicro(us).In(loc).Date()
	days := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
	return uint16(min(max(days, 0), math.MaxUint16)), uint32(max(y, 0))*100 + uint32(m) //nolint:gosec // both are bounded
}
