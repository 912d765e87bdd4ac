package ingest

import (
	"errors"
	"fmt"
	"time"

	"rcu/pkg/event"
	"rcu/pkg/httpserver"
	"rcu/pkg/tcf"
)

// Config bounds one ingestor.
type Config struct {
	HTTP            httpserver.Config
	MaxEventBytes   int
	MaxRequestBytes int64         // decompressed
	MaxEvents       int           // a request
	MaxInFlight     int           // requests at work; one source gets at most three quarters
	MaxBytes        int64         // of the bodies of requests at work, decompressed
	MaxWaiting      int           // requests waiting for one of them to end
	MaxWait         time.Duration // then 429
	ConsentTimeout  time.Duration // of one read or write of registers
	ConsentRest     time.Duration // after a failure of Redis it is not asked for so long
	PublishTimeout  time.Duration // until the brokers acknowledged, then 503
	KafkaRest       time.Duration // after that, 503 at once, but for one request each so long
	DeadTimeout     time.Duration // of a dead letter, which is best effort
	SourcesEvery    time.Duration // how often the sources file is looked at
	HistoryInFlight int           // requests of the history lane at work, over all sources
	HistoryWaiting  int64         // records of the history lane that are not resolved yet; more: 429
	HistoryConsents int64         // decisions that are not resolved yet; more: 429 in the history lane
	TCF             tcf.Mapping   // what consent strings mean
}

// Ports of the ingestors, by channel.
var Ports = map[string]int{"store": 8081, "web": 8082, "mobile": 8083, "callcentre": 8084}

// Default returns the documented limits, on the channel's own port of the loopback interface.
func Default(channel string) Config {
	h := httpserver.Default()
	if port, ok := Ports[channel]; ok {
		h.Addr = fmt.Sprintf("127.0.0.1:%d", port)
	}
	return Config{
		HTTP:            h,
		MaxEventBytes:   event.MaxBytes,
		MaxRequestBytes: 1 << 20,
		MaxEvents:       1000,
		MaxInFlight:     64,
		MaxBytes:        32 << 20,
		MaxWaiting:      256,
		MaxWait:         time.Second,
		ConsentTimeout:  250 * time.Millisecond,
		ConsentRest:     time.Second,
		PublishTimeout:  20 * time.Second,
		KafkaRest:       time.Second,
		DeadTimeout:     2 * time.Second,
		SourcesEvery:    2 * time.Second,
		HistoryInFlight: 2,
		HistoryWaiting:  500_000,
		HistoryConsents: 20_000,
		TCF:             tcf.Default(),
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	if err := c.HTTP.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("http: %w", err))
	}
	if err := c.TCF.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("tcf: %w", err))
	}
	within := func(name string, value, least, most int64) {
		if value < least || value > most {
			problems = append(problems, fmt.Errorf("%s: want %d to %d", name, least, most))
		}
	}
	within("max_event_bytes", int64(c.MaxEventBytes), 256, event.MaxBytes)
	within("max_request_bytes", c.MaxRequestBytes, int64(c.MaxEventBytes), 64<<20)
	within("max_events", int64(c.MaxEvents), 1, 10_000)
	within("max_in_flight", int64(c.MaxInFlight), 1, 4096)
	within("max_bytes", c.MaxBytes, c.MaxRequestBytes, 16<<30)
	within("max_waiting", int64(c.MaxWaiting), 0, 65536)
	within("history_in_flight", int64(c.HistoryInFlight), 1, 4096)
	within("history_waiting", c.HistoryWaiting, 1, 1_000_000_000)
	within("history_consents", c.HistoryConsents, 1, 1_000_000_000)
	for name, d := range map[string]time.Duration{
		"max_wait": c.MaxWait, "consent_timeout": c.ConsentTimeout, "consent_rest": c.ConsentRest,
		"publish_timeout": c.PublishTimeout, "kafka_rest": c.KafkaRest, "dead_timeout": c.DeadTimeout, "sources_every": c.SourcesEvery,
	} {
		if d <= 0 {
			problems = append(problems, fmt.Errorf("%s: want a duration above 0", name))
		}
	}
	if c.HTTP.WriteTimeout < c.PublishTimeout {
		problems = append(problems, errors.New("http.write_timeout: want at least publish_timeout, or late answers are cut"))
	}
	return errors.Join(problems...)
}
