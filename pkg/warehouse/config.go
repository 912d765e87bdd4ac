package warehouse

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Role says what a connection pool is for: how large it is, and how long it waits.
type Role string

// Roles of a connection pool.
const (
	// RoleInsert is for the sink and for migrations.
	RoleInsert Role = "insert"
	// RoleQuery is for readers: read-only, without a deadline of its own beyond MaxExecution.
	RoleQuery Role = "query"
)

// Config says where ClickHouse is and as whom to speak to it.
type Config struct {
	// Addrs are host:port of the HTTP interface; the first that answers is used.
	Addrs []string
	// User and Password to log in with.
	User string
	// Password of User; may be empty.
	Password string //nolint:gosec // redacted where it is printed
	// Database that holds RCU's tables.
	Database string
	// TLS speaks HTTPS and checks the server's certificate.
	TLS bool
	// Role of the pool; empty means RoleInsert.
	Role Role
	// MaxConns bounds the connections; 0 means 8 for inserts and 16 for queries.
	MaxConns int
}

// Default is the embedded engine of one machine.
func Default() Config {
	return Config{Addrs: []string{"127.0.0.1:18123"}, User: "rcu", Database: "rcu"}
}

// ParseURL reads http://user:password@host:port/database; https speaks TLS.
func ParseURL(address string) (Config, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return Config{}, errors.New("reading the address of clickhouse: must be http://user:password@host:port/database, or https://")
	}
	cfg := Default()
	cfg.Addrs, cfg.TLS = []string{u.Host}, u.Scheme == "https"
	if name := u.User.Username(); name != "" {
		cfg.User = name
	}
	cfg.Password, _ = u.User.Password()
	if db := strings.Trim(u.Path, "/"); db != "" {
		cfg.Database = db
	}
	if err := cfg.Validate(); err != nil {
		return Config{}, fmt.Errorf("reading the address of clickhouse: %w", err)
	}
	return cfg, nil
}

var databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// Validate gives all problems of the configuration at once, each with the path of its field.
func (c Config) Validate() error {
	var errs []error
	if len(c.Addrs) == 0 {
		errs = append(errs, errors.New("addrs: is required"))
	}
	for i, a := range c.Addrs {
		if _, _, err := net.SplitHostPort(a); err != nil {
			errs = append(errs, fmt.Errorf("addrs[%d]: must be host:port", i))
		}
	}
	if c.User == "" {
		errs = append(errs, errors.New("user: is required"))
	}
	if !databaseName.MatchString(c.Database) {
		errs = append(errs, errors.New("database: must be letters, digits and _, not starting with a digit"))
	}
	switch c.Role {
	case "", RoleInsert, RoleQuery:
	default:
		errs = append(errs, fmt.Errorf("role: must be %s or %s", RoleInsert, RoleQuery))
	}
	if c.MaxConns < 0 || c.MaxConns > 1024 {
		errs = append(errs, errors.New("max_conns: must be 0 to 1024"))
	}
	return errors.Join(errs...)
}

// options translates the configuration. An acquire of a connection waits as long as a dial may last, so the pool has to be as
// large as the number of workers.
func (c Config) options() *clickhouse.Options {
	o := &clickhouse.Options{
		Protocol:         clickhouse.HTTP,
		Addr:             c.Addrs,
		Auth:             clickhouse.Auth{Database: c.Database, Username: c.User, Password: c.Password},
		ConnOpenStrategy: clickhouse.ConnOpenInOrder,
		ConnMaxLifetime:  10 * time.Minute,
		DialTimeout:      3 * time.Second,
		ReadTimeout:      time.Minute,
		MaxOpenConns:     8,
		// Servers buffer inserts by default and the embedded engine never does: both must act alike.
		Settings: clickhouse.Settings{"async_insert": 0},
	}
	if c.Role == RoleQuery {
		o.MaxOpenConns, o.ReadTimeout, o.Settings = 16, 5*time.Minute, clickhouse.Settings{}
	}
	if c.MaxConns > 0 {
		o.MaxOpenConns = c.MaxConns
	}
	o.MaxIdleConns = o.MaxOpenConns
	if c.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return o
}
