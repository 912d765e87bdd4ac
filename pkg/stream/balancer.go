package stream

import (
	"slices"
	"strings"

	"github.com/segmentio/kafka-go"
)

// balancer gives partition p of every topic to the same member, so that the
// records of one key over all topics are handled in one place. That is for
// locality; no correctness hangs on it.
type balancer struct{}

// ProtocolName of the assignment, which all members must share.
func (balancer) ProtocolName() string { return "rcu-copartition" }

// UserData is not used.
func (balancer) UserData() ([]byte, error) { return nil, nil }

// AssignGroups hands out the partitions of every topic by partition id.
func (balancer) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	if !faults.unsorted {
		members = slices.SortedFunc(slices.Values(members), func(a, b kafka.GroupMember) int { return strings.Compare(a.ID, b.ID) })
	}
	out := kafka.GroupMemberAssignments{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
	}
	byTopic := map[string][]kafka.GroupMember{}
	for _, m := range members {
		for _, topic := range m.Topics {
			byTopic[topic] = append(byTopic[topic], m)
		}
	}
	for at, p := range partitions {
		able, turn := byTopic[p.Topic], p.ID
		if len(able) == 0 {
			continue
		}
		if faults.unsorted {
			turn = at
		}
		m := members[turn%len(members)]
		if !slices.Contains(m.Topics, p.Topic) {
			m = able[turn%len(able)]
		}
		if got := out[m.ID][p.Topic]; !slices.Contains(got, p.ID) {
			out[m.ID][p.Topic] = append(got, p.ID)
		}
	}
	for _, topics := range out {
		for _, ids := range topics {
			slices.Sort(ids)
		}
	}
	return out
}
