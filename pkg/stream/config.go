package stream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"rcu/pkg/tlsfile"
)

// Config says how to reach a Kafka cluster and how its topics are laid out.
type Config struct {
	// Brokers are host:port addresses to start from; at least one.
	Brokers []string `yaml:"brokers"`
	// ClientID is what the brokers see in their logs. Default: rcu.
	ClientID string `yaml:"client_id"`
	// TLS of the connections to the brokers.
	TLS TLS `yaml:"tls"`
	// SASL names the credentials, if the brokers ask for any.
	SASL SASL `yaml:"sasl"`
	// Partitions of every partitioned topic. Default: 8.
	Partitions int `yaml:"partitions"`
	// Replication factor of the topics. Default: 1.
	Replication int `yaml:"replication"`
	// DialTimeout bounds connecting, TLS and authentication. Default: 5s.
	DialTimeout time.Duration `yaml:"dial_timeout"`
	// RequestTimeout bounds one request to a broker. Default: 10s.
	RequestTimeout time.Duration `yaml:"request_timeout"`
	// SessionTimeout is after how long a group goes on without a silent member,
	// for consumers that say nothing else. Default: 10s.
	SessionTimeout time.Duration `yaml:"session_timeout"`
}

// TLS of the connections to the brokers.
type TLS struct {
	// Enabled turns TLS on.
	Enabled bool `yaml:"enabled"`
	// CAFile holds the certificates to trust. Default: those of the system.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile are the client's own certificate (mutual TLS).
	CertFile string `yaml:"cert_file"`
	// KeyFile belongs to CertFile.
	KeyFile string `yaml:"key_file"`
	// ServerName overrides the name that the broker's certificate must carry.
	ServerName string `yaml:"server_name"`
}

// SASL are the credentials of a client.
type SASL struct {
	// Mechanism is empty, plain, scram-sha-256 or scram-sha-512.
	Mechanism string `yaml:"mechanism"`
	// Username of the client.
	Username string `yaml:"username"`
	// Password of the client; PasswordFile keeps it out of the configuration.
	Password string `yaml:"password" json:"-"`
	// PasswordFile holds the password; a trailing line end is cut off.
	PasswordFile string `yaml:"password_file"`
}

// DefaultConfig is a single broker on the embedded server's port.
func DefaultConfig() Config {
	return Config{
		Brokers:        []string{"127.0.0.1:19092"},
		ClientID:       "rcu",
		Partitions:     8,
		Replication:    1,
		DialTimeout:    5 * time.Second,
		RequestTimeout: 10 * time.Second,
		SessionTimeout: 10 * time.Second,
	}
}

// withDefaults fills what is zero.
func (c Config) withDefaults() Config {
	d := DefaultConfig()
	if c.ClientID == "" {
		c.ClientID = d.ClientID
	}
	if c.Partitions == 0 {
		c.Partitions = d.Partitions
	}
	if c.Replication == 0 {
		c.Replication = d.Replication
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = d.DialTimeout
	}
	if c.RequestTimeout == 0 {
		c.RequestTimeout = d.RequestTimeout
	}
	if c.SessionTimeout == 0 {
		c.SessionTimeout = d.SessionTimeout
	}
	return c
}

// Validate returns every problem, joined.
func (c Config) Validate() error {
	var errs []error
	bad := func(path, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
	}
	if len(c.Brokers) == 0 {
		bad("brokers", "is required")
	}
	for i, b := range c.Brokers {
		if _, port, err := net.SplitHostPort(b); err != nil || port == "" {
			bad(fmt.Sprintf("brokers[%d]", i), "must be host:port, got %q", b)
		}
	}
	if c.Partitions < 0 || c.Partitions > 4096 {
		bad("partitions", "must be between 1 and 4096, got %d", c.Partitions)
	}
	if c.Replication < 0 || c.Replication > 32 {
		bad("replication", "must be between 1 and 32, got %d", c.Replication)
	}
	for _, x := range []struct {
		path string
		d    time.Duration
	}{{"dial_timeout", c.DialTimeout}, {"request_timeout", c.RequestTimeout}, {"session_timeout", c.SessionTimeout}} {
		if x.d < 0 {
			bad(x.path, "must not be negative")
		}
	}
	c.TLS.validate(bad)
	c.SASL.validate(bad)
	return errors.Join(errs...)
}

func (t TLS) validate(bad func(path, format string, args ...any)) {
	if (t.CertFile == "") != (t.KeyFile == "") {
		bad("tls", "cert_file and key_file go together")
	}
	if !t.Enabled && (t.CAFile != "" || t.CertFile != "") {
		bad("tls.enabled", "must be true when certificates are named")
	}
}

func (s SASL) validate(bad func(path, format string, args ...any)) {
	switch strings.ToLower(s.Mechanism) {
	case "":
		if s.Username != "" || s.Password != "" || s.PasswordFile != "" {
			bad("sasl.mechanism", "is required with a user name or password")
		}
		return
	case "plain", "scram-sha-256", "scram-sha-512":
	default:
		bad("sasl.mechanism", "must be plain, scram-sha-256 or scram-sha-512, got %q", s.Mechanism)
	}
	if s.Username == "" {
		bad("sasl.username", "is required")
	}
	if (s.Password == "") == (s.PasswordFile == "") {
		bad("sasl.password", "exactly one of password and password_file is required")
	}
}

// config builds the TLS settings; nil when TLS is off.
func (t TLS) config() (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	out, err := t.files().Config()
	if err != nil {
		return nil, fmt.Errorf("preparing tls: %w", err)
	}
	return out, nil
}

func (t TLS) files() tlsfile.Files {
	return tlsfile.Files{CA: t.CAFile, Cert: t.CertFile, Key: t.KeyFile, ServerName: t.ServerName}
}

// CheckFiles opens the files that the configuration names, and returns every problem, joined.
func (c Config) CheckFiles() error {
	var errs []error
	problems := c.TLS.files().Problems(func(field string) string { return "tls." + field })
	for _, path := range slices.Sorted(maps.Keys(problems)) {
		errs = append(errs, fmt.Errorf("%s: %w", path, problems[path]))
	}
	if c.SASL.PasswordFile != "" {
		if _, err := c.SASL.mechanism(); err != nil {
			errs = append(errs, fmt.Errorf("sasl.password_file: %w", err))
		}
	}
	return errors.Join(errs...)
}

// String shows how the client logs in, without its password.
func (s SASL) String() string {
	return fmt.Sprintf("{%s as %s}", s.Mechanism, s.Username)
}

// GoString is String: no verb prints the password.
func (s SASL) GoString() string { return s.String() }

// mechanism builds the SASL exchange; nil when there is none.
func (s SASL) mechanism() (sasl.Mechanism, error) {
	password := s.Password
	if s.PasswordFile != "" {
		raw, err := os.ReadFile(s.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("reading the password: %w", err)
		}
		password = strings.TrimRight(string(raw), "\r\n")
	}
	switch strings.ToLower(s.Mechanism) {
	case "plain":
		return plain.Mechanism{Username: s.Username, Password: password}, nil
	case "scram-sha-256":
		return scram.Mechanism(scram.SHA256, s.Username, password)
	case "scram-sha-512":
		return scram.Mechanism(scram.SHA512, s.Username, password)
	}
	return nil, nil
}
