package steward

import (
	"errors"
	"fmt"
	"time"

	"rcu/pkg/httpserver"
)

// Config of the steward's service.
type Config struct {
	HTTP httpserver.Config
	// Country of national phone numbers that name none: ISO 3166-1 alpha-2. Default: "FR".
	Country string
	// Timeout bounds a request, the wait for the resolver aside. Default: 5s.
	Timeout time.Duration
	// Wait is how long an answer waits until an act is in the graph; then it says that the act is on its way. Default: 3s.
	Wait time.Duration
	// Session is how long a steward stays logged in on the pages. Default: 8h.
	Session time.Duration
	// MaxHistory is the most acts that are kept ready to be listed and taken back, the latest. Default: 100000.
	MaxHistory int
	// AuditQueue is the most lines of the audit that wait to be written; then requests are refused. Default: 1000.
	AuditQueue int
}

// Default returns the defaults.
func Default() Config {
	c := Config{HTTP: httpserver.Default(), Country: "FR", Timeout: 5 * time.Second, Wait: 3 * time.Second, Session: 8 * time.Hour, MaxHistory: 100_000, AuditQueue: 1000}
	c.HTTP.Addr = "127.0.0.1:8087"
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
	if c.Timeout <= 0 || c.Wait <= 0 {
		problems = append(problems, errors.New("timeout and wait: must be above 0"))
	}
	if c.Session < time.Minute {
		problems = append(problems, errors.New("session: must be at least 1m"))
	}
	if c.MaxHistory < 1 || c.AuditQueue < 1 {
		problems = append(problems, errors.New("max_history and audit_queue: must be at least 1"))
	}
	return errors.Join(problems...)
}
