package profile

import "slices"

// acts are the types of events by which a person does something; registry.yaml has the same list, with its source. What the company does (an order
// that moves on, a case that it closes, a record that it takes over from elsewhere) is no sign of life, and keeps no grant alive.
var acts = []string{
	TypeSale, TypeReturn, TypeOrderPlaced, TypeBasket, TypeCaseOpened, TypeCall, TypePage, TypeProduct, TypeScreen, TypeAppOpened, TypeEnrolled,
	TypeCardReplaced, TypeLoggedIn, TypeProvided,
}

// Acts lists the types of events by which a person does something.
func Acts() []string { return slices.Clone(acts) }

// LastAct is when the person last did something by this leaf, in seconds; 0 = never, or it is forgotten. Of a channel whose latest event before
// those remembered in full was the company's, what came before is forgotten: a grant then ends too early, never too late.
func (s *State) LastAct() int64 {
	last := int64(0)
	for i := range s.log {
		if e := &s.log[i]; !e.Retracted && slices.Contains(acts, e.Type) {
			last = max(last, e.At)
		}
	}
	for i := range s.activity {
		if c := &s.activity[i]; slices.Contains(acts, c.typ) {
			last = max(last, c.last)
		}
	}
	return last / 1e6
}

// LastAct is when the person last did something by some leaf, in seconds; 0 = never.
func LastAct(leaves []*State) int64 {
	last := int64(0)
	for _, s := range leaves {
		last = max(last, s.LastAct())
	}
	return last
}
