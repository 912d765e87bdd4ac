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
}

// scenarios are run on the embedded broker by every `go test`, and on Apache Kafka in the long tier.
func scenarios() []scenario {
	return []scenario{
		{"two members and every compression: each record once", twoMembersEveryCompression},
		{"many callers: each record once, in order of its key", manyCallersInOrder},
		{"members come and go: nothing is lost, commits never go back", membersComeAndGo},
		{"an older generation cannot commit", olderGenerationCannotCommit},
		{"rewind and seek back read again", rewindAndSeekBack},
		{"a handler lowers its offsets", assignableLowersTheOffset},
		{"held back offsets follow later", holdBack},
		{"the watchdog leaves a generation that stands still", watchdogLeaves},
		{"every topic can be made as it is configured", everyTopicCanBeMade},
		{"EnsureTopics is idempotent and names what differs", ensureTopicsIsIdempotent},
		{"an offset beyond the log end is an error", offsetBeyondTheEnd},
		{"records deleted before they were read", recordsDeletedBeforeTheyWereRead},
		{"records dated 2010 are read as they were written", recordsOfLongAgo},
		{"lag of groups", lagOfGroups},
		{"a reader follows one partition", followCatchesUp},
	}
}

// TestSuite_embeddedBroker runs on a fresh embedded broker per scenario, or on the broker of RCU_TEST_KAFKA.
func TestSuite_embeddedBroker(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
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
