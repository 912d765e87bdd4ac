package ledger

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"rcu/pkg/consent"
	"rcu/pkg/event/registry"
)

// LineError says what is wrong with a line of facts, and what to do about it.
type LineError struct {
	Line int // from 1
	Fault
}

// Error implements error.
func (e *LineError) Error() string {
	return fmt.Sprintf("line %d: field %s: %s; %s", e.Line, e.Field, e.Reason, e.Fix)
}

// Limits of a file of facts.
const (
	maxLine  = 1 << 20
	maxFacts = 4_000_000
)

// Reading says how facts are read.
type Reading struct {
	Now         int64    // no fact is later
	Controllers []string // whose facts are taken; nil: everybody's
}

// Read reads facts as JSON lines, in any order, repeated or not. schemas/consent/facts.json is their schema. The first line that is wrong ends it
// with a *LineError: an answer from half of the facts would be another answer.
func Read(r io.Reader, reg *registry.Registry, how Reading) (*Ledger, error) {
	fr := factReader{ledger: New(reg), how: how, known: map[[3]string]any{}}
	if err := eachLine(r, maxFacts, fr.line); err != nil {
		return nil, err
	}
	return fr.ledger, nil
}

// eachLine gives the lines of a file without the space around them, until one is wrong.
func eachLine(r io.Reader, most int, take func(line []byte) *Fault) error {
	lines := bufio.NewReaderSize(r, 1<<16)
	for number := 1; ; number++ {
		line, err := readLine(lines)
		ended := errors.Is(err, io.EOF)
		switch {
		case errors.Is(err, errLongLine):
			return &LineError{number, Fault{"line", codeForm, "is longer than 1 MiB", "write one object a line"}}
		case err != nil && !ended:
			return fmt.Errorf("reading line %d: %w", number, err)
		case number > most:
			return &LineError{number, Fault{"line", codeForm, "is one of too many", fmt.Sprintf("split the file by person: at most %d lines are read", most)}}
		}
		if bad := take(bytes.TrimSpace(line)); bad != nil {
			return &LineError{number, *bad}
		}
		if ended {
			return nil
		}
	}
}

var errLongLine = errors.New("line is too long")

func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, errLongLine
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

type factReader struct {
	ledger *Ledger
	how    Reading
	known  map[[3]string]any // kind, controller and id -> content
}

// line takes one line; an empty one is nothing.
func (fr *factReader) line(line []byte) *Fault {
	if len(line) == 0 {
		return nil
	}
	o := parseObject(line, "")
	if o.bad != nil {
		return o.bad
	}
	kind := o.text("kind", true)
	if o.bad != nil {
		return o.bad
	}
	readers := map[string]func(*object) *Fault{
		"decision": fr.decision, "member": fr.member, "overlay": fr.overlay, "age": fr.age, "sale": fr.sale, "retraction": fr.retraction,
		"activity": fr.activity, "wish": fr.wish, "contact": fr.contacted,
	}
	read, ok := readers[kind]
	if !ok {
		return &Fault{"kind", codeForm, "is unknown", "use decision, member, overlay, age, sale, retraction, activity, wish or contact"}
	}
	return read(o)
}

// first reports whether a fact is new. One id with two contents is an error, in either order.
func (fr *factReader) first(kind, controller, id string, content any) (bool, *Fault) {
	name := [3]string{kind, controller, id}
	held, known := fr.known[name]
	if !known {
		fr.known[name] = content
		return true, nil
	}
	if !reflect.DeepEqual(held, content) {
		return false, &Fault{"id", "id_reused", "was already used by another " + kind + " with other content", "give every " + kind + " its own id"}
	}
	return false, nil
}

// controller reads whose fact it is, and holds it against those asked for.
func (fr *factReader) controller(o *object) string {
	c := o.text("controller", true)
	if o.bad == nil && fr.how.Controllers != nil && !slices.Contains(fr.how.Controllers, c) {
		o.fail("controller", "other_controller", "is another controller", "a decision counts for the controller that it was said to alone: ask for that controller, or take the line out")
	}
	return c
}

// recorded reads when a fact was learned: when it happened, unless the line says so.
func (fr *factReader) recorded(o *object, at int64) int64 {
	r := o.time("recorded_at", false)
	if r == 0 {
		return at
	}
	if r < at {
		o.fail("recorded_at", CodeOrder, "is before the fact", "nothing is learned before it happened")
	}
	return r
}

// notFuture holds a time against the clock.
func (fr *factReader) notFuture(o *object, field string, at int64) {
	if at > fr.how.Now {
		o.fail(field, CodeFuture, "is in the future", "leave out what has not happened yet")
	}
}

var methods = []string{"affirmative", "carried"}

