package explain

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// probable tells of the comparison that speaks most for the two ends of an edge being one person; nil where none does.
func probable(e *resolve.EdgeView) *Probable {
	best, any := (&identity.Edge{Compared: e.Compared}).Probable()
	if !any {
		return nil
	}
	return &Probable{
		Probability: float64(best.Millionths) / identity.Certain, At: time.UnixMicro(best.At).UTC(), Threshold: e.AutoLink, Rules: e.Rules,
		Links: e.Probable && e.Outcome != identity.RefusedEdge, records: best.Records,
	}
}

// linked tells that a probable match joins two identifiers, and by which rule.
func (l Language) linked(p *Probable) string {
	return fmt.Sprintf(l.say(
		"joined by a probable match: their records are %s likely to be of one person, and version %d of the rules links from %s",
		"reliés par un rapprochement probable : leurs fiches sont à %s celles d'une même personne, et la version %d des règles relie à partir de %s"),
		l.percent(p.Probability), p.Rules, l.percent(p.Threshold))
}

// percent writes a probability, rounded down: one near 1 is no certainty.
func (l Language) percent(p float64) string {
	text := strconv.FormatFloat(math.Floor(p*1e6+.5)/1e4, 'f', -1, 64)
	if l != French {
		return text + " %"
	}
	for i, c := range text {
		if c == '.' {
			text = text[:i] + "," + text[i+1:]
		}
	}
	return text + " %"
}
