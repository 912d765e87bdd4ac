package profileapi

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
)

// permits are the permits of every controller in an answer.
type permits []permit

// ofPoint reports whether the purpose is allowed for a contact point with every controller; nil where the purpose asks no single point.
func (ps permits) ofPoint(k identifier.Key) *bool {
	var all *bool
	for _, p := range ps {
		one := p.ofPoint(k)
		if all == nil || one != nil && !*one {
			all = one
		}
	}
	return all
}

// permit answers what a person agreed to with one controller, for the purpose of a request. What cannot be read is not allowed.
type permit struct {
	purpose consent.Info
	stated  consent.Purpose
	points  []consent.Point
	mask    consent.Mask
	topics  []string // of which nothing may be said to the person
	closed  bool     // an overlay closes the record, or may: a register of the person cannot be read
	now     int64
}

// permitOf reads the consent registers of everything the person can be decided about. What the law obliges to is never closed.
func (s *Service) permitOf(ctx context.Context, q request, p *resolve.Person, controller string) (permit, error) {
	if q.purpose.Purpose == consent.Legal {
		return permit{purpose: q.purpose, stated: q.stated}, nil
	}
	points := append([]identifier.Key(nil), p.Members...)
	for _, l := range p.Leaves {
		if d := l.State.Leaf().Device; l.Controller == controller && l.Owned && d.Value != "" {
			points = append(points, d) // a shared device is no member of the people who logged in on it
		}
	}
	keys := make([]string, 0, len(points)+len(p.Members))
	for _, k := range points {
		keys = append(keys, resolve.ConsentCell(q.reader.Space, controller, k))
	}
	for _, k := range p.Members {
		keys = append(keys, resolve.WishCell(q.reader.Space, controller, k))
	}
	cells, err := s.deps.Cells.LoadCells(ctx, keys)
	if err != nil {
		return permit{}, fmt.Errorf("reading consent registers: %w", err)
	}
	out := permit{purpose: q.purpose, stated: q.stated, now: s.deps.Now().Unix()}
	for i, c := range cells[:len(points)] {
		register, err := consent.DecodeRegister(c.Value)
		out.points = append(out.points, consent.Point{Key: points[i], Register: register, Unreadable: err != nil})
	}
	out.topics = suppressed(cells[len(points):], s.deps.Now())
	consent.Acted(out.points, profile.LastAct(p.Owned(controller)))
	out.closed = consent.Closed(out.points, out.now) != "" || slices.ContainsFunc(out.points, func(x consent.Point) bool { return x.Unreadable })
	if q.purpose.Decidable {
		out.mask = consent.Permissions(out.points, out.now)
	}
	return out, nil
}

// everyTopic stands for all topics: where wishes cannot be read, nothing is said of any.
const everyTopic = "*"

// suppressed lists the topics of which a person wishes to hear nothing, at whichever of their points they said so.
func suppressed(cells []resolve.Cell, now time.Time) []string {
	books := make([]contact.Book, len(cells))
	for i, c := range cells {
		var err error
		if books[i], err = contact.DecodeBook(c.Value); err != nil {
			return []string{everyTopic}
		}
	}
	var out []string
	for _, x := range contact.WishesOf(books, now).Suppressed {
		out = append(out, x.Topic)
	}
	return out
}

// topics are those that some controller of the answer may not speak of.
func (ps permits) topics() []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.topics...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p permit) find(k identifier.Key) (consent.Point, bool) {
	for _, x := range p.points {
		if x.Key == k {
			return x, !x.Unreadable
		}
	}
	return consent.Point{}, false
}

// ofPerson reports whether the record may be used for the purpose at all. A purpose of single points is asked point by point,
// and store_view_web is about the browsing in the record, not about the record.
func (p permit) ofPerson() bool {
	switch {
	case !p.purpose.Decidable, p.purpose.PerPoint, p.purpose.Purpose == consent.StoreViewWeb:
		return true
	case p.purpose.Parameter:
		return p.ofParameter()
	}
	return p.mask.Has(p.purpose.Purpose)
}

// ofParameter asks for a purpose that names a recipient or kind: some point allows it, none denies it, and no overlay masks it on any.
func (p permit) ofParameter() bool {
	granted := false
	for _, x := range p.points {
		allowed := x.AllowedAt(p.stated, "", p.now)
		if _, known := x.Register.History(p.stated, "").Allowed(p.now); known && !allowed {
			return false
		}
		granted = granted || allowed
	}
	return granted && consent.MaskedBy(p.points, p.stated, "", p.now) == ""
}

// allow reports whether the browsing of a leaf may be shown for the purpose: the controller itself had a grant on the device and has one now, whatever
// the graph has heard of so far, and the purpose is allowed.
func (p permit) allow(l *profile.State) bool {
	leaf := l.Leaf()
	point, ok := p.find(leaf.Device)
	if !ok || !point.Register.AllowsBrowsing(leaf.Stamp, l.First()/1e6, l.Last()/1e6, p.now) {
		return false
	}
	if p.purpose.PerPoint {
		return point.AllowedAt(p.purpose.Purpose, "", p.now)
	}
	return p.mask.Has(p.purpose.Purpose)
}

// ofPoint reports whether the purpose is allowed for a contact point; nil where the purpose asks no single point.
func (p permit) ofPoint(k identifier.Key) *bool {
	if !p.purpose.PerPoint {
		return nil
	}
	point, ok := p.find(k)
	mask := consent.Permissions([]consent.Point{point}, p.now)
	allowed := ok && mask.Has(p.purpose.Purpose)
	for _, channel := range p.purpose.Channels {
		allowed = allowed || ok && mask.HasOn(p.purpose.Purpose, channel)
	}
	return &allowed
}
