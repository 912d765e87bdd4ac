package stream_test

import (
	"os"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"rcu/pkg/testkit"
)

// scenario is a law of the package that holds on every broker: it uses the wire alone, and names of its own.
type scenario struct {
	name string
	run  func(r *rig)
	pace pace
}

// pace is how a scenario spends its time.
type pace int

const (
	quick pace = iota // at work, or measuring short times: runs alone
	waits             // waits for its group or its topics: runs beside others
	slow              // as waits, for time-outs: on the embedded broker in the long tier, too
)

// scenarios are run on the embedded broker by every `go test`, and on Apache Kafka in the long tier.
func scenarios() []scenario {
	return []scenario{
		{"two members and every compression: each record once", twoMembersEveryCompression, waits},
		{"many callers: each record once, in order of its key", manyCallersInOrder, quick},
		{"members come and go: nothing is lost, commits never go back", membersComeAndGo, waits},
		{"an older generation cannot commit", olderGenerationCannotCommit, slow},
		{"rewind and seek back read again", rewindAndSeekBack, quick},
		{"a handler lowers its offsets", assignableLowersTheOffset, quick},
		{"held back offsets follow later", holdBack, quick},
		{"nothing is committed before the handler returned", law(committedBeforeTheHandlerReturned), quick},
		{"nothing is committed that another generation handled", law(committedForAnotherGeneration), waits},
		{"partitions are handed on when the handler has returned", law(handedOnBeforeTheHandlerReturned), waits},
		{"the watchdog leaves a generation that stands still", watchdogLeaves, quick},
		{"every topic can be made as it is configured", everyTopicCanBeMade, waits},
		{"EnsureTopics is idempotent and names what differs", ensureTopicsIsIdempotent, waits},
		{"an offset beyond the log end is an error", offsetBeyondTheEnd, waits},
		{"records deleted before they were read", recordsDeletedBeforeTheyWereRead, quick},
		{"records dated 2010 are read as they were written", recordsOfLongAgo, quick},
		{"a deleted topic stops the start, and can be adopted", deletedTopic, waits},
		{"a topic made again with fewer records stops the start", remadeTopicFewer, slow},
		{"a topic made again with more records stops the start", remadeTopicMore, waits},
		{"a topic deleted while it is read stops the consumer", deletedWhileRead, slow},
		{"lag of groups", lagOfGroups, quick},
		{"a reader follows one partition", followCatchesUp, quick},
	}
}

// TestSuite_embeddedBroker runs on a fresh embedded broker per scenario, or on the broker of RCU_TEST_KAFKA.
func TestSuite_embeddedBroker(t *testing.T) {
	onEmbeddedBroker(t, func(s scenario) bool { return s.pace != slow })
}

// TestSuite_embeddedBrokerLong runs the scenarios that the other passes over.
func TestSuite_embeddedBrokerLong(t *testing.T) {
	testkit.Long(t)
	onEmbeddedBroker(t, func(s scenario) bool { return s.pace == slow })
}

func onEmbeddedBroker(t *testing.T, which func(scenario) bool) {
	t.Helper()
	hold(t, slices.DeleteFunc(scenarios(), func(s scenario) bool { return !which(s) }), func(t *testing.T) *rig {
		t.Helper()
		if os.Getenv("RCU_TEST_KAFKA") == "" {
			return ownRig(t)
		}
		return sharedRig(t, testkit.Kafka(t)[0])
	})
}

func TestSuite_apacheKafka(t *testing.T) {
	testkit.Long(t)
	addr := testkit.ApacheKafka(t)
	hold(t, scenarios(), func(t *testing.T) *rig {
		t.Helper()
		return sharedRig(t, addr)
	})
}

// hold tries scenarios, those that wait side by side. Goroutines that are left are looked for behind the last one.
func hold(t *testing.T, all []scenario, rig func(t *testing.T) *rig) {
	t.Helper()
	checkLeaks(t)
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			if s.pace != quick {
				t.Parallel()
			}
			s.run(rig(t))
		})
	}
}

// sharedRig is a rig on a broker that others use too: its names are its own.
func sharedRig(t testing.TB, addr string) *rig {
	t.Helper()
	r := &rig{t: t, addr: addr, suffix: testkit.Name(t, ""), reg: prometheus.NewRegistry()}
	r.client = r.connect(addr, r.reg)
	return r
}

// name makes a topic or group name that is the rig's own.
func (r *rig) name(base string) string { return base + r.suffix }
