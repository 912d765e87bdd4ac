package contact

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	eventpb "rcu/schemas/event"
)

// WishKind says what a wish is about.
type WishKind uint8

// The kinds. Their numbers are part of what is stored: only ever append.
const (
	WishPause     WishKind = iota + 1 // no optional contact before a time
	WishTopic                         // nothing about a topic before a time
	WishFrequency                     // at most so often
)

// Forever is the value of a topic that is suppressed without an end.
const Forever = int64(math.MaxInt64)

// Wish is one thing that a person chose about contacts, at one contact point. Its value is 0 where the wish was taken back, and the greater
// the stricter: of a pause and of a topic until when (seconds), of a frequency the Frequency.
type Wish struct {
	Kind  WishKind
	About string // of a topic which one; of a frequency the channel, empty: over all channels
	// Wide wishes were said by the person as such and count at every point of theirs; others count at their own point alone.
	Wide  bool
	At    int64 // when it was said
	Value int64
}

// compareWishes orders wishes by what they are about.
func compareWishes(a, b Wish) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.About, b.About), cmp.Compare(wide(a), wide(b)))
}

func wide(w Wish) byte {
	if w.Wide {
		return 1
	}
	return 0
}

// later reports whether w holds over o, which is about the same: the later one does, at one instant the stricter.
func (w Wish) later(o Wish) bool {
	return cmp.Or(cmp.Compare(w.At, o.At), cmp.Compare(w.Value, o.Value)) > 0
}

// holds reports whether the wish keeps anything away at t.
func (w Wish) holds(t int64) bool {
	return w.Value > 0 && (w.Kind == WishFrequency || w.Value > t)
}

// MaxWishes bounds what one point may hold. The pages offer far fewer; what does not fit is refused before it is answered.
const MaxWishes = 128

var wishAbout = regexp.MustCompile(`^[a-z0-9_-]{1,40}(/[a-z0-9_-]{1,40}){0,3}$`)

// sound reports whether a wish is one at all.
func (w Wish) sound() bool {
	switch w.Kind {
	case WishPause:
		return w.About == "" && w.Value >= 0 && w.Value < Forever
	case WishTopic:
		return wishAbout.MatchString(w.About) && w.Value >= 0
	case WishFrequency:
		return (w.About == "" || known(w.About)) && w.Value >= 0 && w.Value <= int64(Never)
	}
	return false
}

// Book is what was wished at one contact point with one controller: of everything that it is about the latest. It is a join: the order in
// which wishes arrive does not matter, and one that arrives again changes nothing. It is never changed in place; the zero Book is empty.
type Book struct{ wishes []Wish }

// All lists the wishes, also those that were taken back or are over.
func (b Book) All() []Wish { return slices.Clone(b.wishes) }

// Join adds a wish and reports whether that changed anything. One that is none is left out; so is one more than a book may hold.
func (b Book) Join(w Wish) (Book, bool) {
	i, found := slices.BinarySearchFunc(b.wishes, w, compareWishes)
	if !w.sound() || found && !w.later(b.wishes[i]) || !found && len(b.wishes) >= MaxWishes {
		return b, false
	}
	out := slices.Clone(b.wishes)
	if found {
		out[i] = w
		return Book{out}, true
	}
	return Book{slices.Insert(out, i, w)}, true
}

// Merge joins everything of another book of the same point.
func (b Book) Merge(o Book) Book {
	for _, w := range o.wishes {
		b, _ = b.Join(w)
	}
	return b
}

// Said returns the latest wish about something; false where nothing was said.
func (b Book) Said(kind WishKind, about string, wide bool) (Wish, bool) {
	i, found := slices.BinarySearchFunc(b.wishes, Wish{Kind: kind, About: about, Wide: wide}, compareWishes)
	if !found {
		return Wish{}, false
	}
	return b.wishes[i], true
}

// WishesAt says what holds for contacts at a point: what was wished there, and what was said at any other point of the person for all of them.
// The strictest holds: no point makes a wish of another one looser, so putting points together gives nothing back.
func WishesAt(own Book, others []Book, now time.Time) Wishes {
	return strictest(now, func(take func(Wish)) {
		for _, w := range own.wishes {
			take(w)
		}
		for _, b := range others {
			for _, w := range b.wishes {
				if w.Wide {
					take(w)
				}
			}
		}
	})
}

