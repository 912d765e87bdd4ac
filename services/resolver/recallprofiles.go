package resolver

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// toldProfile is what was told of a profile last.
type toldProfile struct {
	version   uint64
	gone      bool
	namespace identifier.Namespace // empty: not told lately
	content   [sha256.Size]byte
}

// toldProfiles have profiles told again of which something else was told than they are: a name of nobody, or a leaf that moved. They wait among what is
// pending, so that none of them passes a newer one on its way out.
type toldProfiles struct {
	s          *Service
	space      string
	comparison *comparison
	newest     newest[controllerPerson, toldProfile]
	found      int
}

func (t *toldProfiles) note(r stream.Record) error {
	if r.Value == nil {
		return nil
	}
	p := &eventpb.Profile{}
	if err := r.Decode(p); err != nil || p.GetSpace() != t.space {
		return err //nolint:wrapcheck // says all
	}
	k, ok := t.s.keyOfOwner(t.space, p.GetRcuId())
	of := controllerPerson{p.GetController(), k}
	held, known := t.newest.of[of]
	if !ok || known && held.version > p.GetVersion() {
		return nil
	}
	content, err := contentOf(p)
	if err == nil {
		t.newest.keep(of, toldProfile{p.GetVersion(), p.GetGone(), cmp.Or(namespaceIn(p, k), held.namespace), content})
	}
	return err
}

func (t *toldProfiles) compare(ctx context.Context, most int) (left int, err error) {
	return t.newest.some(most, func(some []controllerPerson) error {
		for _, gone := range [...]bool{false, true} {
			asked := slices.DeleteFunc(slices.Clone(some), func(of controllerPerson) bool { return t.newest.of[of].gone != gone })
			if err := t.recallPeople(ctx, asked, gone); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *toldProfiles) end(context.Context) error {
	if t.found > 0 {
		t.s.deps.Log.Info("profiles were told of another state than that of redis", zap.String("space", t.space), zap.Int("profiles", t.found))
	}
	return nil
}

// contentOf is a digest of all but the version.
func contentOf(p *eventpb.Profile) ([sha256.Size]byte, error) {
	version := p.GetVersion()
	p.Version = 0
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(p)
	p.Version = version
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("encoding a profile: %w", err)
	}
	return sha256.Sum256(raw), nil
}

// recallPeople has those of some profiles wait that are not as they were told, all of them to be gone or none.
func (t *toldProfiles) recallPeople(ctx context.Context, some []controllerPerson, gone bool) error {
	keys, err := t.s.located(ctx, t.space, some, t.newest.of)
	if err != nil {
		return err
	}
	owed := make([]owedProfile, len(some))
	for i, of := range some {
		owed[i] = owedProfile{person: person{t.space, keys[i]}, at: []string{of.controller}, lost: []string{of.controller}}
	}
	records, err := t.s.profileRecords(ctx, t.space, owed, t.s.deps.Now())
	if err != nil {
		return err
	}
	var found []owedProfile
	for _, r := range records {
		p := &eventpb.Profile{}
		if err := r.Decode(p); err != nil {
			return err //nolint:wrapcheck // says all
		}
		k, ok := t.s.keyOfOwner(t.space, p.GetRcuId())
		news, err := t.isNews(p, k, gone)
		if err != nil {
			return err
		}
		if ok && news {
			k.Namespace = cmp.Or(namespaceIn(p, k), namespaceAmong(keys, k))
			found = append(found, owedProfile{person: person{t.space, k}, at: []string{p.GetController()}, lost: []string{p.GetController()}})
		}
	}
	if t.found += len(found); len(found) > 0 {
		t.comparison.round = t.s.pending.owe(found)
	}
	return nil
}

// namespaceAmong is the namespace of one of some keys.
func namespaceAmong(keys []identifier.Key, k identifier.Key) identifier.Namespace {
	for _, x := range keys {
		if x.Value == k.Value {
			return x.Namespace
		}
	}
	return ""
}

// namespaceIn is the namespace of an identifier among those of a profile; empty where it is not there.
func namespaceIn(p *eventpb.Profile, k identifier.Key) identifier.Namespace {
	for _, i := range p.GetIdentifiers() {
		if string(i.GetPseudonym()) == k.Value {
			return identifier.Namespace(i.GetNamespace())
		}
	}
	return ""
}

// located gives the identifiers that name profiles, with the namespace that was told of them, or that their leaves have.
func (s *Service) located(ctx context.Context, space string, some []controllerPerson, told map[controllerPerson]toldProfile) ([]identifier.Key, error) {
	keys := make([]identifier.Key, len(some))
	var unknown []identifier.Key
	for i, of := range some {
		keys[i] = identifier.Key{Namespace: told[of].namespace, Value: of.person.Value}
		if keys[i].Namespace == "" {
			unknown = append(unknown, keys[i])
		}
	}
	if len(unknown) == 0 {
		return keys, nil
	}
	people, err := s.reader.People(ctx, space, unknown, s.deps.Now().Unix())
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	namespaces := map[string]identifier.Namespace{}
	for _, p := range people {
		for _, l := range p.Leaves {
			for _, k := range l.State.Leaf().Keys(nil) {
				namespaces[k.Value] = k.Namespace
			}
		}
	}
	for i := range keys {
		keys[i].Namespace = cmp.Or(keys[i].Namespace, namespaces[keys[i].Value])
	}
	return keys, nil
}

// isNews reports whether a profile says something else than was told of it. Of a profile of which nothing was read it is news that it holds
// what was told of another; a name that was told to be gone says nothing of it.
func (t *toldProfiles) isNews(p *eventpb.Profile, k identifier.Key, gone bool) (bool, error) {
	last, known := t.newest.of[controllerPerson{p.GetController(), k}]
	if !known {
		return !gone && !p.GetGone(), nil
	}
	content, err := contentOf(p)
	return content != last.content, err
}
