package profile

import (
	"sync"
	"time"
)

// maxZones bounds the cache of zones; sources.yaml names a handful.
const maxZones = 1024

var zones struct {
	sync.RWMutex
	byName map[string]*time.Location
}

// zone returns the IANA zone of a name; UTC when it is unknown.
func zone(name string) *time.Location {
	if name == "" || name == "UTC" {
		return time.UTC
	}
	zones.RLock()
	l := zones.byName[name]
	zones.RUnlock()
	if l != nil {
		return l
	}
	l, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		l = time.UTC
	}
	zones.Lock()
	defer zones.Unlock()
	if zones.byName == nil || len(zones.byName) >= maxZones {
		zones.byName = map[string]*time.Location{}
	}
	zones.byName[name] = l
	return l
}

// Month returns yyyymm of a time (microseconds) in the zone of a source: the business month that amounts are summed in.
func Month(micros int64, zoneName string) int32 {
	y, m, _ := time.UnixMicro(micros).In(zone(zoneName)).Date()
	return int32(y*100 + int(m)) //nolint:gosec // years of four digits
}
