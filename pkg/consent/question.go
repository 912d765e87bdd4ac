package consent

import (
	"slices"
	"strings"
)

// questionPrefix begins the purpose of the fact that a person was asked for a purpose.
const questionPrefix = "asked:"

// QuestionFor names the fact that stands in the register of a point once its person was asked for a purpose, on any channel. On Kafka it is a `grant` of
// the time of the question: of nothing, for nobody decided anything by it. It keeps the person from being asked again and again (AskRules).
func QuestionFor(p Purpose) Purpose { return questionPrefix + p }

// QuestionOf reads the purpose that a question was about.
func QuestionOf(p Purpose) (Purpose, bool) {
	about, is := strings.CutPrefix(string(p), questionPrefix)
	info, known := PurposeOf(Purpose(about))
	return Purpose(about), is && known && info.Decidable
}

// isFact reports whether a purpose is that of a fact that stands in registers beside the decisions of people.
func isFact(p Purpose) bool {
	_, question := QuestionOf(p)
	return question || IsOfSale(p)
}

// Questions lists when the person was asked, and for what, as one point has it.
func (r Register) Questions() []Asked {
	var out []Asked
	for _, e := range r.entries {
		if about, is := QuestionOf(e.Purpose); is {
			for _, d := range e.Said {
				out = append(out, Asked{Purpose: about, At: d.At})
			}
		}
	}
	return out
}

// Question returns the latest question of an id, if the point has one.
func (r Register) Question(p Purpose, id string) (Decision, bool) {
	for _, d := range slices.Backward(r.History(QuestionFor(p), "").Said) {
		if d.ID == id {
			return d, true
		}
	}
	return Decision{}, false
}
