package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"go.uber.org/zap"
)

// topicID is what the brokers call one life of a topic: a topic that is deleted
// and made again has another.
type topicID [16]byte

// LifeError says that a topic is not the one that RCU has worked with: it was
// deleted, or deleted and made again by other means.
type LifeError struct {
	// Topic concerned.
	Topic string
	// Gone says that it is not there now.
	Gone bool
}

// Error says what it means, and the command that accepts it.
func (e *LifeError) Error() string {
	what := "was deleted and made again by other means"
	if e.Gone {
		what = "was deleted"
	}
	return fmt.Sprintf("topic %s %s: its records are lost to whoever had not read them; "+
		"restore it from a backup, or stop RCU and accept the loss with `rcu topic adopt %s`", e.Topic, what, e.Topic)
}

// metadataWithIDs is the version of the metadata request from which brokers
// (Kafka 3.1) tell the ids of topics, whatever names are asked for.
const metadataWithIDs = 12

// tellsTopicIDs says whether the brokers are new enough.
func (c *Client) tellsTopicIDs(ctx context.Context) (bool, error) {
	c.mu.Lock()
	known := c.topicIDsTold
	c.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	ctx, cancel := c.bound(ctx)
	defer cancel()
	res, err := c.kc.ApiVersions(ctx, &kafka.ApiVersionsRequest{Addr: c.addr})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return false, fmt.Errorf("asking kafka for its versions: %w", err)
	}
	told := false
	for _, v := range res.ApiKeys {
		told = told || v.ApiKey == int(protocol.Metadata) && v.MaxVersion >= metadataWithIDs
	}
	if !told {
		c.log.Warn("the brokers tell no topic ids: a topic that is deleted and made again by other means may go unnoticed")
	}
	c.mu.Lock()
	c.topicIDsTold = &told
	c.mu.Unlock()
	return told, nil
}

// topicIDs asks a broker for the ids of topics, past the cache of metadata. A
// topic that is not there is left out; ok is false when the brokers tell none.
func (c *Client) topicIDs(ctx context.Context, topics []string) (ids map[string]topicID, ok bool, err error) {
	if told, err := c.tellsTopicIDs(ctx); err != nil || !told {
		return nil, false, err
	}
	body := binary.AppendUvarint(nil, uint64(len(topics))+1)
	for _, topic := range topics {
		body = append(body, make([]byte, len(topicID{}))...)
		body = binary.AppendUvarint(body, uint64(len(topic))+1)
		body = append(append(body, topic...), 0)
	}
	body = append(body, 0, 0, 0) // make none, no authorised operations, no tags
	d, err := c.ask(ctx, &rawRequest{key: protocol.Metadata, version: metadataWithIDs, flexible: true, body: body})
	if err != nil {
		return nil, false, fmt.Errorf("asking for the ids of topics: %w", err)
	}
	ids, err = decodeTopicIDs(d)
	if err != nil {
		return nil, false, fmt.Errorf("asking for the ids of topics: %w", err)
	}
	return ids, true, nil
}

func decodeTopicIDs(d *wireReader) (map[string]topicID, error) {
	d.take(4)        // throttle time
	d.array(func() { // brokers
		d.take(4)
		_ = d.string()
		d.take(4)
		_ = d.string()
		d.tags()
	})
	_ = d.string() // cluster id
	d.take(4)      // controller
	ids := map[string]topicID{}
	var errs []error
	d.array(func() {
		code, name, id := d.int16(), d.string(), topicID(d.take(uint64(len(topicID{}))))
		d.take(1) // internal
		d.array(func() {
			d.take(2 + 4 + 4 + 4)
			for range 3 { // replicas, in-sync, offline
				d.take(4 * d.length())
			}
			d.tags()
		})
		d.take(4) // authorised operations
		d.tags()
		switch code {
		case 0:
			ids[name] = id
		case int16(kafka.UnknownTopicOrPartition):
		default:
			errs = append(errs, fmt.Errorf("topic %s: %w", name, kafka.Error(code)))
		}
	})
	return ids, errors.Join(append(errs, d.err)...)
}

