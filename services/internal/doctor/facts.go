package doctor

import "time"

// Facts is all that the checks look at.
type Facts struct {
	Running    bool // `rcu up` holds the data folder
	Alone      bool // the servers are not ours: services run each by itself, and nobody notes which
	Crashed    bool // it ran, does not any more, and did not stop in order
	Engine     Program
	RedisFile  Program
	Redis      Server
	Kafka      Server
	ClickHouse Server
	Ports      []Port
	Topics     Topics
	Schema     Schema
	Disks      []Disk
	Keys       Keys
	Lags       Lags
}

// Program is something that must be installed.
type Program struct {
	Needed    bool
	Installed bool
	Problem   string // why not, with what to do
}

// Server is what one server answered.
type Server struct {
	Addr     string // empty: not known, because nothing was started or given
	Embedded bool
	Problem  string // it did not answer
	Version  string
	Skew     time.Duration // its clock less ours
	HasClock bool
	Refuses  string // why it takes no writes; empty: it does
}

// Port is an address on which RCU wants to listen.
type Port struct {
	Name, Addr string
	Taken      bool
}

// Topics is what is wrong with the topics, in words.
type Topics struct {
	Asked    bool
	Problem  string
	Missing  []string
	Unlike   []string
	Expected int
}

// Schema is the version of the tables.
type Schema struct {
	Asked           bool
	Problem         string
	Current, Target int64

	Sends        uint64 // contacts of the last days that no decision permitted: the standing control
	SendsProblem string // it could not be asked
}

// Disk is the room on a disk that holds the data folder, or a part of it.
type Disk struct {
	Path        string
	Problem     string
	Free, Least uint64 // bytes
}

// Keys is what is known of the key file.
type Keys struct {
	Path        string
	Problem     string // it cannot be read
	Fingerprint string
	Foreign     bool   // the keys in Kafka were wrapped with another one
	Known       string // fingerprint with which the data were made; empty: no data yet
}

// Lags is how far the groups of readers are behind.
type Lags struct {
	Asked   bool
	Problem string
	Most    int64 // more is a problem
	Groups  map[string]int64
}
