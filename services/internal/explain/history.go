package explain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"rcu/pkg/resolve"
)

// Transition is one thing that happened to a record, as rcu.identity told it, and what caused it.
type Transition struct {
	ID          string    `json:"id"`
	At          time.Time `json:"at"` // when it was resolved
	Kind        string    `json:"kind"`
	RCUID       string    `json:"rcu_id"`                // after it
	Before      []string  `json:"before,omitempty"`      // ids of the people before
	After       []string  `json:"after,omitempty"`       // and after
	Identifiers []string  `json:"identifiers,omitempty"` // names of those that it is about
	Reason      string    `json:"reason,omitempty"`
	Cause       Cause     `json:"cause"`
	Words       string    `json:"words"` // the same as a sentence
}

// Cause is what made a transition happen.
type Cause struct {
	Kind   string `json:"kind"`             // event | act | match | decision | rules | clock
	ID     string `json:"id,omitempty"`     // of rules their version; else a digest of the id of the event, act or decision
	Source string `json:"source,omitempty"` // of an event that still witnesses a link, and of a controller that the reader carries
	Event  string `json:"event,omitempty"`  // its id there
	Act    string `json:"act,omitempty"`    // id of an act that still stands on an identifier or a link
}

// History reads what happened to identifiers of a space by their names, the newest first, and whether there is more. Words are made by
// a Teller.
type History interface {
	History(ctx context.Context, space string, names []string, limit int) (transitions []Transition, more bool, err error)
}

const (
	// maxHistory is the most transitions that are told of one record.
	maxHistory = 100
	// maxHistoryNames is the most identifiers of a record whose history is looked for.
	maxHistoryNames = 300
	// historyWait bounds how long an explanation waits for the history of its record: it is told without it.
	historyWait = time.Second
)

// ErrNoHistory says that what happened to records is not known here.
var ErrNoHistory = errors.New("history is not known here")

// AddHistory tells what happened to the identifiers of an explanation. That it cannot be read now is told with the explanation, and returned.
func (t Teller) AddHistory(ctx context.Context, from History, space string, e *resolve.Explanation, out *Explanation) error {
	out.History, out.HistoryUnavailable = nil, true
	if from == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, historyWait)
	defer cancel()
	names := make([]string, 0, len(e.Profile.Members))
	for _, k := range e.Profile.Members {
		names = append(names, t.Name(k))
	}
	list, more, err := from.History(ctx, space, names[:min(len(names), maxHistoryNames)], maxHistory)
	if errors.Is(err, ErrNoHistory) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the history of a record: %w", err)
	}
	known := t.causes(e)
	for i := range list {
		x := &list[i]
		if cause, is := known[x.Cause.ID]; is && cause.Kind == x.Cause.Kind {
			cause.ID = x.Cause.ID
			x.Cause = cause
		}
		x.Words = t.Language.transition(x)
	}
	out.History, out.HistoryMore, out.HistoryUnavailable = list, more, false
	return nil
}

// causes lists what may have caused a transition and still stands in the evidence, by the digests that transitions name it by.
func (t Teller) causes(e *resolve.Explanation) map[string]Cause {
	out := map[string]Cause{}
	for i := range e.Edges {
		edge := &e.Edges[i]
		for j := range edge.Seen {
			if w := t.witness(&edge.Seen[j]); w.Event != "" {
				out[causeDigest(edge.Seen[j].Event)] = Cause{Kind: "event", Source: w.Source, Event: w.Event}
			}
		}
		if edge.ActID != "" {
			out[causeDigest(edge.ActID)] = Cause{Kind: "act", Act: edge.ActID}
		}
	}
	for i := range e.Why {
		if id := e.Why[i].Act.ID; id != "" {
			out[causeDigest(id)] = Cause{Kind: "act", Act: id}
		}
	}
	return out
}

// causeDigest is how transitions name a cause without a source's own text.
func causeDigest(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:8])
}

// transition tells of a transition in a sentence.
func (l Language) transition(x *Transition) string { return l.happened(x) + l.because(&x.Cause) }

func (l Language) happened(x *Transition) string {
	first := ""
	if len(x.Identifiers) > 0 {
		first = short(x.Identifiers[0])
	}
	switch x.Kind {
	case string(resolve.Created):
		if len(x.Identifiers) == 1 {
			return l.say("it was made, of one identifier", "elle a été créée, avec un identifiant")
		}
		return fmt.Sprintf(l.say("it was made, of %d identifiers", "elle a été créée, avec %d identifiants"), len(x.Identifiers))
	case string(resolve.Linked):
		return l.say("an identifier joined it", "un identifiant l'a rejointe")
	case string(resolve.Merged):
		return fmt.Sprintf(l.say("%d records became one: %s", "%d fiches n'en font plus qu'une : %s"), len(x.Before), shortList(x.Before))
	case string(resolve.Split):
		return fmt.Sprintf(l.say("one record became %d: %s", "une fiche en est devenue %d : %s"), len(x.After), shortList(x.After))
	case string(resolve.Renamed):
		return fmt.Sprintf(l.say("its id changed from %s to %s", "son identité est passée de %s à %s"), shortList(x.Before), shortList(x.After))
	case string(resolve.Banned):
		return l.say("two identifiers are never one person from then on", "deux identifiants ne sont plus jamais une même personne")
	case string(resolve.Lifted):
		return l.say("that two identifiers are never one person was taken back", "l'interdiction de relier deux identifiants a été levée")
	case string(resolve.Refused):
		words := reasonWords[x.Reason]
		return l.say("a link was refused: ", "un lien a été refusé : ") + l.say(words[0], words[1])
	case string(resolve.Quarantined), string(resolve.Contested), string(resolve.BlockedNow):
		return fmt.Sprintf(l.say("identifier %s is %s from then on", "l'identifiant %s est désormais %s"), first, l.StandingWord(x.Kind))
	case string(resolve.Released):
		return fmt.Sprintf(l.say("identifier %s joins people again", "l'identifiant %s relie de nouveau des personnes"), first)
	case string(resolve.Oversized):
		return l.say("so many identifiers hang together that weak links are set aside", "tant d'identifiants tiennent ensemble que les liens faibles sont écartés")
	default:
		return x.Kind
	}
}

// because tells what caused it.
func (l Language) because(c *Cause) string {
	switch {
	case c.Event != "":
		return fmt.Sprintf(l.say(", by event %s of %s", ", par l'événement %s de %s"), c.Event, c.Source)
	case c.Kind == "event":
		return l.say(", by an event", ", par un événement")
	case c.Kind == "act":
		return l.say(", by an act of a steward or a replaced card", ", par l'acte d'un gestionnaire ou une carte remplacée")
	case c.Kind == "match":
		return l.say(", by a probable match of two records", ", par un rapprochement probable de deux fiches")
	case c.Kind == "decision":
		return l.say(", because the customer agreed or refused", ", parce que le client a accepté ou refusé")
	case c.Kind == "rules":
		return fmt.Sprintf(l.say(", by version %s of the rules", ", par la version %s des règles"), c.ID)
	case c.Kind == "clock":
		return l.say(", because a permission began or ended", ", parce qu'un accord a commencé ou pris fin")
	default:
		return ""
	}
}

func short(name string) string { return name[:min(8, len(name))] }

func shortList(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = short(name)
	}
	return strings.Join(out, ", ")
}
