package matcher

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/match"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
)

// told is what lies on rcu.matches of one record and another.
type told struct {
	key        identifier.Key // of the other
	millionths uint32
}

// announce tells the graph how probable it is that a record and those that it was compared with are of one person, where that is
// probable and no overlay forbids to link, and takes back what was told of this record and is so no more. The rules decide what comes of it;
// the graph keeps what was told.
func (s *Service) announce(ctx context.Context, l *leaf, x *comparison) error {
	if !x.known && !slices.ContainsFunc(x.near, func(c candidate) bool { return c.millionths() > 0 }) {
		return nil
	}
	held, err := s.told(ctx, l.space, l.id, x.whose.key, x.at)
	if err != nil {
		return err
	}
	var out []*identity.Match
	for _, c := range x.near {
		is, earlier := c.millionths(), x.before[c.id].millionths
		if held[c.id].millionths != is || is == 0 && earlier > 0 {
			out = append(out, s.matchOf(l.space, l.id, x.whose.key, c.id, told{c.key, is}, x.at))
		}
		delete(held, c.id)
		delete(x.before, c.id)
	}
	for id, was := range x.before {
		if _, is := held[id]; !is {
			held[id] = was
		}
	}
	if !x.again || x.own > unrestrained {
		out = append(out, s.takenBack(l.space, l.id, x.whose.key, held, x.at)...)
	}
	return s.publish(ctx, l.space, out)
}

// takeBack takes back all that was told of a record that is gone.
func (s *Service) takeBack(ctx context.Context, space, id string) error {
	e, err := s.deps.Index.Entry(ctx, space, id)
	if err != nil {
		return fmt.Errorf("reading an entry: %w", err)
	}
	if e.ID == "" {
		return nil
	}
	whose, _, err := unpack(e.Sealed)
	if err != nil {
		return err
	}
	at := s.deps.Now()
	held, err := s.told(ctx, space, id, whose.key, at)
	if err != nil {
		return err
	}
	return s.publish(ctx, space, s.takenBack(space, id, whose.key, held, at))
}

func (s *Service) takenBack(space, id string, key identifier.Key, held map[string]told, at time.Time) (out []*identity.Match) {
	for other, x := range held {
		if x.millionths > 0 {
			out = append(out, s.matchOf(space, id, key, other, told{key: x.key}, at))
		}
	}
	return out
}

// told reads from the graph what was told of a record, by the other record.
func (s *Service) told(ctx context.Context, space, id string, key identifier.Key, at time.Time) (map[string]told, error) {
	x, err := s.deps.Graph.Explain(ctx, space, key, at.Unix())
	if err != nil {
		return nil, fmt.Errorf("reading the matches of a record: %w", err)
	}
	out := map[string]told{}
	for i := range x.Edges {
		e, own, far := &x.Edges[i], 0, x.Edges[i].B
		switch key.Value {
		case e.A.Value:
		case e.B.Value:
			own, far = 1, e.A
		default:
			continue
		}
		for _, c := range e.Compared {
			if c.Records[own] == id {
				out[c.Records[1-own]] = told{far, c.Millionths}
			}
		}
	}
	return out, nil
}

// likeBefore lists the records that a record was probably like as it was before it changed.
func (s *Service) likeBefore(ctx context.Context, l *leaf, whose subject, key vault.SubjectKey, held match.Entry) (map[string]told, error) {
	if held.ID == "" {
		return nil, nil
	}
	_, sealed, err := unpack(held.Sealed)
	if err != nil {
		return nil, err
	}
	packed, err := key.Open(sealedAs, sealed)
	if err != nil {
		return nil, nil //nolint:nilerr // sealed under a key that was destroyed: the graph knows what was told
	}
	traits, err := match.ParseTraits(packed)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	near, err := s.scored(ctx, l, whose, traits, held.Blocks)
	if err != nil {
		return nil, err
	}
	return alike(near), nil
}

// alike lists those of some records that are so probably of one person with theirs that rules may link them.
func alike(near []candidate) map[string]told {
	out := map[string]told{}
	for _, c := range near {
		if is := millionthsOf(c.found.Probability); is > 0 {
			out[c.id] = told{c.key, is}
		}
	}
	return out
}

// millionthsOf counts a probability in millionths, rounded down; 0 for what no rules may link by.
func millionthsOf(probability float64) uint32 {
	if probability < identity.LeastAutoLink {
		return 0
	}
	return uint32(math.Floor(min(probability, 1) * identity.Certain))
}

// matchOf makes the match of two records.
func (s *Service) matchOf(space, id string, key identifier.Key, other string, x told, at time.Time) *identity.Match {
	m := &identity.Match{A: key, B: x.key, Compared: identity.Compared{Records: [2]string{id, other}, At: at.UnixMicro(), Millionths: x.millionths}}
	if identity.Lesser(m.B, m.A) {
		m.A, m.B, m.Records = m.B, m.A, [2]string{other, id}
	}
	said := binary.BigEndian.AppendUint64([]byte(m.Records[0]+m.Records[1]), uint64(m.At)) //nolint:gosec // only digested
	digest := s.deps.Keyring.Digest64(space, "match", string(binary.BigEndian.AppendUint32(said, m.Millionths)))
	m.ID = hex.EncodeToString(digest[:])
	return m
}

func (s *Service) publish(ctx context.Context, space string, list []*identity.Match) error {
	if len(list) == 0 {
		return nil
	}
	records := make([]stream.Record, len(list))
	for i, m := range list {
		var err error
		if records[i], err = stream.Encode(stream.TopicMatches, []byte(m.A.Value), event.MatchMessage(space, m), s.deps.Now()); err != nil {
			return fmt.Errorf("encoding a match: %w", err)
		}
	}
	if err := s.deps.Matches(ctx, records); err != nil {
		return fmt.Errorf("publishing matches: %w", err)
	}
	return nil
}
