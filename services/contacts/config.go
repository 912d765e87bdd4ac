package contacts

import (
	"errors"
	"fmt"
	"time"

	"rcu/pkg/contact"
	"rcu/pkg/httpserver"
)

// Config of the service.
type Config struct {
	HTTP httpserver.Config
	// Country of national phone numbers in requests that name none: ISO 3166-1 alpha-2. Default: "FR".
	Country string
	// Place where people are whose place nobody knows, phone numbers apart: FR, FR-67 or a time zone. Default: "FR".
	Place string
	// Timeout bounds one step. Default: 2s.
	Timeout time.Duration
	// Rules are the figures before a contact. Default: contact.Default.
	Rules contact.Rules
}

// Default returns the defaults.
func Default() Config {
	c := Config{HTTP: httpserver.Default(), Country: "FR", Place: "FR", Timeout: 2 * time.Second, Rules: contact.Default()}
	c.HTTP.Addr = "127.0.0.1:8086"
	return c
}

// Validate reports every problem, joined.
func (c Config) Validate() error {
	var problems []error
	add := func(path string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", path, err))
		}
	}
	add("http", c.HTTP.Validate())
	add("rules", c.Rules.Validate())
	_, err := contact.ParsePlace(c.Place)
	add("place", err)
	if len(c.Country) != 2 {
		problems = append(problems, errors.New("country: want two letters"))
	}
	if c.Timeout <= 0 {
		problems = append(problems, errors.New("timeout: must be above 0"))
	}
	return errors.Join(problems...)
}
