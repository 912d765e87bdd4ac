package consentapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// askBody is somebody who would like to ask a person for a purpose.
type askBody struct {
	ID         string     `json:"id"` // of the caller, required: sending it again gives the turn again whose answer was lost
	Controller string     `json:"controller"`
	Point      *pointBody `json:"point"`
	Purpose    string     `json:"purpose"`
	Purposes   []string   `json:"purposes"` // refused: one purpose is asked for at a time
	Channel    string     `json:"channel"`
}

// MayAsk answers whether a person may be asked for a purpose now. A yes is the turn to ask: it is written down, and others wait.
type MayAsk struct {
	Allowed bool         `json:"may_ask"`
	Why     string       `json:"why,omitempty"` // not
	Next    string       `json:"next_at,omitempty"`
	Notice  *noticeNamed `json:"notice,omitempty"` // to show when asking; a grant names it
}

type noticeNamed struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// ask answers whoever would like to ask a person for a purpose: not again for six months after a refusal or a question, on any channel and point of
// theirs, and no two purposes on one day. What cannot be read or written down permits no question.
func (s *Service) ask(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	var body askBody
	if p := readJSON(w, r, &body); p != nil {
		return p
	}
	x, p := s.scopeOf(reader, body.Controller, body.Point)
	if p != nil {
		return p
	}
	pc := consent.PurposeChannel{Purpose: consent.Purpose(body.Purpose), Channel: body.Channel}
	info, known := consent.PurposeOf(pc.Purpose)
	switch {
	case len(body.Purposes) > 0:
		return refuse(http.StatusUnprocessableEntity, "not_granular", "/purposes", "ask for one purpose at a time")
	case !known || !info.Takes(pc.Channel):
		return refuse(http.StatusUnprocessableEntity, "unknown_purpose", "/purpose", "use a purpose and channel of the register")
	case !consent.Reaches(pc.Channel, x.key.Namespace):
		return refuse(http.StatusUnprocessableEntity, "channel", "/channel", "use a channel that reaches the point")
	case body.ID == "" || len(body.ID) > maxID:
		return refuse(http.StatusUnprocessableEntity, "required", "/id", "give the question an id of at most 128 bytes, and send it again with the same one when no answer came")
	}
	a, err := s.takeTurn(r.Context(), x, reader, pc, body.ID)
	if err != nil {
		s.deps.Log.Error("nobody is asked for a purpose: what keeps from asking could not be read or written down", zap.Error(err))
		return refuse(http.StatusServiceUnavailable, "unavailable", "", "ask nothing now, and try again: what was asked and refused cannot be read or written down")
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, a)
	return nil
}

// takeTurn asks the rules, and writes the question down before it is put. All questions to one person are decided one after the other, at the first of
// their points; the point itself keeps the question too, so that it stays there when the person is parted.
func (s *Service) takeTurn(ctx context.Context, x scope, reader auth.Reader, pc consent.PurposeChannel, id string) (MayAsk, error) {
	q := s.denial(x, reader, consent.PurposeChannel{Purpose: consent.QuestionFor(pc.Purpose)}, decisionGrant, "")
	q.Id = reader.Name + "/" + id
	now := q.GetDecidedAt()
	for range joinTries {
		on, err := s.wholeState(ctx)
		if err != nil {
			return MayAsk{}, err
		}
		who, err := s.askable(on, x)
		if err != nil {
			return MayAsk{}, err
		}
		asked, own := questions(who.points, pc.Purpose, q.GetId(), now-turnLost)
		if why, next := s.askRules().MayAsk(pc.Purpose, pc.Channel, who.points, asked, now); why != "" {
			return MayAsk{Why: why, Next: second(next)}, nil
		}
		taken := own != 0
		if taken { // it stands in Redis already, and Kafka may not have it
			q.DecidedAt = own
		}
		ds := copies(q, who.keys[:1])
		if !taken {
			taken, err = s.registers.put(on, who.gate, ds[len(ds)-1])
		}
		if err != nil {
			return MayAsk{}, err
		}
		if taken {
			return s.turn(ctx, pc.Purpose, ds)
		}
	}
	return MayAsk{}, errContended
}

// turn lets the question be put: it stands in the registers of both points, and on Kafka.
func (s *Service) turn(ctx context.Context, p consent.Purpose, ds []*eventpb.Decision) (MayAsk, error) {
	if err := errors.Join(s.registers.join(ctx, ds), s.publish(ctx, ds)); err != nil {
		return MayAsk{}, err
	}
	a := MayAsk{Allowed: true}
	if id, version, ok := noticeFor(s.deps.Registry, string(p), s.now().Unix()); ok {
		a.Notice = &noticeNamed{id, version}
	}
	return a, nil
}

// askRules are the figures of the register.
func (s *Service) askRules() consent.AskRules {
	days := func(term string) int64 { return int64(s.deps.Registry.Terms[term].Days) * int64(day/time.Second) }
	return consent.AskRules{Again: days("ask_again_days"), Apart: days("ask_apart_days")}
}

// asked is a person who would be asked: their points in order, and the cell of the first of them, where turns are taken.
type asked struct {
	keys   []identifier.Key
	points []consent.Point
	gate   resolve.Cell
}

// askable reads what keeps a person from being asked.
func (s *Service) askable(ctx context.Context, x scope) (who asked, err error) {
	if who.keys, err = s.pointsOf(ctx, x); err != nil {
		return who, err
	}
	slices.SortFunc(who.keys, identifier.Compare)
	who.keys = slices.Compact(who.keys)
	cells, points, err := s.registers.cellsOf(ctx, x.space, x.controller, who.keys)
	if err != nil {
		return who, err
	}
	who.points, who.gate = points, cells[0]
	if _, err := s.wholeState(ctx); err != nil {
		return who, err
	}
	return who, s.lived(ctx, x.space, x.controller, who.points)
}

// turnLost is how long a turn whose answer was lost is given again to who asks with its id, in seconds.
const turnLost = 600

// questions are those that the person was asked before, and when this very one was, since a time; 0: it was not.
func questions(points []consent.Point, p consent.Purpose, id string, since int64) (before []consent.Asked, own int64) {
	for _, x := range points {
		d, found := x.Register.Question(p, id)
		if found = found && d.At >= since; found {
			own = d.At
		}
		for _, q := range x.Register.Questions() {
			if !found || q.Purpose != p || q.At != d.At {
				before = append(before, q)
			}
		}
	}
	return before, own
}
