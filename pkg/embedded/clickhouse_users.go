package embedded

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"rcu/pkg/wholefile"
)

// loadPasswords reads the passwords of the users, or makes them on the first start.
func loadPasswords(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // in our own folder
	if err == nil {
		passwords := map[string]string{}
		if err := json.Unmarshal(raw, &passwords); err != nil {
			return nil, fmt.Errorf("reading the passwords of clickhouse in %s: %w", path, err)
		}
		for _, user := range []string{UserAdmin, UserAnalyst, UserPrivacy} {
			if passwords[user] == "" {
				return nil, fmt.Errorf("reading the passwords of clickhouse in %s: user %s has none", path, user)
			}
		}
		return passwords, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the passwords of clickhouse: %w", err)
	}
	passwords := map[string]string{UserAdmin: rand.Text(), UserAnalyst: rand.Text(), UserPrivacy: rand.Text()}
	raw, err = json.Marshal(passwords)
	if err != nil {
		return nil, fmt.Errorf("writing the passwords of clickhouse: %w", err)
	}
	if err := wholefile.Write(path, raw); err != nil {
		return nil, fmt.Errorf("writing the passwords of clickhouse: %w", err)
	}
	return passwords, nil
}

// Access is what a user may do, as data.
type Access struct {
	User     string            // ignored: the field of the configuration says whose it is
	Grants   []string          // whole GRANT statements without the grantee: `GRANT SELECT ON rcu.customer_360`
	Settings map[string]string // the user's settings profile
	Fixed    []string          // settings that the user cannot change
	AtMost   map[string]string // the largest value that the user can give a setting
}

// reader is the settings profile of a person whose access names none: it bounds what a query may cost. readonly=2 lets
// a client say how it reads, never change anything.
func reader() Access {
	return Access{
		Settings: map[string]string{"readonly": "2", "max_execution_time": "120", "max_memory_usage": "2147483648"},
		Fixed:    []string{"readonly"},
		AtMost:   map[string]string{"max_execution_time": "600", "max_memory_usage": "2147483648"},
	}
}

// ownQueries is how many statements the engine runs as its own user: those of engineArgs.
const ownQueries = 2

// writeUsers writes the engine's settings and users. The engine logs itself in as `default` without a password, from
// an address that a client on this machine has too. Therefore that user's quota holds the engine's own statements
// and none more: whoever comes after them is refused.
func writeUsers(path, data string, passwords map[string]string, cfg ClickHouseConfig) error {
	root := node("clickhouse",
		node("logger", text("level", "none")),
		text("timezone", "UTC"),
		text("tmp_path", filepath.Join(data, "tmp")+"/"),
		text("user_files_path", filepath.Join(data, "user_files")+"/"),
		text("format_schema_path", filepath.Join(data, "format_schemas")+"/"),
		text("max_server_memory_usage_to_ram_ratio", "0.6"),
		text("mark_cache_size", "268435456"),
		node("user_directories", node("users_xml", text("path", path))),
		node("profiles", profile("default", Access{}), profile(UserAnalyst, cfg.Analyst.orReader()), profile(UserPrivacy, cfg.Privacy.orReader())),
		node("quotas", text("default", ""), node("engine", node("interval",
			text("duration", strconv.Itoa(math.MaxInt32)), text("queries", strconv.Itoa(ownQueries))))),
		node("users",
			user("default", text("password", ""), "default", "engine", []string{"GRANT SYSTEM LISTEN ON *.*", "GRANT SELECT ON system.one"}),
			person(UserAdmin, passwords, "default", []string{"GRANT ALL ON *.*"}),
			person(UserAnalyst, passwords, UserAnalyst, cfg.Analyst.Grants),
			person(UserPrivacy, passwords, UserPrivacy, cfg.Privacy.Grants)),
	)
	raw, err := xml.MarshalIndent(root, "", " ")
	if err != nil {
		return fmt.Errorf("writing the settings of clickhouse: %w", err)
	}
	if err := wholefile.Write(path, raw); err != nil {
		return fmt.Errorf("writing the settings of clickhouse: %w", err)
	}
	return nil
}

func (a Access) orReader() Access {
	if len(a.Settings) == 0 {
		return reader()
	}
	return a
}

// profile writes a settings profile. Asynchronous inserts are off everywhere: this engine would take them and not
// gather them, a server gathers them, and both must behave alike.
func profile(name string, a Access) element {
	settings := map[string]string{"async_insert": "0", "cancel_http_readonly_queries_on_client_close": "1", "log_queries": "0"}
	maps.Copy(settings, a.Settings)
	p := node(name)
	for _, s := range slices.Sorted(maps.Keys(settings)) {
		p.Children = append(p.Children, text(s, settings[s]))
	}
	limits := map[string]element{}
	for s, most := range a.AtMost {
		limits[s] = node(s, text("max", most))
	}
	for _, s := range a.Fixed {
		limits[s] = node(s, text("const", ""))
	}
	c := node("constraints")
	for _, s := range slices.Sorted(maps.Keys(limits)) {
		c.Children = append(c.Children, limits[s])
	}
	if len(c.Children) > 0 {
		p.Children = append(p.Children, c)
	}
	return p
}

// person may connect from this machine alone, with a password. Without any grant one harmless grant stands, since a user
// without a list could do everything.
func person(name string, passwords map[string]string, profile string, grants []string) element {
	sum := sha256.Sum256([]byte(passwords[name]))
	if len(grants) == 0 {
		grants = []string{"GRANT SELECT ON system.one"}
	}
	return user(name, text("password_sha256_hex", hex.EncodeToString(sum[:])), profile, "default", grants)
}

func user(name string, password element, profile, quota string, grants []string) element {
	list := node("grants")
	for _, g := range grants {
		list.Children = append(list.Children, text("query", g))
	}
	return node(name, password, node("networks", text("ip", "127.0.0.1"), text("ip", "::1")),
		text("profile", profile), text("quota", quota), list)
}

// element is one element of the engine's configuration.
type element struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []element
}

func node(name string, children ...element) element {
	return element{XMLName: xml.Name{Local: name}, Children: children}
}

func text(name, value string) element {
	return element{XMLName: xml.Name{Local: name}, Text: value}
}

// Passwords reads the passwords that StartClickHouse made in its folder, for programs that log in to the engine that
// another one started. Without an engine's folder the error wraps fs.ErrNotExist.
func Passwords(dir string) (map[string]string, error) {
	path := filepath.Join(dir, "passwords.json")
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("looking for the passwords of clickhouse: %w", err)
	}
	return loadPasswords(path)
}
