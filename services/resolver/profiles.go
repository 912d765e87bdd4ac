package resolver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// profileChunk is how many profiles are combined together.
const profileChunk = 400

// publishOwed publishes profiles, space by space.
func (s *Service) publishOwed(ctx context.Context, owed []owedProfile) error {
	for len(owed) > 0 {
		n := 1
		for n < len(owed) && owed[n].space == owed[0].space {
			n++
		}
		if err := s.publishProfiles(ctx, owed[0].space, owed[:n]); err != nil {
			return err
		}
		owed = owed[n:]
	}
	return nil
}

// publishProfiles publishes profiles of a space.
func (s *Service) publishProfiles(ctx context.Context, space string, owed []owedProfile) error {
	for some := range slices.Chunk(owed, profileChunk) {
		if err := s.publishSome(ctx, space, some); err != nil {
			return err
		}
	}
	return nil
}

// publishSome publishes profiles. When that took longer than a turn it looks again at those that it told, and tells what is another by now: others may have
// had their turns meanwhile, and compaction keeps the last record of a key and not the newest.
func (s *Service) publishSome(ctx context.Context, space string, owed []owedProfile) error {
	said := map[controllerPerson]toldProfile{}
	for range overtaken {
		began := s.deps.Now()
		records, err := s.profileRecords(ctx, space, owed, began)
		if err != nil {
			return err
		}
		if len(said) > 0 {
			if records, _, err = s.others(space, records, said); err != nil {
				return err
			}
		}
		if err := s.out.PublishAll(ctx, records); err != nil {
			return fmt.Errorf("publishing profiles: %w", err)
		}
		if len(records) == 0 || s.deps.Now().Sub(began) < s.cfg.PublishEvery || faults.toldOnce {
			return nil
		}
		_, some, err := s.others(space, records, said)
		if err != nil {
			return err
		}
		if owed, err = s.owedAgain(ctx, space, some, said); err != nil {
			return err
		}
	}
	return nil
}

// others keeps the records that say something else than was said, and notes what all of them say, and of whom.
func (s *Service) others(space string, records []stream.Record, said map[controllerPerson]toldProfile) (out []stream.Record, some []controllerPerson, err error) {
	for _, r := range records {
		p := &eventpb.Profile{}
		if err := r.Decode(p); err != nil {
			return nil, nil, err //nolint:wrapcheck // says all
		}
		content, err := contentOf(p)
		if err != nil {
			return nil, nil, err
		}
		k, _ := s.keyOfOwner(space, p.GetRcuId())
		of := controllerPerson{p.GetController(), k}
		if last, known := said[of]; !known || last.content != content {
			out = append(out, r)
		}
		said[of] = toldProfile{p.GetVersion(), p.GetGone(), namespaceIn(p, k), content}
		some = append(some, of)
	}
	return out, some, nil
}

// owedAgain is what it takes to look again at profiles that were told.
func (s *Service) owedAgain(ctx context.Context, space string, some []controllerPerson, said map[controllerPerson]toldProfile) ([]owedProfile, error) {
	keys, err := s.located(ctx, space, some, said)
	if err != nil {
		return nil, err
	}
	owed := make([]owedProfile, len(some))
	for i, of := range some {
		at := []string{of.controller}
		owed[i] = owedProfile{person: person{space, keys[i]}, at: at, lost: at}
	}
	return owed, nil
}

// profileRecords combines the profiles that hold what is owed, one record a controller, and says of an id that is no longer canonical, or
// owns nothing any more, that it is gone. The number of the records is drawn before anything is read: the higher of two has read later.
func (s *Service) profileRecords(ctx context.Context, space string, owed []owedProfile, now time.Time) ([]stream.Record, error) {
	if len(owed) == 0 {
		return nil, nil
	}
	number, err := s.deps.Cells.Count(ctx, "pv:"+space, 1)
	if err != nil {
		return nil, fmt.Errorf("numbering profiles: %w", err)
	}
	asked, place := withLeft(owed)
	people, err := s.reader.People(ctx, space, asked, now.Unix())
	if err != nil {
		return nil, err
	}
	gone, told := toTell(owed, people, place)
	permissions, err := s.permissionsOf(ctx, space, told, now)
	if err != nil {
		return nil, err
	}
	about := profile.About{Space: space, Version: uint64(number)} //nolint:gosec // G115: the counter starts at 1
	messages := make([]*eventpb.Profile, 0, len(gone)+len(told))
	for _, g := range gone {
		about.RCUID, about.Controller = s.name(space, g.person), g.controller
		messages = append(messages, profile.Gone(about))
	}
	for i, t := range told {
		about.RCUID, about.Controller = s.name(space, t.person.Canonical), t.controller
		about.Permissions, about.PermissionEnds, about.SoftOptIns = permissions[i].mask, permissions[i].ends, permissions[i].sales
		messages = append(messages, combine(t, about))
	}
	return encodeProfiles(messages, now)
}

