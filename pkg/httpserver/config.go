package httpserver

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// Config bounds one HTTP server.
type Config struct {
	Addr              string        // host:port; port 0 takes a free one
	ReadHeaderTimeout time.Duration // until the headers are read
	ReadTimeout       time.Duration // until the body is read
	WriteTimeout      time.Duration // until the answer is written
	IdleTimeout       time.Duration // of a kept connection
	MaxHeaderBytes    int
	MaxConnections    int           // further ones wait in the listener's backlog
	StopTimeout       time.Duration // for requests under way
}

// Default returns limits for a public endpoint; Addr is a free port of the loopback interface.
func Default() Config {
	return Config{
		Addr:              "127.0.0.1:0",
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      45 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    16 << 10,
		MaxConnections:    4096,
		StopTimeout:       15 * time.Second,
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		problems = append(problems, errors.New("addr: want host:port"))
	}
	for _, d := range []struct {
		name  string
		value time.Duration
		least time.Duration
	}{
		{"read_header_timeout", c.ReadHeaderTimeout, 1},
		{"read_timeout", c.ReadTimeout, 1},
		{"write_timeout", c.WriteTimeout, 1},
		{"idle_timeout", c.IdleTimeout, 1},
		{"stop_timeout", c.StopTimeout, 1},
	} {
		if d.value < d.least {
			problems = append(problems, fmt.Errorf("%s: want a duration of at least %s", d.name, d.least))
		}
	}
	if c.MaxHeaderBytes < 1<<10 || c.MaxHeaderBytes > 1<<20 {
		problems = append(problems, errors.New("max_header_bytes: want 1024 to 1048576"))
	}
	if c.MaxConnections < 1 {
		problems = append(problems, errors.New("max_connections: want at least 1"))
	}
	return errors.Join(problems...)
}
