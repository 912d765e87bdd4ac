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
	"math"
	"os"
	"path/filepath"
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
	if err := writeWhole(path, raw); err != nil {
		return nil, fmt.Errorf("writing the passwords of clickhouse: %w", err)
	}
	return passwords, nil
}

// writeWhole writes a file that only its owner reads, whole or not at all.
func writeWhole(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err //nolint:wrapcheck // the caller names the file
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(content)
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err //nolint:wrapcheck // the caller names the file
	}
	return os.Rename(tmp.Name(), path) //nolint:wrapcheck // the caller names the file
}

type xmlConfig struct {
	XMLName     xml.Name      `xml:"clickhouse"`
	LogLevel    string        `xml:"logger>level"`
	LogConsole  bool          `xml:"logger>console"`
	Timezone    string        `xml:"timezone"`
	TmpPath     string        `xml:"tmp_path"`
	UserFiles   string        `xml:"user_files_path"`
	FormatPath  string        `xml:"format_schema_path"`
	UsersFile   string        `xml:"user_directories>users_xml>path"`
	MemoryRatio string        `xml:"max_server_memory_usage_to_ram_ratio"`
	MarkCache   int64         `xml:"mark_cache_size"`
	Profiles    xmlProfiles   `xml:"profiles"`
	Quotas      xmlQuotas     `xml:"quotas"`
	Users       xmlUsersBlock `xml:"users"`
}

type xmlProfiles struct {
	Default xmlProfile `xml:"default"`
	Reader  xmlReader  `xml:"reader"`
}

type xmlProfile struct {
	AsyncInsert   int `xml:"async_insert"`
	CancelOnClose int `xml:"cancel_http_readonly_queries_on_client_close"`
	LogQueries    int `xml:"log_queries"`
}

// xmlReader bounds what a person's query may cost. readonly=2 lets a client set how it reads, never what it may
// change.
type xmlReader struct {
	xmlProfile
	ReadOnly         int    `xml:"readonly"`
	AllowDDL         int    `xml:"allow_ddl"`
	MaxExecutionTime int    `xml:"max_execution_time"`
	MaxMemoryUsage   int64  `xml:"max_memory_usage"`
	FixReadOnly      string `xml:"constraints>readonly>readonly"`
	MaxTime          int    `xml:"constraints>max_execution_time>max"`
	MaxMemory        int64  `xml:"constraints>max_memory_usage>max"`
}

type xmlQuotas struct {
	Default string   `xml:"default"`
	Engine  xmlQuota `xml:"engine"`
}

type xmlQuota struct {
	Seconds int `xml:"interval>duration"`
	Queries int `xml:"interval>queries"`
}

type xmlUsersBlock struct {
	Default xmlUser `xml:"default"`
	Admin   xmlUser `xml:"rcu"`
	Analyst xmlUser `xml:"analyst"`
	Privacy xmlUser `xml:"privacy"`
}

type xmlUser struct {
	Empty    *string  `xml:"password,omitempty"`
	Password string   `xml:"password_sha256_hex,omitempty"`
	Networks []string `xml:"networks>ip"`
	Profile  string   `xml:"profile"`
	Quota    string   `xml:"quota"`
	Grants   []string `xml:"grants>query"`
}

// ownQueries is how many statements the engine runs as its own user: those of engineArgs.
const ownQueries = 2

// writeUsers writes the engine's settings and users. The engine logs itself in as `default` without a password, from
// an address that a client on this machine has too. Therefore that user's quota holds the engine's own statements
// and none more: whoever comes after them is refused.
func writeUsers(path, data string, passwords map[string]string, cfg ClickHouseConfig) error {
	none := ""
	common := xmlProfile{CancelOnClose: 1}
	const limit = 2 << 30
	conf := xmlConfig{
		LogLevel: "none", Timezone: "UTC", UsersFile: path, MemoryRatio: "0.6", MarkCache: 256 << 20,
		TmpPath: filepath.Join(data, "tmp") + "/", UserFiles: filepath.Join(data, "user_files") + "/", FormatPath: filepath.Join(data, "format_schemas") + "/",
		Profiles: xmlProfiles{Default: common, Reader: xmlReader{
			xmlProfile: common, ReadOnly: 2, MaxExecutionTime: 120, MaxMemoryUsage: limit, MaxTime: 600, MaxMemory: limit,
		}},
		Quotas: xmlQuotas{Engine: xmlQuota{Seconds: math.MaxInt32, Queries: ownQueries}},
		Users: xmlUsersBlock{
			Default: xmlUser{
				Empty: &none, Networks: []string{"127.0.0.1"}, Profile: "default", Quota: "engine",
				Grants: []string{"GRANT SYSTEM LISTEN ON *.*", "GRANT SELECT ON system.one"},
			},
			Admin:   loginUser(passwords[UserAdmin], "default", []string{"GRANT ALL ON *.*"}),
			Analyst: loginUser(passwords[UserAnalyst], "reader", cfg.AnalystGrants),
			Privacy: loginUser(passwords[UserPrivacy], "reader", cfg.PrivacyGrants),
		},
	}
	raw, err := xml.MarshalIndent(conf, "", " ")
	if err != nil {
		return fmt.Errorf("writing the settings of clickhouse: %w", err)
	}
	if err := writeWhole(path, raw); err != nil {
		return fmt.Errorf("writing the settings of clickhouse: %w", err)
	}
	return nil
}

// loginUser may connect from this machine alone. A user without grants keeps one harmless one, since without any
// list the engine would let the user do everything.
func loginUser(password, profile string, grants []string) xmlUser {
	sum := sha256.Sum256([]byte(password))
	if len(grants) == 0 {
		grants = []string{"GRANT SELECT ON system.one"}
	}
	return xmlUser{
		Password: hex.EncodeToString(sum[:]), Networks: []string{"127.0.0.1", "::1"},
		Profile: profile, Quota: "default", Grants: grants,
	}
}
