package match

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Block is a blocking key as it is kept: a digest under a secret of the installation that only tells equal ones from others.
type Block [8]byte

// Entry is one record as the index keeps it. Its traits are sealed; ID names the record and is 16 bytes long. It is listed before it is
// compared, so that of two records that come at once the later one finds the other; Compared says that this was done.
type Entry struct {
	ID       string
	Blocks   []Block
	Sealed   []byte
	Compared bool
}

// Limits of an index.
const (
	// EntryIDSize is the length of the id of an entry.
	EntryIDSize = 16
	// MaxBlockEntries is the most records that an index lists under one block: of one that so many share little follows.
	MaxBlockEntries = 56
	// MaxEntryBlocks is the most blocks of an entry.
	MaxEntryBlocks = 64
)

// ErrEntry says that an entry cannot be kept.
var ErrEntry = errors.New("an entry has an id of 16 bytes and at most 64 blocks")

// Check refuses an entry that cannot be kept.
func (e *Entry) Check() error {
	if len(e.ID) != EntryIDSize || len(e.Blocks) > MaxEntryBlocks {
		return ErrEntry
	}
	return nil
}

// Index is where the records of the stream can be found by their blocks, and where suggestions wait for a steward. It is derived: what is
// lost of it comes back from the changelog of leaves. Every call may be repeated.
type Index interface {
	// PutEntry keeps an entry in place of the one with its id, and reports in how many blocks there was no room for it.
	PutEntry(ctx context.Context, space string, e Entry) (full int, err error)
	// SetCompared keeps of an entry, which lies there with these blocks, that it was compared.
	SetCompared(ctx context.Context, space string, e Entry) error
	// RemoveEntry forgets an entry and where it was listed. An absent one is no error.
	RemoveEntry(ctx context.Context, space, id string) error
	// Near finds the entries listed under blocks: at most so many, those with the rarest blocks in common first, then by id. Entries that
	// are listed but no longer kept are left out.
	Near(ctx context.Context, space string, blocks []Block, most int) ([]Entry, error)
	// Entry reads one entry; its ID is empty where there is none.
	Entry(ctx context.Context, space, id string) (Entry, error)
	// CountEntries is about how many entries there are.
	CountEntries(ctx context.Context, space string) (int64, error)

	// PutSuggestion keeps a suggestion in place of the one with its id. Of more than most, the lightest is dropped.
	PutSuggestion(ctx context.Context, space string, s Suggestion, most int) error
	// RemoveSuggestions forgets suggestions. Absent ones are no error.
	RemoveSuggestions(ctx context.Context, space string, ids []string) error
	// Suggestions lists suggestions behind one of them (empty: from the first), the heaviest first, then by id descending.
	Suggestions(ctx context.Context, space, after string, limit int) (list []Suggestion, next string, err error)
	// CountSuggestions is how many suggestions wait.
	CountSuggestions(ctx context.Context, space string) (int64, error)
}

// Near orders what was found under blocks: each list of ids, as far as it goes, gives one share of a vote to each of its ids, so that a
// rare block says more than a common one.
func Near(lists [][]string, most int) []string {
	votes := map[string]float64{}
	for _, ids := range lists {
		for _, id := range ids {
			votes[id] += 1 / float64(len(ids))
		}
	}
	ids := slices.Collect(maps.Keys(votes))
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(votes[b], votes[a]), cmp.Compare(a, b)) })
	return ids[:min(len(ids), most)]
}

// Suggestion is two records that are probably one person, by an identifier of each.
type Suggestion struct {
	ID      string     `json:"-"` // of the pair
	A       Identifier `json:"a"`
	B       Identifier `json:"b"`
	Since   int64      `json:"since"` // seconds since 1970
	Weight  float64    `json:"weight"`
	Records [2]string  `json:"records"` // ids of the two entries, hexadecimal
	Steps   []Step     `json:"steps"`   // the waterfall, without values
}

// Identifier is an identifier of a suggestion, by its pseudonym.
type Identifier struct {
	Namespace string `json:"namespace"`
	Pseudonym []byte `json:"pseudonym"`
}

// Explanation is why the two are probably one person.
func (s *Suggestion) Explanation() Explanation {
	return Explanation{Steps: s.Steps, Weight: s.Weight, Probability: Probability(s.Weight)}
}

// Rank is what suggestions are ordered by: thousandths of a bit.
func (s *Suggestion) Rank() int64 { return int64(math.Round(1000 * s.Weight)) }

// Pack packs a suggestion, its id aside.
func (s *Suggestion) Pack() ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("packing a suggestion: %w", err)
	}
	return b, nil
}

// ParseSuggestion reads what Pack wrote.
func ParseSuggestion(id string, packed []byte) (Suggestion, error) {
	s := Suggestion{ID: id}
	if err := json.Unmarshal(packed, &s); err != nil {
		return Suggestion{}, fmt.Errorf("reading a suggestion: %w", err)
	}
	return s, nil
}

// Place is where a suggestion stands in the list, for the page behind it.
func (s *Suggestion) Place() string { return strconv.FormatInt(s.Rank(), 10) + ":" + s.ID }

// ErrPlace says that a text is no place in the list of suggestions.
var ErrPlace = errors.New("no place in the list of suggestions")

// ParsePlace reads what Place wrote; nothing of an empty text.
func ParsePlace(text string) (rank int64, id string, err error) {
	if text == "" {
		return 0, "", nil
	}
	number, id, found := strings.Cut(text, ":")
	if rank, err = strconv.ParseInt(number, 10, 64); err != nil || !found || id == "" || len(text) > 200 {
		return 0, "", ErrPlace
	}
	return rank, id, nil
}