func (fr *factReader) decision(o *object) *Fault {
	s := Statement{
		ID: o.text("id", true), Controller: fr.controller(o), Person: o.text("person", false),
		Topic: consent.PurposeChannel{Purpose: consent.Purpose(o.text("purpose", true)), Channel: o.text("channel", false)},
		Kind:  Kind(o.choice("decision", true, kinds)), Carried: o.choice("method", false, methods) == 1, Act: o.text("act", false), //nolint:gosec // one of kinds
		DecidedAt: o.time("decided_at", true), ExpiresAt: o.time("expires_at", false), Guardian: o.text("guardian", false), Confirms: o.text("confirms", false),
	}
	if s.RecordedAt = o.time("recorded_at", false); s.RecordedAt == 0 {
		s.RecordedAt = s.DecidedAt
	}
	point, pointObject := o.point(false)
	notice, noticeObject := o.notice("notice", false)
	proof := o.object("proof", false)
	s.Point, s.Notice = point, notice
	if proof != nil && proof.bad == nil {
		s.Proof = Proof{proof.text("type", true), proof.text("sha256", true)}
	}
	if bad := o.done(pointObject, noticeObject, proof); bad != nil {
		return bad
	}
	if s.Point != (Point{}) && s.Person != "" {
		return &Fault{"person", codeForm, "stands beside a point", "name a point, or a person in a denial of everything; a line of kind member says whose a point is"}
	}
	if bad := s.Check(fr.ledger.reg, fr.how.Now); bad != nil {
		return bad
	}
	isNew, bad := fr.first("decision", s.Controller, s.ID, s)
	if isNew {
		fr.ledger.State(s)
	}
	return bad
}

func (fr *factReader) member(o *object) *Fault {
	m := Member{Person: o.text("person", true)}
	p, point := o.point(true)
	m.Point = p
	bad := o.done(point)
	if bad == nil {
		fr.ledger.Belongs(m)
	}
	return bad
}

func (fr *factReader) overlay(o *object) *Fault {
	x := Overlay{
		Person: o.text("person", true), Mask: Mask(o.choice("mask", true, masks)), From: o.time("from", true), Until: o.time("until", false), //nolint:gosec // one of masks
	}
	x.RecordedAt = fr.recorded(o, x.From)
	fr.notFuture(o, "from", x.From)
	if x.Until != 0 && x.Until <= x.From {
		o.fail("until", CodeExpiry, "is not after from", "leave it out, or set it later than from")
	}
	bad := o.done()
	if bad == nil {
		fr.ledger.Overlay(x)
	}
	return bad
}

func (fr *factReader) age(o *object) *Fault {
	a := Age{Person: o.text("person", true), Band: Band(o.choice("band", true, bands)), From: o.time("from", true)} //nolint:gosec // one of bands
	a.RecordedAt = fr.recorded(o, a.From)
	fr.notFuture(o, "from", a.From)
	bad := o.done()
	if bad == nil {
		fr.ledger.Age(a)
	}
	return bad
}

func (fr *factReader) sale(o *object) *Fault {
	s := Sale{ID: o.text("id", true), Controller: fr.controller(o), Family: o.text("family", true), At: o.time("at", true)}
	s.RecordedAt = fr.recorded(o, s.At)
	fr.notFuture(o, "at", s.At)
	p, point := o.point(true)
	n, notice := o.notice("offered", false)
	s.Point, s.Offered = p, n
	bad := o.done(point, notice)
	if _, known := fr.ledger.reg.Notice(n.ID, n.Version); bad == nil && notice != nil && !known {
		bad = &Fault{"offered", CodeNotice, "is unknown in this version", "send a notice of the register, with its version"}
	}
	if bad != nil {
		return bad
	}
	isNew, bad := fr.first("sale", s.Controller, s.ID, s)
	if isNew {
		fr.ledger.Sold(s)
	}
	return bad
}

func (fr *factReader) retraction(o *object) *Fault {
	r := Retraction{Controller: fr.controller(o), Sale: o.text("sale", true), At: o.time("at", true)}
	r.RecordedAt = fr.recorded(o, r.At)
	fr.notFuture(o, "at", r.At)
	bad := o.done()
	if bad == nil {
		fr.ledger.TakenBack(r)
	}
	return bad
}

func (fr *factReader) activity(o *object) *Fault {
	a := Activity{Controller: fr.controller(o), At: o.time("at", true)}
	a.RecordedAt = fr.recorded(o, a.At)
	fr.notFuture(o, "at", a.At)
	p, point := o.point(true)
	a.Point = p
	bad := o.done(point)
	if bad == nil {
		fr.ledger.Acted(a)
	}
	return bad
}
