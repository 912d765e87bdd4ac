package stream

import (
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// HeaderType is the header that holds the full name of a record's message.
const HeaderType = "rcu-type"

// HeaderNews marks a leaf on rcu.leaves that says something new of who its person is, so that whoever waits for such leaves passes over all
// others without reading them. It is advice: a leaf without it may say something new, too.
const HeaderNews = "rcu-news"

// Header is one header of a record.
type Header struct {
	// Key of the header.
	Key string
	// Value of the header.
	Value []byte
}

// Record is one message of a topic.
type Record struct {
	// Topic of the record.
	Topic string
	// Partition it was read from; when publishing it counts only if Pinned.
	Partition int
	// Pinned publishes to Partition instead of the one that the key hashes to.
	Pinned bool
	// Offset within the partition; set when read.
	Offset int64
	// Key of the record. Without one, records are spread.
	Key []byte
	// Value of the record; nil is a tombstone.
	Value []byte
	// Headers of the record.
	Headers []Header
	// Time of the record: received_at, in UTC, to the millisecond.
	Time time.Time
}

// Header gives the value of the first header of that name, or nil.
func (r Record) Header(key string) []byte {
	for i := range r.Headers {
		if r.Headers[i].Key == key {
			return r.Headers[i].Value
		}
	}
	return nil
}

// Type is the full name of the message in Value; empty when unnamed.
func (r Record) Type() protoreflect.FullName { return protoreflect.FullName(r.Header(HeaderType)) }

// Encode makes a record of a message, with its full name in a header.
func Encode(topic string, key []byte, m proto.Message, at time.Time) (Record, error) {
	value, err := proto.Marshal(m)
	if err != nil {
		return Record{}, fmt.Errorf("encoding a record of %s: %w", topic, err)
	}
	return Record{Topic: topic, Key: key, Value: value, Time: at, Headers: typeHeaders(m)}, nil
}

// headersOfType are the headers that name a type, by protoreflect.MessageType. The records of a type share them, and nobody writes into them.
var headersOfType sync.Map

func typeHeaders(m proto.Message) []Header {
	t := m.ProtoReflect().Type()
	if known, ok := headersOfType.Load(t); ok {
		return known.([]Header) //nolint:forcetypeassert,errcheck // nothing else is stored
	}
	made := []Header{{Key: HeaderType, Value: []byte(t.Descriptor().FullName())}}
	headersOfType.Store(t, made)
	return made
}

// Tombstone makes a record that deletes a key from a compacted topic.
func Tombstone(topic string, key []byte, at time.Time) Record {
	return Record{Topic: topic, Key: key, Time: at}
}

// Decode fills m from the record, whose type header must be absent or name it.
func (r Record) Decode(m proto.Message) error {
	want := m.ProtoReflect().Descriptor().FullName()
	if got := r.Type(); got != "" && got != want {
		return fmt.Errorf("decoding a record of %s: it holds %s, not %s", r.Topic, got, want)
	}
	if err := proto.Unmarshal(r.Value, m); err != nil {
		return fmt.Errorf("decoding a record of %s: %w", r.Topic, err)
	}
	return nil
}

// Message decodes the record as the type its header names. The program must
// have that type linked in.
func (r Record) Message() (proto.Message, error) {
	name := r.Type()
	if name == "" {
		return nil, fmt.Errorf("decoding a record of %s: it has no %s header", r.Topic, HeaderType)
	}
	mt, err := protoregistry.GlobalTypes.FindMessageByName(name)
	if err != nil {
		return nil, fmt.Errorf("decoding a record of %s: unknown type %q: %w", r.Topic, name, err)
	}
	m := mt.New().Interface()
	if err := proto.Unmarshal(r.Value, m); err != nil {
		return nil, fmt.Errorf("decoding a record of %s: %w", r.Topic, err)
	}
	return m, nil
}

// size is what a record costs the queue and the wire, about.
func (r *Record) size() int {
	n := len(r.Key) + len(r.Value) + 32
	for i := range r.Headers {
		n += len(r.Headers[i].Key) + len(r.Headers[i].Value) + 6
	}
	return n
}
