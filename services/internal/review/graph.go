package review

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/services/internal/explain"
)

// graphSource gives what the graph asks a person to look at.
type graphSource struct {
	graph *resolve.Graph
	kind  identity.ReviewKind
	now   func() time.Time
}

// OfGraph returns the sources of a graph, in the order in which they are shown.
func OfGraph(graph *resolve.Graph, now func() time.Time) (out []Source) {
	for kind := range identity.ReviewKinds {
		out = append(out, &graphSource{graph, kind, now})
	}
	return out
}

// ErrPlace says that a place was not given by the source.
var ErrPlace = errors.New("place is not one of this list")

func (s *graphSource) Kind() string { return s.kind.String() }

func (s *graphSource) Count(ctx context.Context, space string) (int, error) {
	counts, err := s.graph.CountReview(ctx, space)
	return counts[s.kind], err
}

func (s *graphSource) Matters(ctx context.Context, space, after string, limit int) ([]Matter, string, error) {
	at, err := readPlace(after)
	if err != nil {
		return nil, "", err
	}
	some, next, err := s.graph.Review(ctx, space, s.kind, at.behind(), limit, s.now().Unix())
	if err != nil {
		return nil, "", err
	}
	var out []Matter
	for i := range some {
		if m := &some[i]; m.Place != at.ReviewPlace || m.Number >= at.shown {
			out = append(out, matterOf(m))
		}
	}
	end := ""
	if next != (resolve.ReviewPlace{}) {
		end = place{ReviewPlace: next}.text()
	}
	if len(out) > limit { // a component has several
		out = out[:limit]
		end = out[limit-1].Place
	}
	return out, end, nil
}

func matterOf(m *resolve.Reviewed) Matter {
	out := Matter{Weight: m.Weight, Since: m.Since, Keys: m.Values, More: m.MorePeople, Links: m.Links, Acts: m.Acts(), Place: place{m.Place, m.Number + 1}.text()}
	for _, p := range m.People {
		out.People = append(out.People, p.Canonical)
	}
	switch m.Kind {
	case identity.ReviewRefused:
		out.Because = m.Links[0].Reason.String()
	case identity.ReviewOversized:
		out.Because = identity.ReasonOverflow.String()
		out.Words = func(l explain.Language) string {
			if l == explain.French {
				return fmt.Sprintf("tant d'identifiants tiennent ensemble que les liens faibles ont été écartés, dont %d de celui-ci ; il en reste %d parties", m.Weight, m.Parts)
			}
			return fmt.Sprintf("so many identifiers hang together that weak links were set aside, %d of them of this one; %d parts are left", m.Weight, m.Parts)
		}
	default:
		out.Because, out.Why = string(m.Why.Code), &m.Why
	}
	return out
}

// place is a component of a queue, and how many of its matters were shown; 0 = all of them.
type place struct {
	resolve.ReviewPlace
	shown int
}

const placeSize = 4 + len(resolve.ComponentKey{}) + 2

func (p place) text() string {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, placeSize), p.Weight)
	b = append(b, p.Component[:]...)
	return hex.EncodeToString(binary.BigEndian.AppendUint16(b, uint16(p.shown))) //nolint:gosec // bounded by the edges of a component
}

func readPlace(text string) (p place, err error) {
	if text == "" {
		return p, nil
	}
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != placeSize {
		return p, ErrPlace
	}
	p.Weight = binary.BigEndian.Uint32(b)
	p.shown = int(binary.BigEndian.Uint16(b[placeSize-2:]))
	copy(p.Component[:], b[4:])
	return p, nil
}

// behind is the place to go on behind: this one, or, while some of its matters are left, the one just before.
func (p place) behind() resolve.ReviewPlace {
	out := p.ReviewPlace
	if p.shown == 0 {
		return out
	}
	for i := len(out.Component) - 1; i >= 0; i-- {
		if out.Component[i]++; out.Component[i] != 0 {
			break
		}
	}
	return out
}
