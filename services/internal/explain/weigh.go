package explain

import (
	"context"
	"fmt"
)

// Weight is one of the weights that make a probable match.
type Weight struct {
	What  string `json:"what"`            // what was compared, or "sum"
	Found string `json:"found,omitempty"` // how much it agrees
	Bits  string `json:"bits"`            // over 0 it speaks for
	Side  string `json:"side"`            // for or against, in a word or two
}

// Weigher weighs two records anew.
type Weigher interface {
	// Weigh lists in a language what is compared of two records, by their names, as they are now; the last is the sum. It lists nothing
	// where one of them is not known any more. No value stands in it.
	Weigh(ctx context.Context, space string, records [2]string, l Language) ([]Weight, error)
}

// maxWeighed is the most links of an explanation that are weighed.
const maxWeighed = 16

// AddWeights adds to the links that a probable match makes what speaks for and against it. Without a weigher nothing is added.
func (t Teller) AddWeights(ctx context.Context, from Weigher, space string, links []Link) error {
	if from == nil {
		return nil
	}
	weighed := 0
	for i := range links {
		p := links[i].Probable
		if p == nil || !p.Links || weighed == maxWeighed {
			continue
		}
		weighed++
		list, err := from.Weigh(ctx, space, p.records, t.Language)
		if err != nil {
			return fmt.Errorf("weighing a probable match: %w", err)
		}
		p.Weighs = list
	}
	return nil
}
