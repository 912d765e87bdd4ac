package stream

import (
	"maps"
	"strconv"
	"time"
)

// Names of the topics.
const (
	TopicEventsStore      = "rcu.events.store"
	TopicEventsWeb        = "rcu.events.web"
	TopicEventsMobile     = "rcu.events.mobile"
	TopicEventsCallcentre = "rcu.events.callcentre"
	TopicEventsHistory    = "rcu.events.history"
	TopicHeld             = "rcu.held"
	TopicResolved         = "rcu.resolved"
	TopicConsents         = "rcu.consents"
	TopicActs             = "rcu.acts"
	TopicMatches          = "rcu.matches"
	TopicIdentity         = "rcu.identity"
	TopicIdentityMap      = "rcu.identity.map"
	TopicOwners           = "rcu.owners"
	TopicProfiles         = "rcu.profiles"
	TopicLeaves           = "rcu.leaves"
	TopicGraph            = "rcu.graph"
	TopicRegisters        = "rcu.registers"
	TopicContacts         = "rcu.contacts"
	TopicKeys             = "rcu.keys"
	TopicMeta             = "rcu.meta"
	TopicDeadLetter       = "rcu.dead-letter"
	TopicMeasure          = "rcu.measure"
	TopicPrivacy          = "rcu.privacy"
	TopicAudit            = "rcu.audit"
)

// EventTopics are the live event topics and the history lane: same number of
// partitions, same partitioner.
func EventTopics() []string {
	return []string{TopicEventsStore, TopicEventsWeb, TopicEventsMobile, TopicEventsCallcentre, TopicEventsHistory}
}

// Policy says what the broker throws away.
type Policy string

// Policies of a topic.
const (
	// PolicyDelete drops records older than the retention.
	PolicyDelete Policy = "delete"
	// PolicyCompact keeps the latest record of every key.
	PolicyCompact Policy = "compact"
)

// Topic is one topic as it must stand on the cluster.
type Topic struct {
	// Name of the topic.
	Name string
	// Key says in words what its records are keyed by.
	Key string
	// Partitions and Replication of the topic.
	Partitions int
	// Replication factor of the topic.
	Replication int
	// Policy of clean-up.
	Policy Policy
	// Retention of PolicyDelete; 0 keeps for ever.
	Retention time.Duration
	// Settings beyond policy and retention, by Kafka's names.
	Settings map[string]string
}

const day = 24 * time.Hour

// evidenceRetention keeps the consent ledger for as long as a decision can be
// disputed: the longest validity of a consent and five years of limitation.
const evidenceRetention = 8 * 365 * day

// compactionLag is how long a value that another took the place of may lie on a changelog.
const compactionLag = 7 * day

// EventsRetention is how long Kafka keeps events, and what was made of single ones.
const EventsRetention = 7 * day

// ContactsRetention is how long contacts can be counted again after Redis was lost: longer than any window of the rules that ship.
const ContactsRetention = 90 * day

// Topics lists every topic of RCU. Topics that one reader must see whole and
// in order have one partition whatever partitions says.
func Topics(partitions, replication int) []Topic {
	// A broker drops whole segments: without an end of their own records would lie there for a week beyond their retention.
	deleted := func(name, key string, keep time.Duration) Topic {
		t := Topic{Name: name, Key: key, Partitions: partitions, Replication: replication, Policy: PolicyDelete, Retention: keep}
		if keep > 0 && keep <= ContactsRetention {
			t.Settings = map[string]string{"segment.ms": millis(day)}
		}
		return t
	}
	// What was erased leaves a changelog within compactionLag and two days.
	compacted := func(name, key string) Topic {
		return Topic{
			Name: name, Key: key, Partitions: partitions, Replication: replication, Policy: PolicyCompact,
			Settings: map[string]string{
				"segment.ms": millis(day), "max.compaction.lag.ms": millis(compactionLag), "delete.retention.ms": millis(day),
			},
		}
	}
	keys := compacted(TopicKeys, "key")
	keys.Settings = map[string]string{
		"segment.ms":                millis(time.Hour),
		"max.compaction.lag.ms":     millis(6 * time.Hour),
		"delete.retention.ms":       millis(day),
		"min.cleanable.dirty.ratio": "0.1",
	}
	graph := compacted(TopicGraph, "component")
	// A rebuild takes the values of the last whole commits, over which newer ones may lie: they must not be gone yet.
	graph.Settings["min.compaction.lag.ms"] = millis(day)
	meta := compacted(TopicMeta, "key")
	meta.Partitions = 1
	// The first log id written must outlive a race between two first writers.
	meta.Settings = map[string]string{"min.compaction.lag.ms": millis(time.Hour)}
	audit := deleted(TopicAudit, "chain", 0)

	out := []Topic{
		deleted(TopicEventsStore, "leaf", EventsRetention),
		deleted(TopicEventsWeb, "leaf", EventsRetention),
		deleted(TopicEventsMobile, "leaf", EventsRetention),
		deleted(TopicEventsCallcentre, "leaf", EventsRetention),
		deleted(TopicEventsHistory, "leaf", EventsRetention),
		deleted(TopicHeld, "person or device pseudonym", EventsRetention),
		deleted(TopicResolved, "leaf", EventsRetention),
		deleted(TopicConsents, "subject pseudonym", evidenceRetention),
		deleted(TopicActs, "pseudonym of the lesser end", 0),
		deleted(TopicMatches, "pseudonym of the lesser end", 7*day),
		deleted(TopicIdentity, "rcu_id after the change", 28*day),
		compacted(TopicIdentityMap, "name of an identifier"),
		compacted(TopicOwners, "leaf"),
		compacted(TopicProfiles, "rcu_id"),
		compacted(TopicLeaves, "leaf or reference"),
		graph,
		compacted(TopicRegisters, "contact point or device"),
		deleted(TopicContacts, "contact point", ContactsRetention),
		keys,
		meta,
		deleted(TopicDeadLetter, "source", EventsRetention),
		deleted(TopicMeasure, "", 7*day),
		compacted(TopicPrivacy, "request"),
		audit,
	}
	return out
}

// settings renders the topic's policy in Kafka's words.
func (t Topic) settings() map[string]string {
	out := map[string]string{"cleanup.policy": string(t.Policy)}
	if t.Policy == PolicyDelete {
		out["retention.ms"] = "-1"
		if t.Retention > 0 {
			out["retention.ms"] = millis(t.Retention)
		}
	}
	if t.Replication >= 3 {
		out["min.insync.replicas"] = "2"
	}
	maps.Copy(out, t.Settings)
	return out
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