// WishesOf says what holds at any of the points of a person: what the person sees of all of it.
func WishesOf(books []Book, now time.Time) Wishes {
	return strictest(now, func(take func(Wish)) {
		for _, b := range books {
			for _, w := range b.wishes {
				take(w)
			}
		}
	})
}

// strictest gathers wishes that hold.
func strictest(now time.Time, each func(take func(Wish))) Wishes {
	values := map[Wish]int64{}
	each(func(w Wish) {
		if about := (Wish{Kind: w.Kind, About: w.About}); w.holds(now.Unix()) {
			values[about] = max(values[about], w.Value)
		}
	})
	out := Wishes{}
	for about, value := range values {
		out.add(about, value)
	}
	slices.SortFunc(out.Suppressed, func(a, b Suppression) int { return strings.Compare(a.Topic, b.Topic) })
	return out
}

// add puts one wish that holds among them.
func (w *Wishes) add(about Wish, value int64) {
	switch about.Kind {
	case WishPause:
		w.Paused = time.Unix(value, 0)
	case WishTopic:
		s := Suppression{Topic: about.About}
		if value != Forever {
			s.Until = time.Unix(value, 0)
		}
		w.Suppressed = append(w.Suppressed, s)
	case WishFrequency:
		if w.Frequency == nil {
			w.Frequency = map[string]Frequency{}
		}
		w.Frequency[about.About] = Frequency(value) //nolint:gosec // G115: at most Never
	}
}

// wishPrefix begins what a wish is called where purposes stand, on Kafka and in ClickHouse.
const wishPrefix = "wish:"

// IsWish reports whether a purpose on Kafka is that of a wish.
func IsWish(purpose string) bool { return strings.HasPrefix(purpose, wishPrefix) }

// Purpose is what the wish is called where purposes stand.
func (w Wish) Purpose() string {
	switch w.Kind {
	case WishTopic:
		return wishPrefix + "topic:" + w.About
	case WishFrequency:
		return wishPrefix + "frequency:" + Frequency(w.Value).String() //nolint:gosec // G115: at most Never
	default:
		return wishPrefix + "pause"
	}
}

// The decisions that a wish is on Kafka: what keeps contacts away, and what lets them through again.
const (
	wishKeeps  = "object"
	wishPasses = "grant"
)

// Say writes the wish into a decision that names the point already.
func (w Wish) Say(d *eventpb.Decision) {
	d.Purpose, d.Decision, d.DecidedAt, d.Wide = w.Purpose(), wishPasses, w.At, w.Wide
	if w.Value > 0 {
		d.Decision = wishKeeps
	}
	switch {
	case w.Kind == WishFrequency:
		d.Channel = w.About
	case w.Value > 0 && w.Value < Forever:
		d.ExpiresAt = w.Value
	}
}

// WishOf reads a wish as it lies on Kafka; false where a decision is none.
func WishOf(d *eventpb.Decision) (Wish, bool) {
	rest, is := strings.CutPrefix(d.GetPurpose(), wishPrefix)
	kind, about, _ := strings.Cut(rest, ":")
	w := Wish{Wide: d.GetWide(), At: d.GetDecidedAt(), About: about}
	if keeps := d.GetDecision() == wishKeeps; keeps {
		if w.Value = d.GetExpiresAt(); w.Value == 0 {
			w.Value = Forever
		}
	} else if d.GetDecision() != wishPasses {
		return Wish{}, false
	}
	switch kind {
	case "pause":
		w.Kind = WishPause
	case "topic":
		w.Kind = WishTopic
	case "frequency":
		f, named := FrequencyOf(about)
		if !named {
			return Wish{}, false
		}
		w.Kind, w.About, w.Value = WishFrequency, d.GetChannel(), int64(f)
	default:
		return Wish{}, false
	}
	return w, is && w.sound()
}

// FrequencyOf is the frequency of a name.
func FrequencyOf(name string) (Frequency, bool) {
	i := slices.Index(frequencyNames[:], name)
	return Frequency(max(i, 0)), i >= 0 //nolint:gosec // G115: at most Never
}
