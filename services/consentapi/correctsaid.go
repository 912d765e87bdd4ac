package consentapi

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rcu/pkg/profile"
	"rcu/services/internal/page"
)

// correctionNothing stands where a form was sent as the page showed it.
const correctionNothing = "nothing"

// What became of a correction: keys of words.
const (
	correctionPending    = "pending"    // Kafka has it, the record not yet
	correctionShown      = "shown"      // it is what the record shows
	correctionOutweighed = "outweighed" // it is kept, and a value of more weight is shown
)

// correctionState tells what became of a correction by the id of its event.
func (x *record) correctionState(source, id string) string {
	switch {
	case id == correctionNothing:
		return correctionNothing
	case !strings.HasPrefix(id, "correct-"):
		return ""
	}
	digest, state := profile.EventDigest(source, id), correctionPending
	for _, t := range x.profile.Traits {
		if t.ID == digest && state == correctionPending {
			state = correctionShown
		}
		if slices.ContainsFunc(t.Others, func(o profile.Trait) bool { return o.ID == digest }) {
			state = correctionOutweighed
		}
	}
	for _, e := range x.profile.Emptied {
		switch known := !x.profile.IsEmptied(e.Name); {
		case e.ID != digest:
		case known:
			state = correctionOutweighed
		case state == correctionPending:
			state = correctionShown
		}
	}
	return state
}

// saidCorrections lists the corrections that stand on the record, each with the attributes of which it is the latest, for the history of the page.
func (s *Service) saidCorrections(lang page.Language, v *visit, x *record) []said {
	origin := s.correctionOrigin(v.token.Controller)
	if origin == nil {
		return nil
	}
	var told []profile.Trait
	for _, t := range x.profile.Traits {
		told = append(append(told, t.Trait), t.Others...)
	}
	return append(s.saidAbout(lang, origin.Source, "corrected", "pref.said.correction", told), s.saidAbout(lang, origin.Source, "emptied", "pref.said.emptied", x.profile.Emptied)...)
}

// saidAbout lists the events of a source, each with the attributes that it is the latest of.
func (s *Service) saidAbout(lang page.Language, source, decision, words string, told []profile.Trait) []said {
	names, at := map[uint64][]string{}, map[uint64]int64{}
	for _, one := range told {
		if label := s.traitLabel(lang, one.Name); one.Source == source && !slices.Contains(names[one.ID], label) {
			names[one.ID], at[one.ID] = append(names[one.ID], label), one.At
		}
	}
	var out []said
	for id, list := range names {
		slices.Sort(list)
		out = append(out, said{At: time.UnixMicro(at[id]).UTC(), Decision: decision, Label: s.site.Words().In(lang, words, strings.Join(list, ", "))})
	}
	return out
}

// newestSaid joins two lists of what was said, newest first, as far as the page tells it.
func newestSaid(a, b []said) []said {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y said) int { return cmp.Or(y.At.Compare(x.At), cmp.Compare(x.Label, y.Label)) })
	return all[:min(len(all), maxHistory)]
}
