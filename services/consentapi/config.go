package consentapi

import (
	"errors"
	"fmt"
	"time"

	"rcu/pkg/httpserver"
)

// Config of the consent API.
type Config struct {
	HTTP httpserver.Config
	// Country of national phone numbers that name none: ISO 3166-1 alpha-2. Default: "FR".
	Country string
	// Journal is the file that holds denials until Kafka has them.
	Journal string
	// JournalBytes bounds it; then denials are answered only when Kafka has them. Default: 64 MiB.
	JournalBytes int64
	// RedisTimeout bounds one denial or read in Redis. Default: 1s.
	RedisTimeout time.Duration
	// PublishTimeout bounds a grant on its way to Kafka, then 503. Default: 10s.
	PublishTimeout time.Duration
	// ReplayEvery is how often what waits in the journal is tried again. Default: 1s.
	ReplayEvery time.Duration
}

// Default returns the defaults.
func Default() Config {
	c := Config{
		HTTP: httpserver.Default(), Country: "FR", JournalBytes: 64 << 20, RedisTimeout: time.Second, PublishTimeout: 10 * time.Second,
		ReplayEvery: time.Second,
	}
	c.HTTP.Addr = "127.0.0.1:8085"
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
	if c.Journal == "" || c.JournalBytes < 4096 {
		problems = append(problems, errors.New("journal: want a file, of at least 4096 bytes"))
	}
	if c.RedisTimeout <= 0 || c.PublishTimeout <= 0 || c.ReplayEvery <= 0 {
		problems = append(problems, errors.New("redis_timeout, publish_timeout and replay_every: must be above 0"))
	}
	if c.HTTP.WriteTimeout < c.PublishTimeout+c.RedisTimeout {
		problems = append(problems, errors.New("http.write_timeout: want at least publish_timeout and redis_timeout, or late answers are cut"))
	}
	return errors.Join(problems...)
}
