package profileapi

import (
	"errors"
	"fmt"
	"time"

	"rcu/pkg/httpserver"
)

// Config of the profile API.
type Config struct {
	HTTP httpserver.Config
	// Country of national phone numbers in look-ups that name none: ISO 3166-1 alpha-2. Default: "FR".
	Country string
	// ReadTimeout bounds the reading of one profile. Default: 2s.
	ReadTimeout time.Duration
	// MaxCandidates is the most profiles that a quarantined value is answered with. Default: 5.
	MaxCandidates int
	// AuditQueue is the most reads that wait to be written down; then reads are refused. Default: 1000.
	AuditQueue int
}

// Default returns the defaults.
func Default() Config {
	c := Config{HTTP: httpserver.Default(), Country: "FR", ReadTimeout: 2 * time.Second, MaxCandidates: 5, AuditQueue: 1000}
	c.HTTP.Addr = "127.0.0.1:8080"
	return c
}

// Validate reports every problem, joined.
func (c Config) Validate() error {
	var problems []error
	if err := c.HTTP.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("http: %w", err))
	}
	if len(c.Country) != 2 {
		problems = append(problems, errors.New("country: want two letters"))
	}
	if c.ReadTimeout <= 0 {
		problems = append(problems, errors.New("read_timeout: must be above 0"))
	}
	if c.MaxCandidates < 1 || c.AuditQueue < 1 {
		problems = append(problems, errors.New("max_candidates and audit_queue: must be at least 1"))
	}
	return errors.Join(problems...)
}