// checkLives compares the ids of topics with those in rcu.meta, and notes there
// those that are seen for the first time. A topic that is not what it was comes
// back as *LifeError.
func (c *Client) checkLives(ctx context.Context, logs logIDs, topics []string) error {
	changed, unseen, err := c.lives(ctx, logs, topics)
	if err != nil {
		return err
	}
	for _, problem := range changed {
		err = errors.Join(err, problem)
	}
	if err != nil || len(unseen) == 0 {
		return err
	}
	if err := c.writeMeta(ctx, unseen); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := make(map[string]topicID, len(logs.ids)+len(unseen))
	maps.Copy(ids, logs.ids)
	for key, id := range unseen {
		ids[strings.TrimPrefix(key, idKeyPrefix)] = topicID(id)
	}
	c.logs.ids = ids
	return nil
}

// lifePatience is how often a topic is asked for that a broker does not name: one
// that has just started may know less than the others.
const lifePatience = 5

// lives finds the topics that are not what they were, and what rcu.meta is to
// keep of those that it does not know.
func (c *Client) lives(ctx context.Context, logs logIDs, topics []string) (changed []*LifeError, unseen map[string][]byte, err error) {
	b := newBackoff(100*time.Millisecond, time.Second)
	for range lifePatience {
		ids, ok, err := c.topicIDs(ctx, topics)
		if err != nil || !ok {
			return nil, nil, err
		}
		var gone bool
		if changed, unseen, gone = compareLives(logs.ids, ids, topics); !gone {
			return changed, unseen, nil
		}
		if !b.sleep(ctx.Done()) {
			return nil, nil, ctx.Err()
		}
	}
	return changed, unseen, nil
}

func compareLives(known, now map[string]topicID, topics []string) (changed []*LifeError, unseen map[string][]byte, gone bool) {
	unseen = map[string][]byte{}
	for _, topic := range topics {
		if topic == TopicMeta {
			continue // what is kept in a topic cannot tell that it is gone
		}
		was, seen := known[topic]
		is, there := now[topic]
		switch {
		case seen && !there:
			gone = true
			changed = append(changed, &LifeError{Topic: topic, Gone: true})
		case seen && was != is:
			changed = append(changed, &LifeError{Topic: topic})
		case !seen && there:
			unseen[idKeyPrefix+topic] = is[:]
		}
	}
	return changed, unseen, gone
}

// ErrIntact says that a topic needs no adoption, which would have its records counted once more.
var ErrIntact = errors.New("the topic is the one that it was, and nothing of it is lost: nothing was changed")

// Adopt accepts that a topic was deleted, or made again by other means: groups
// begin at its first record, under a log id of its own. No group may be reading
// it. A topic that is the one that it was is refused: nothing of it is lost.
func (c *Client) Adopt(ctx context.Context, topic string) error {
	logs, err := c.readLogIDs(ctx)
	if err != nil {
		return err
	}
	ids, ok, err := c.topicIDs(ctx, []string{topic})
	if err != nil {
		return err
	}
	if was, seen := logs.ids[topic]; seen && was == ids[topic] {
		return ErrIntact
	}
	if err := c.forgetOffsets(ctx, topic); err != nil {
		return err
	}
	life := newLogID()
	values := map[string][]byte{topicKeyPrefix + topic: life[:]}
	if id, there := ids[topic]; there {
		values[idKeyPrefix+topic] = id[:]
	} else if _, seen := logs.ids[topic]; ok && seen {
		values[idKeyPrefix+topic] = nil // the next start makes it
	}
	if err := c.writeMeta(ctx, values); err != nil {
		return err
	}
	c.log.Info("adopted a topic", zap.String("topic", topic))
	return nil
}

// forgetOffsets deletes what groups have committed on a topic.
func (c *Client) forgetOffsets(ctx context.Context, topic string) error {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	groups, err := c.kc.ListGroups(ctx, &kafka.ListGroupsRequest{Addr: c.addr})
	if err == nil {
		err = groups.Error
	}
	if err != nil {
		return fmt.Errorf("listing the groups: %w", err)
	}
	for _, g := range groups.Groups {
		committed, err := c.Committed(ctx, g.GroupID)
		if err != nil {
			return err
		}
		var parts []int
		for p := range committed[topic] {
			parts = append(parts, p)
		}
		if len(parts) == 0 {
			continue
		}
		res, err := c.kc.OffsetDelete(ctx, &kafka.OffsetDeleteRequest{Addr: c.addr, GroupID: g.GroupID, Topics: map[string][]int{topic: parts}})
		if err == nil {
			err = res.Error
		}
		if err == nil {
			for _, p := range res.Topics[topic] {
				err = errors.Join(err, p.Error)
			}
		}
		if err != nil {
			return fmt.Errorf("deleting the offsets of group %s on %s (stop what reads it): %w", g.GroupID, topic, err)
		}
	}
	return nil
}
