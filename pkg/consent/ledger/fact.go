package ledger

// Mask is what stands above every decision of a person (an overlay).
type Mask uint8

// The masks, from the one that leaves least.
const (
	Erased     Mask = iota + 1 // erasure was asked for: nothing but what the law demands
	Deceased                   // all contact ends
	Restricted                 // stored, and not used
	Paused                     // no contact that the person did not ask for
)

var masks = []string{"", "erased", "deceased", "restricted", "paused"}

// String returns the word of the format.
func (m Mask) String() string { return masks[min(int(m), len(masks)-1)] }

// Overlay masks the decisions of a person from a time on.
type Overlay struct {
	Person     string
	Mask       Mask
	From       int64
	Until      int64 // 0 = for good
	RecordedAt int64
}

// Band is the age of a person as far as the law asks for it.
type Band uint8

// The bands. An unknown age is that of an adult: nobody is asked for it without need.
const (
	BandUnknown Band = iota
	Under15
	From15To17
	Adult
)

var bands = []string{"unknown", "under_15", "15_17", "18_plus"}

// String returns the word of the format.
func (b Band) String() string { return bands[min(int(b), len(bands)-1)] }

// Age says which band a person is in from a time on. No birth date is kept.
type Age struct {
	Person     string
	Band       Band
	From       int64
	RecordedAt int64
}

// Member says that a point is one of a person's.
type Member struct {
	Person string
	Point  Point
}

// Sale may stand for consent to offers of similar goods (soft opt-in): the person gave the point at a sale of this controller, and was offered
// to object.
type Sale struct {
	ID         string
	Controller string
	Point      Point
	Family     string // of the goods
	At         int64
	RecordedAt int64
	Offered    Notice // of the offer to object; zero: none was made
}

// Retraction says that the source of a sale took it back: it stands for nothing, for whoever knows it, and never did. It names a sale, or an event
// whose sales have its id with a number behind #.
type Retraction struct {
	Controller string
	Sale       string
	At         int64
	RecordedAt int64
}

// Activity is an act of the person that keeps a grant alive: an order, a click, a call, a visit. Opening an e-mail is none.
type Activity struct {
	Controller string
	Point      Point
	At         int64
	RecordedAt int64
}
