package stream_test

import (
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"rcu/pkg/testkit"
)

// scenario is a law of the package that holds on every broker: it uses the wire alone, and names of its own.
type scenario struct {
	name string
	run  func(r *rig)
	slow bool // waits for time-outs: on the embedded broker in the long tier, too
}

// scenarios are run on the embedded broker by every `go test`, and on Apache Kafka in the long tier.
func scenarios() []scenario {
	return []scenario{
		{"two members and every compression: each record once", twoMembersEveryCompression, false},
		{"many callers: each record once, in order of its key", manyCallersInOrder, false},
		{"members come and go: nothing is lost, commits never go back", membersComeAndGo, false},
		{"an older generation cannot commit", olderGenerationCannotCommit, true},
		{"rewind and seek back read again", rewindAndSeekBack, false},
		{"a handler lowers its offsets", assignableLowersTheOffset, false},
		{"held back offsets follow later", holdBack, false},
		{"nothing is committed before the handler returned", nothingBeforeTheHandlerReturned, false},
		{"the watchdog leaves a generation that stands still", watchdogLeaves, false},
		{"every topic can be made as it is configured", everyTopicCanBeMade, false},
		{"EnsureTopics is idempotent and names what differs", ensureTopicsIsIdempotent, false},
		{"an offset beyond the log end is an error", offsetBeyondTheEnd, false},
		{"records deleted before they were read", recordsDeletedBeforeTheyWereRead, false},
		{"records dated 2010 are read as they were written", recordsOfLongAgo, false},
		{"a deleted topic stops the start, and can be adopted", deletedTopic, false},
		{"a topic made again with fewer records stops the start", remadeTopicFewer, true},
		{"a topic made again with more records stops the start", remadeTopicMore, false},
		{"a topic deleted while it is read stops the consumer", deletedWhileRead, true},
		{"lag of groups", lagOfGroups, false},
		{"a reader follows one partition", followCatchesUp, false},
	}
}

// TestSuite_embeddedBroker runs on a fresh embedded broker per scenario, or on the broker of RCU_TEST_KAFKA.
func TestSuite_embeddedBroker(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			if s.slow {
				testkit.Long(t)
			}
			if os.Getenv("RCU_TEST_KAFKA") == "" {
				s.run(newRig(t))
				return
			}
			s.run(sharedRig(t, testkit.Kafka(t)[0]))
		})
	}
}

func TestSuite_apacheKafka(t *testing.T) {
	testkit.Long(t)
	addr := testkit.ApacheKafka(t)
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) { s.run(sharedRig(t, addr)) })
	}
}

// sharedRig is a rig on a broker that others use too: its names are its own.
func sharedRig(t testing.TB, addr string) *rig {
	t.Helper()
	checkLeaks(t)
	r := &rig{t: t, addr: addr, suffix: testkit.Name(t, ""), reg: prometheus.NewRegistry()}
	r.client = r.connect(addr, r.reg)
	return r
}

// name makes a topic or group name that is the rig's own.
func (r *rig) name(base string) string { return base + r.suffix }
