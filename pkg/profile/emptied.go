package profile

import (
	"cmp"
	"slices"
)

// empty keeps of each attribute the newest time that it was taken away, and drops every value that was told up to then, whatever its source.
func (p *Profile) empty() {
	if len(p.Emptied) == 0 {
		return
	}
	slices.SortFunc(p.Emptied, func(a, b Trait) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(b.At, a.At), cmp.Compare(b.ID, a.ID), cmp.Compare(b.Trust, a.Trust))
	})
	p.Emptied = slices.CompactFunc(p.Emptied, func(a, b Trait) bool { return a.Name == b.Name })
	p.Traits = slices.DeleteFunc(p.Traits, func(t SurvivingTrait) bool {
		e := p.emptied(t.Name)
		return e != nil && !newer(t.At, t.ID, e.At, e.ID) && !planted.emptiesNothing
	})
}

// emptied is when an attribute was taken away last; nil: never.
func (p *Profile) emptied(name string) *Trait {
	i, ok := slices.BinarySearchFunc(p.Emptied, name, func(t Trait, name string) int { return cmp.Compare(t.Name, name) })
	if !ok {
		return nil
	}
	return &p.Emptied[i]
}

// outweighed leaves out the values that an emptying outweighs as a value of its source would: what was told later counts again where it would survive over a
// correction, and an attribute of which nothing does is not known.
func (s Survivorship) outweighed(traits []SurvivingTrait, emptied []Trait, n spoken) []SurvivingTrait {
	for i := range emptied {
		e := &emptied[i]
		outweighs := func(t *Trait) bool { return s.compare(e, t, n) < 0 || planted.emptiesForGood }
		traits = slices.DeleteFunc(traits, func(t SurvivingTrait) bool { return t.Name == e.Name && outweighs(&t.Trait) })
		for j := range traits {
			if t := &traits[j]; t.Name == e.Name {
				t.Others = slices.DeleteFunc(t.Others, func(o Trait) bool { return outweighs(&o) })
			}
		}
	}
	return traits
}

// IsEmptied reports whether an attribute was taken away and nothing that was told since counts.
func (p *Profile) IsEmptied(name string) bool {
	_, known := p.Trait(name)
	return !known && p.emptied(name) != nil
}
