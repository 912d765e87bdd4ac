package profile

import "slices"

// commonWords are numbered in every packed state from the start: only ever append, and never more than 128 with maxWords of its own, so
// that a number is one byte.
var commonWords = []string{
	"", "EUR", "GBP", "CHF", "USD", "PLN", "SEK", "DKK", "CZK", "HUF", "RON", "NOK", "JPY", "CAD", "AUD", "CNY",
	"rcu.events.store", "rcu.events.web", "rcu.events.mobile", "rcu.events.callcentre", "rcu.events.history",
	"given_name", "family_name", "birth_date", "title", "language", "country", "city", "postal_code", "street", "gender", "company",
	"ship", "collect", "placed", "ready", "collected", "returned", "shipped", "delivered", "cancelled", "open", "abandoned", "ordered",
	"home", "category", "product", "search", "basket", "checkout", "account", "password", "answered", "missed", "delivery", "order",
	"complaint", "question", "normal", "high", "low", "solved", "member", "basic",
}

// numberOfWord are the numbers of common words.
var numberOfWord = func() map[string]int {
	numbers := make(map[string]int, len(commonWords))
	for i, word := range commonWords {
		numbers[word] = i
	}
	return numbers
}()

// commonWord is the number of a common word; -1 for any other.
func commonWord(s string) int {
	if i, common := numberOfWord[s]; common {
		return i
	}
	return -1
}

// presence of sections in a packed state.
const (
	hasSpan     = 1 << iota // first and last are not those of the log
	hasAccounts             // counters and sums are not those of the log
	hasTraits
	hasBalances
	hasActivity
	hasTail
	hasSeen
	hasPending
)

// short is the most entries of a log whose accounts are worth adding up again at every reading.
const short = 32

// accountsOf adds up the counters and sums of a log.
func accountsOf(log []Entry) ([]Counter, []Sum) {
	var s State
	for i := range log {
		s.account(&log[i], 1)
	}
	return s.counters, s.sums
}

// derived reports whether counters and sums are those of the log.
func (s *State) derived() bool {
	if len(s.log) == 0 || len(s.log) > short {
		return false
	}
	counters, sums := accountsOf(s.log)
	return slices.Equal(counters, s.counters) && slices.Equal(sums, s.sums)
}

// spans reports whether first and last are those of the log.
func (s *State) spans() bool {
	n := len(s.log)
	return n > 0 && s.log[0].At == s.first && s.log[n-1].At == s.last
}

func (s *State) sections() byte {
	f := byte(0)
	for bit, on := range [...]bool{
		!s.spans(), !s.derived(), len(s.traits) > 0, len(s.balances) > 0, len(s.activity) > 0, len(s.tail) > 0, len(s.seen) > 0, len(s.pending) > 0,
	} {
		if on {
			f |= 1 << bit
		}
	}
	return f
}