// withLeft lists the keys of what is owed and behind them what left them, each once, and says where each stands.
func withLeft(owed []owedProfile) ([]identifier.Key, map[identifier.Key]int) {
	place := make(map[identifier.Key]int, len(owed))
	all := make([]identifier.Key, 0, len(owed))
	for i, o := range owed {
		place[o.key] = i
		all = append(all, o.key)
	}
	for _, o := range owed {
		for _, k := range o.left {
			if _, there := place[k]; !there {
				place[k] = len(all)
				all = append(all, k)
			}
		}
	}
	return all, place
}

// controllerPerson is a person, by the naming identifier, as one controller knows it.
type controllerPerson struct {
	controller string
	person     identifier.Key
}

// telling is the profile of a person at a controller, with the leaves that it is combined from.
type telling struct {
	person     *resolve.Person
	controller string
	leaves     []*profile.State
}

// toTell lists the profiles that are gone, because their key names somebody else now, and those to combine, each once.
func toTell(owed []owedProfile, people []*resolve.Person, place map[identifier.Key]int) (gone []controllerPerson, told []telling) {
	seen := map[controllerPerson]bool{}
	tell := func(p *resolve.Person, controller string) {
		if of := (controllerPerson{controller, p.Canonical}); !seen[of] {
			seen[of] = true
			told = append(told, telling{p, controller, p.Owned(controller)})
		}
	}
	for i, o := range owed {
		p := people[i]
		lost := slices.Clone(o.lost)
		for _, k := range o.left {
			lost = append(lost, controllersUnder(people[place[k]], k)...)
		}
		renamed := o.key.Value != p.Canonical.Value
		if renamed {
			for _, controller := range distinct(append(lost, toldUnder(o, p)...)) {
				gone = append(gone, controllerPerson{controller, o.key})
			}
			lost = nil
		}
		for _, controller := range distinct(lost) {
			tell(p, controller)
		}
		for controller := range p.Controllers() {
			if o.everywhere || renamed || slices.Contains(o.at, controller) {
				tell(p, controller)
			}
		}
	}
	return gone, told
}

// controllersUnder lists the controllers of the leaves that name an identifier. Leaves never lose a name: where there is none, the
// profile of the identifier alone was never published.
func controllersUnder(p *resolve.Person, k identifier.Key) []string {
	if p.Standing != identity.Clean { // its leaves are not read, and they all name its only member
		return slices.Collect(maps.Keys(p.Controllers()))
	}
	var out []string
	for _, l := range p.Leaves {
		if names(l, k) {
			out = append(out, l.Controller)
		}
	}
	return out
}

// toldUnder lists the controllers at which the profile of a person may have been told under a name that it has no more, beside those of leaves whose
// rows said that name: whoever corrects these speaks of it (between). A leaf may have been told before its rows said so, where they said nobody, where
// a register may decide, and where somebody came to have the name and lost it before anybody looked (ADR 42).
func toldUnder(o owedProfile, p *resolve.Person) []string {
	if o.entered || p.Standing != identity.Clean || faults.toldAlways {
		return controllersUnder(p, o.key)
	}
	var out []string
	for _, l := range p.Leaves {
		written := l.State.Written()
		if names(l, o.key) && (written == "" || written == nobodysRows || l.State.Leaf().Reference.Value != "") && !faults.toldNever {
			out = append(out, l.Controller)
		}
	}
	return out
}

// names reports whether a leaf is listed under an identifier.
func names(l resolve.PersonLeaf, k identifier.Key) bool {
	return slices.ContainsFunc(l.Under, func(m identifier.Key) bool { return m.Value == k.Value })
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// combine is the message of a person's profile at one controller.
func combine(t telling, about profile.About) *eventpb.Profile {
	if len(t.leaves) == 0 {
		return profile.Gone(about)
	}
	for _, m := range t.person.Members {
		about.Identifiers = append(about.Identifiers, &eventpb.Identifier{Namespace: string(m.Namespace), Pseudonym: []byte(m.Value)})
	}
	combined := profile.CombineBy(t.leaves, t.person.Survivorship)
	return combined.Message(about)
}

func encodeProfiles(messages []*eventpb.Profile, now time.Time) ([]stream.Record, error) {
	records := make([]stream.Record, 0, len(messages))
	for _, m := range messages {
		r, err := stream.Encode(stream.TopicProfiles, []byte(m.GetSpace()+":"+m.GetController()+":"+m.GetRcuId()), m, now)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}
