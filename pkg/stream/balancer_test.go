package stream

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// groupOf is a group of members, and the partitions of its topics, in two orders in which brokers may name them.
type groupOf struct {
	topics     []string
	upgrade    bool // the first member knows the first topic alone
	members    [2][]kafka.GroupMember
	partitions [2][]kafka.Partition
}

var groupsOf = rapid.Custom(func(t *rapid.T) (g groupOf) {
	g.topics = []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "topics")]
	var partitions []kafka.Partition
	for _, topic := range g.topics {
		for p := range rapid.IntRange(1, 12).Draw(t, "partitions") {
			partitions = append(partitions, kafka.Partition{Topic: topic, ID: p})
		}
	}
	var members []kafka.GroupMember
	for i := range rapid.IntRange(1, 6).Draw(t, "members") {
		members = append(members, kafka.GroupMember{ID: fmt.Sprint("m", i), Topics: g.topics})
	}
	if g.upgrade = rapid.Bool().Draw(t, "rolling upgrade"); g.upgrade {
		members[0].Topics = g.topics[:1]
	}
	for i := range 2 {
		g.members[i] = rapid.Permutation(members).Draw(t, "order of members")
		g.partitions[i] = rapid.Permutation(partitions).Draw(t, "order of partitions")
	}
	return g
})

const (
	lawOnce   = "each partition of a topic that somebody reads has one member, who reads it"
	lawSame   = "a partition of every topic has the same member"
	lawOrder  = "the order in which members and partitions are named changes nothing"
	lawEvenly = "members have as many partitions of a topic as the others, but for one"
)

// broken lists the laws that the balancer breaks for a group.
func (g groupOf) broken() (laws []string) {
	out := balancer{}.AssignGroups(slices.Clone(g.members[0]), g.partitions[0])
	owner, load, once := map[topicPartition]string{}, map[string]map[string]int{}, true
	for _, m := range g.members[0] {
		load[m.ID] = map[string]int{}
		for topic, ids := range out[m.ID] {
			once = once && slices.Contains(m.Topics, topic)
			for _, id := range ids {
				at := topicPartition{topic, id}
				once = once && owner[at] == ""
				owner[at] = m.ID
				load[m.ID][topic]++
			}
		}
	}
	same, sizes := true, map[string]int{}
	for _, p := range g.partitions[0] {
		at := topicPartition{p.Topic, p.ID}
		able := p.Topic == g.topics[0] || !g.upgrade || len(g.members[0]) > 1
		once = once && able == (owner[at] != "")
		sizes[p.Topic]++
		first, known := owner[topicPartition{g.topics[0], p.ID}]
		same = same && (g.upgrade || !known || first == owner[at])
	}
	evenly := true
	for _, m := range g.members[0] {
		for topic, n := range sizes {
			evenly = evenly && (g.upgrade || math.Abs(float64(n)/float64(len(g.members[0]))-float64(load[m.ID][topic])) <= 1)
		}
	}
	again := balancer{}.AssignGroups(slices.Clone(g.members[1]), g.partitions[1])
	sameOrder := maps.EqualFunc(out, again, func(a, b map[string][]int) bool { return maps.EqualFunc(a, b, slices.Equal) })
	for law, holds := range map[string]bool{lawOnce: once, lawSame: same, lawEvenly: evenly, lawOrder: sameOrder} {
		if !holds {
			laws = append(laws, law)
		}
	}
	return laws
}

func TestBalancer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { require.Empty(t, groupsOf.Draw(t, "group").broken()) })
}

func TestBalancer_unsortedIsCaught(t *testing.T) {
	Plant(t, Faults{Unsorted: true})
	found := map[string]bool{}
	for seed := range 200 {
		for _, law := range groupsOf.Example(seed).broken() {
			found[law] = true
		}
	}
	require.True(t, found[lawSame], lawSame)
	require.True(t, found[lawOrder], lawOrder)
}
