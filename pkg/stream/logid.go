package stream

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// LogID names the life of a cluster's topics: offsets of different log ids
// have nothing to do with each other.
type LogID [16]byte

// String is the id in hexadecimal.
func (l LogID) String() string { return hex.EncodeToString(l[:]) }

var logIDKey = []byte("log_id")

// LogID reads the log id from rcu.meta, and writes one if there is none. The
// first one written holds; when two programs wrote at once, the later reader
// writes the first again behind the other, so that compaction keeps it.
func (c *Client) LogID(ctx context.Context) (LogID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		return c.logID, nil
	}
	ids, err := c.readLogIDs(ctx)
	if err != nil {
		return LogID{}, err
	}
	if len(ids) == 0 {
		var id LogID
		if _, err := rand.Read(id[:]); err != nil {
			return LogID{}, fmt.Errorf("making a log id: %w", err)
		}
		if err := c.writeLogID(ctx, id); err != nil {
			return LogID{}, err
		}
		if ids, err = c.readLogIDs(ctx); err != nil {
			return LogID{}, err
		}
		if len(ids) == 0 {
			return LogID{}, ErrNoLogID
		}
	}
	if ids[0] != ids[len(ids)-1] {
		if err := c.writeLogID(ctx, ids[0]); err != nil {
			return LogID{}, err
		}
	}
	c.logID, c.known = ids[0], true
	return c.logID, nil
}

func (c *Client) writeLogID(ctx context.Context, id LogID) error {
	p, err := c.NewProducer(ProducerConfig{Linger: time.Millisecond})
	if err != nil {
		return err
	}
	defer p.Close(ctx)
	rec := Record{Topic: TopicMeta, Pinned: true, Key: logIDKey, Value: id[:], Time: time.Now()}
	if err := p.Publish(ctx, []Record{rec}); err != nil {
		return fmt.Errorf("writing the log id: %w", err)
	}
	return nil
}

func (c *Client) readLogIDs(ctx context.Context) ([]LogID, error) {
	var ids []LogID
	err := c.ReadAll(ctx, TopicMeta, 0, func(r Record) error {
		if bytes.Equal(r.Key, logIDKey) && len(r.Value) == len(LogID{}) {
			ids = append(ids, LogID(r.Value))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the log id: %w", err)
	}
	return ids, nil
}
