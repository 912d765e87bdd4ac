package matcher

import (
	"errors"
	"fmt"
	"time"
)

// Config of the matcher.
type Config struct {
	// Group is its consumer group. Default: "matcher".
	Group string
	// Again is the consumer group by which it follows overlays and people who part. Default: "matcher-again".
	Again string
	// Suggest is the least probability of two records to be one person that is suggested. Default: 0.9.
	Suggest float64
	// Candidates is the most records that one is compared with. Default: 40.
	Candidates int
	// PerRecord is the most people that are suggested for one record. Default: 3.
	PerRecord int
	// MaxSuggestions is the most suggestions that wait in a space; the least probable are dropped. Default: 10000.
	MaxSuggestions int
	// Rate is the most leaves a second of which the index is asked, those that may say something new: beyond it the matcher lags, rather
	// than take time from those who share its machine. Default: 2000.
	Rate int
	// Spaces are the spaces of the installation. A leaf that is gone does not say of which it was.
	Spaces []string
	// Timeout bounds the work on one record. Default: 5s.
	Timeout time.Duration
}

// Default returns the defaults.
func Default() Config {
	return Config{Group: "matcher", Again: "matcher-again", Suggest: 0.9, Candidates: 40, PerRecord: 3, MaxSuggestions: 10_000, Rate: 2000, Timeout: 5 * time.Second}
}

// Validate reports every problem, joined.
func (c Config) Validate() error {
	var problems []error
	if c.Group == "" || c.Again == "" || c.Group == c.Again {
		problems = append(problems, errors.New("group and again: are required, and two"))
	}
	if !(c.Suggest >= 0.5 && c.Suggest < 1) {
		problems = append(problems, errors.New("suggest: a probability of at least 0.5 and under 1"))
	}
	if c.Candidates < 1 || c.Candidates > 500 || c.PerRecord < 1 || c.PerRecord > c.Candidates {
		problems = append(problems, errors.New("candidates and per_record: from 1 to 500, and no more suggestions than candidates"))
	}
	if c.Rate < batchRecords {
		problems = append(problems, fmt.Errorf("rate: must be at least %d, which are taken at once", batchRecords))
	}
	if c.MaxSuggestions < 1 || c.Timeout <= 0 {
		problems = append(problems, errors.New("max_suggestions and timeout: must be above 0"))
	}
	return errors.Join(problems...)
}
