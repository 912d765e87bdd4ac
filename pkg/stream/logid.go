package stream

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// LogID names one life of a topic: offsets of different log ids have nothing to
// do with each other. All topics made together share that of the cluster.
type LogID [16]byte

// String is the id in hexadecimal.
func (l LogID) String() string { return hex.EncodeToString(l[:]) }

// Keys of rcu.meta.
const (
	logIDKey       = "log_id"
	topicKeyPrefix = "topic/"    // the log id of a topic that was made later
	idKeyPrefix    = "topic-id/" // what the brokers call the topic
)

// logIDs is what rcu.meta says about the lives of topics.
type logIDs struct {
	all    []LogID          // every log id written, in order
	topics map[string]LogID // lives of topics that were made again
	ids    map[string]topicID
}

// of gives the log id of one topic.
func (l logIDs) of(topic string) LogID {
	again, ok := l.topics[topic]
	if !ok {
		return l.all[0]
	}
	sum := sha256.Sum256(append(l.all[0][:], again[:]...))
	return LogID(sum[:len(LogID{})])
}

// LogID is the log id of the cluster. It is read from rcu.meta, and written
// there if there is none. The first one written holds; when two programs wrote
// at once, a reader writes the first again behind the other, so that compaction
// keeps it.
func (c *Client) LogID(ctx context.Context) (LogID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.logs.all) == 0 {
		if err := c.loadLogIDs(ctx); err != nil {
			return LogID{}, err
		}
	}
	return c.logs.all[0], nil
}

// refreshLogIDs reads rcu.meta again.
func (c *Client) refreshLogIDs(ctx context.Context) (logIDs, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.loadLogIDs(ctx); err != nil {
		return logIDs{}, err
	}
	return c.logs, nil
}

func (c *Client) loadLogIDs(ctx context.Context) error {
	logs, err := c.readLogIDs(ctx)
	if err != nil {
		return err
	}
	if len(logs.all) == 0 {
		id := newLogID()
		if err := c.writeMeta(ctx, map[string][]byte{logIDKey: id[:]}); err != nil {
			return err
		}
		if logs, err = c.readLogIDs(ctx); err != nil {
			return err
		}
		if len(logs.all) == 0 {
			return ErrNoLogID
		}
	}
	if first := logs.all[0]; first != logs.all[len(logs.all)-1] {
		if err := c.writeMeta(ctx, map[string][]byte{logIDKey: first[:]}); err != nil {
			return err
		}
	}
	c.logs = logs
	return nil
}

// beginLater notes that topics are about to be made on a cluster that has had a
// life already, under log ids of their own. One that rcu.meta knows was deleted,
// which is an error.
func (c *Client) beginLater(ctx context.Context, topics []string) error {
	logs, err := c.readLogIDs(ctx)
	if err != nil || len(logs.all) == 0 {
		return err
	}
	changed, _, err := c.lives(ctx, logs, topics)
	if err != nil {
		return err
	}
	for _, problem := range changed {
		err = errors.Join(err, problem)
	}
	if err != nil {
		return err
	}
	lives := make(map[string][]byte, len(topics))
	for _, topic := range topics {
		id := newLogID()
		lives[topicKeyPrefix+topic] = id[:]
	}
	return c.writeMeta(ctx, lives)
}

func newLogID() (id LogID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// writeMeta writes to rcu.meta; nil deletes a key.
func (c *Client) writeMeta(ctx context.Context, values map[string][]byte) error {
	p, err := c.NewProducer(ProducerConfig{Linger: time.Millisecond})
	if err != nil {
		return err
	}
	records := make([]Record, 0, len(values))
	for key, value := range values {
		records = append(records, Record{Topic: TopicMeta, Pinned: true, Key: []byte(key), Value: value, Time: time.Now()})
	}
	err = p.Publish(ctx, records)
	if cerr := p.Close(ctx); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("writing log ids: %w", err)
	}
	return nil
}

func (c *Client) readLogIDs(ctx context.Context) (logIDs, error) {
	out := logIDs{topics: map[string]LogID{}, ids: map[string]topicID{}}
	err := c.ReadAll(ctx, TopicMeta, 0, func(r Record) error {
		key := string(r.Key)
		if topic, ok := strings.CutPrefix(key, idKeyPrefix); ok && r.Value == nil {
			delete(out.ids, topic)
		}
		if len(r.Value) != len(LogID{}) {
			return nil
		}
		if topic, ok := strings.CutPrefix(key, idKeyPrefix); ok {
			out.ids[topic] = topicID(r.Value)
		} else if topic, ok := strings.CutPrefix(key, topicKeyPrefix); ok {
			out.topics[topic] = LogID(r.Value)
		} else if key == logIDKey {
			out.all = append(out.all, LogID(r.Value))
		}
		return nil
	})
	if err != nil {
		return logIDs{}, fmt.Errorf("reading log ids: %w", err)
	}
	return out, nil
}
