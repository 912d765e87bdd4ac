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

// recallProfiles publishes profiles again of which something else was told than they are: a name of nobody, or a leaf that moved.
func (s *Service) recallProfiles(ctx context.Context, space string) error {
	newest := map[controllerPerson]toldProfile{}
	found := 0
	compare := func() error {
		n, err := s.compareProfiles(ctx, space, newest)
		found += n
		clear(newest)
		return err
	}
	err := s.toldValues(ctx, stream.TopicProfiles, recallOthers, func(r stream.Record) error {
		p := &eventpb.Profile{}
		if err := r.Decode(p); err != nil || p.GetSpace() != space {
			return err
		}
		k, ok := s.keyOfOwner(space, p.GetRcuId())
		of := controllerPerson{p.GetController(), k}
		held, known := newest[of]
		if !ok || known && held.version > p.GetVersion() {
			return nil
		}
		content, err := contentOf(p)
		newest[of] = toldProfile{p.GetVersion(), p.GetGone(), cmp.Or(namespaceIn(p, k), held.namespace), content}
		if err != nil || len(newest) < recallRecords {
			return err
		}
		return compare()
	})
	if err == nil {
		err = compare()
	}
	if err == nil && found > 0 {
		s.deps.Log.Info("profiles were told of another state than that of redis", zap.String("space", space), zap.Int("profiles", found))
	}
	return err
}

// compareProfiles publishes those of the profiles that are not as they were told, names that were told to be gone last, and returns how many.
func (s *Service) compareProfiles(ctx context.Context, space string, told map[controllerPerson]toldProfile) (int, error) {
	found := 0
	for _, gone := range [...]bool{false, true} {
		var asked []controllerPerson
		for of, last := range told {
			if last.gone == gone {
				asked = append(asked, of)
			}
		}
		for some := range slices.Chunk(asked, profileChunk) {
			n, err := s.recallPeople(ctx, space, some, told, gone)
			if err != nil {
				return found, err
			}
			found += n
		}
	}
	return found, nil
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

// recallPeople publishes those of some profiles that are not as they were told, and returns how many.
func (s *Service) recallPeople(ctx context.Context, space string, some []controllerPerson, told map[controllerPerson]toldProfile, gone bool) (int, error) {
	if err := keepLease(ctx); err != nil {
		return 0, err
	}
	keys, err := s.located(ctx, space, some, told)
	if err != nil {
		return 0, err
	}
	owed := make([]owedProfile, len(some))
	for i, of := range some {
		owed[i] = owedProfile{person: person{space, keys[i]}, at: []string{of.controller}, lost: []string{of.controller}}
	}
	records, err := s.profileRecords(ctx, space, owed, s.deps.Now())
	if err != nil {
		return 0, err
	}
	var out []stream.Record
	for _, r := range records {
		p := &eventpb.Profile{}
		if err := r.Decode(p); err != nil {
			return 0, err //nolint:wrapcheck // says all
		}
		news, err := s.isNews(p, told, gone)
		if err != nil {
			return 0, err
		}
		if news {
			out = append(out, r)
		}
	}
	if err := s.out.PublishAll(ctx, out); err != nil {
		return 0, fmt.Errorf("publishing profiles: %w", err)
	}
	return len(out), nil
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

// isNews reports whether a profile says something else than was told of it. Of a profile that nothing was told of lately it is news that it holds
// what was told of another; a name that was told to be gone says nothing of it.
func (s *Service) isNews(p *eventpb.Profile, told map[controllerPerson]toldProfile, gone bool) (bool, error) {
	k, ok := s.keyOfOwner(p.GetSpace(), p.GetRcuId())
	if !ok {
		return false, nil
	}
	last, known := told[controllerPerson{p.GetController(), k}]
	if !known {
		return !gone && !p.GetGone(), nil
	}
	content, err := contentOf(p)
	return content != last.content, err
}
