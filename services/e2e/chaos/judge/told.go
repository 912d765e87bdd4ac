package judge

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/demo"
	"rcu/services/resolver"
)

// told is what lies on the compacted topics: of several records of one key compaction leaves the last.
type told struct {
	versions   map[toldKey]*toldVersions
	components map[resolve.ComponentKey]string // last value of each; empty: it is gone
	places     map[string]*eventpb.MapEntry    // last of each name
}

func newTold() told {
	return told{versions: map[toldKey]*toldVersions{}, components: map[resolve.ComponentKey]string{}, places: map[string]*eventpb.MapEntry{}}
}

type toldKey struct{ topic, key string }

// toldVersions are the last record of a key, and the newest.
type toldVersions struct{ last, newest toldVersion }

// toldVersion is a version with a digest of what it says beside it.
type toldVersion struct {
	version uint64
	content [sha256.Size]byte
}

// versioned is a message of which several lie under one key.
type versioned interface {
	proto.Message
	GetVersion() uint64
}

// versions makes the messages of topics whose newest record of a key is the one with the highest version.
var versions = map[string]func() versioned{
	stream.TopicLeaves:    func() versioned { return new(eventpb.Changelog) },
	stream.TopicRegisters: func() versioned { return new(eventpb.Changelog) },
	stream.TopicOwners:    func() versioned { return new(eventpb.Owner) },
	stream.TopicProfiles:  func() versioned { return new(eventpb.Profile) },
}

// learn takes in a record of a topic with versions.
func (t *told) learn(r stream.Record) error {
	if r.Value == nil {
		return nil
	}
	m := versions[r.Topic]()
	if err := r.Decode(m); err != nil {
		return err //nolint:wrapcheck // says all
	}
	now := toldVersion{version: m.GetVersion()}
	m.ProtoReflect().Clear(m.ProtoReflect().Descriptor().Fields().ByName("version"))
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding a record of %s: %w", r.Topic, err)
	}
	now.content = sha256.Sum256(raw)
	key := toldKey{r.Topic, string(r.Key)}
	v := t.versions[key]
	if v == nil {
		v = &toldVersions{}
		t.versions[key] = v
	}
	if v.last = now; v.newest.version <= now.version {
		v.newest = now
	}
	return nil
}

// component takes in a record of rcu.graph.
func (t *told) component(r stream.Record) error {
	space, x, is, err := resolver.GraphRecord(r)
	if is && space == demo.Space {
		t.components[x.Component] = string(x.Value)
	}
	return err //nolint:wrapcheck // says all
}

// place takes in a record of rcu.identity.map.
func (t *told) place(r stream.Record) error {
	if r.Value == nil {
		delete(t.places, string(r.Key))
		return nil
	}
	m := new(eventpb.MapEntry)
	t.places[string(r.Key)] = m
	return r.Decode(m) //nolint:wrapcheck // says all
}

// changelogs finds components whose last record is another than stands in Redis, and counts keys whose last record says something older than one before
// it: who was overtaken, and killed before he could look again, told what he knew then, and compaction keeps that.
func (s *state) changelogs(ctx context.Context) error {
	for key, v := range s.topics.told.versions {
		if v.last.version < v.newest.version && v.last.content != v.newest.content {
			s.v.Older[key.topic]++
		}
	}
	for some := range slices.Chunk(slices.Collect(maps.Keys(s.topics.told.components)), factsAtOnce) {
		standing, err := s.graph.Records(ctx, demo.Space, some)
		if err != nil {
			return fmt.Errorf("reading components: %w", err)
		}
		for _, c := range some {
			if want, got := standing[c], s.topics.told.components[c]; want != got {
				s.v.differ("last record of a component", "%x: version %d, told %d (0: gone)", c, resolve.RecordVersion(want), resolve.RecordVersion(got))
			}
		}
	}
	return nil
}

// mapped compares where an identifier stands by rcu.identity.map with where it should. One that was never joined with anything is not on it.
func (s *state) mapped(k identifier.Key, want identity.People) {
	name := s.o.name(k)
	canonical, standing := name, identity.Clean.String()
	if m := s.topics.told.places[name]; m != nil {
		canonical, standing = m.GetCanonical(), m.GetStanding()
	}
	wanted := s.o.name(want.Naming(k))
	if canonical != wanted || standing != want.Standing(k).String() {
		s.v.differ("identifier on the wrong line of the identity map", "%s %s: wanted %s %s, got %s %s", k.Namespace, name, want.Standing(k), wanted, standing, canonical)
	}
}
