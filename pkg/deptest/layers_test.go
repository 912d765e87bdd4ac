package deptest_test

import (
	"slices"
	"strings"
	"testing"
)

// domain packages are pure: no I/O, clock, random or logger. Sub-packages of resolve are adapters and suites.
var domain = []string{
	"rcu/pkg/identifier", "rcu/pkg/event", "rcu/pkg/identity", "rcu/pkg/profile", "rcu/pkg/consent", "rcu/pkg/resolve",
	"rcu/pkg/match",
	"rcu/pkg/event/registry", "rcu/pkg/consent/ledger", "rcu/pkg/internal/pack", "rcu/pkg/tcf", "rcu/pkg/contact",
}

// exempt names the imports that break a rule for a reason.
var exempt = map[[2]string]string{
	{"rcu/pkg/identifier", "log/slog"}: "a value redacts itself from slog too",
}

// adapters hold one technology each.
var adapters = []string{"rcu/pkg/stream", "rcu/pkg/warehouse", "rcu/pkg/vault", "rcu/pkg/resolve/stateredis", "rcu/pkg/resolve/statemem"}

// chassis knows nothing of the domain.
var chassis = []string{"rcu/pkg/config", "rcu/pkg/telemetry", "rcu/pkg/lifecycle", "rcu/pkg/httpserver", "rcu/pkg/auth"}

// impure are standard packages that a domain package must not see.
var impure = []string{
	"os", "os/exec", "os/signal", "io/ioutil", "net", "net/http", "net/rpc", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand",
	"database/sql", "syscall", "unsafe", "testing", "embed", "plugin",
}

// pureLibraries are the foreign modules that a domain package may use: computation alone.
var pureLibraries = []string{
	"google.golang.org/protobuf", "github.com/nyaruka/phonenumbers", "golang.org/x/net/idna", "golang.org/x/net/publicsuffix", "golang.org/x/text",
	"github.com/santhosh-tekuri/jsonschema/v6", "github.com/valyala/fastjson", "github.com/cespare/xxhash/v2", "go.yaml.in/yaml",
}

// owners says which packages may use a client library.
var owners = map[string][]string{
	"github.com/segmentio/kafka-go":          {"rcu/pkg/stream"},
	"github.com/redis/go-redis":              {"rcu/pkg/resolve/stateredis", "rcu/pkg/testkit", "rcu/services/internal/doctor"},
	"github.com/ClickHouse":                  {"rcu/pkg/warehouse"},
	"github.com/pressly/goose":               {"rcu/pkg/warehouse"},
	"github.com/tink-crypto/tink-go":         {"rcu/pkg/vault"},
	"github.com/twmb/franz-go":               {"rcu/pkg/embedded"},
	"github.com/ebitengine/purego":           {"rcu/pkg/embedded"},
	"github.com/alecthomas/kong":             {"rcu/services/rcu", "rcu/services/e2e"},
	"github.com/prometheus/client_golang":    nil, // anywhere but in the domain
	"go.uber.org/zap":                        nil,
	"go.yaml.in/yaml":                        {"rcu/pkg/yamlfile", "rcu/pkg/config", "rcu/pkg/event/registry", "rcu/pkg/auth"},
	"github.com/testcontainers":              {"rcu/services/e2e"},
	"github.com/santhosh-tekuri/jsonschema/": {"rcu/pkg/event"},
}

// programs are the services; they never import each other.
var programs = []string{
	"rcu/services/ingest", "rcu/services/resolver", "rcu/services/sink", "rcu/services/profileapi", "rcu/services/contacts", "rcu/services/steward", "rcu/services/matcher",
	"rcu/services/consentapi", "rcu/services/privacy",
}

// helpers are imported by tests, and by each other.
var helpers = []string{"rcu/pkg/testkit", "rcu/services/internal/contract"}

// under reports whether a package is one of the list or lies below one.
func under(path string, list ...string) bool {
	return slices.ContainsFunc(list, func(p string) bool { return path == p || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") })
}

// forbidden says why a package may not import another; empty: it may.
func forbidden(from, to string) string {
	switch {
	case exempt[[2]string{from, to}] != "":
		return ""
	case slices.Contains(domain, from):
		return forbiddenInDomain(to)
	case under(from, "rcu/schemas") && !standard(to) && !under(to, "google.golang.org/protobuf", "rcu/schemas"):
		return "schemas depend on protobuf alone"
	case under(from, "rcu/pkg") && under(to, "rcu/services"):
		return "pkg never imports services"
	case under(from, chassis...) && under(to, slices.Concat(domain, adapters)...):
		return "the chassis knows neither domain nor adapters"
	case under(from, adapters...) && under(to, slices.Concat(chassis, []string{"rcu/pkg/embedded", "rcu/pkg/testkit"})...):
		return "an adapter is handed what the chassis makes"
	case under(from, "rcu/pkg/embedded") && under(to, "rcu/pkg") && !under(to, "rcu/pkg/telemetry", "rcu/pkg/embedded", "rcu/pkg/wholefile"):
		return "embedded servers know nothing of what is stored in them"
	case under(from, "rcu/services") && under(to, helpers...) && !under(from, "rcu/services/e2e") && !under(from, helpers...):
		return "helpers of tests are for tests"
	}
	for _, p := range programs {
		if under(from, p) && under(to, programs...) && !under(to, p) {
			return "services never import each other"
		}
	}
	for library, who := range owners {
		if strings.HasPrefix(to, library) && who != nil && !under(from, who...) {
			return "this library belongs to " + strings.Join(who, ", ")
		}
	}
	return ""
}

func forbiddenInDomain(to string) string {
	switch {
	case slices.Contains(domain, to), under(to, "rcu/schemas"), under(to, pureLibraries...):
		return ""
	case slices.Contains(impure, to):
		return "a domain package has no I/O, clock, random or logger"
	case standard(to):
		return ""
	default:
		return "a domain package imports domain packages and pure libraries alone"
	}
}

// standard reports whether a path is of the standard library: its first part has no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "rcu"
}

func TestLayers(t *testing.T) {
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		for _, to := range f.imports {
			if why := forbidden(f.pkg, to); why != "" {
				t.Errorf("%s imports %s: %s", f.path, to, why)
			}
		}
	}
}

func TestLayerRules(t *testing.T) {
	tests := []struct {
		from, to string
		allowed  bool
	}{
		{"rcu/pkg/identity", "rcu/pkg/identifier", true},
		{"rcu/pkg/identity", "math", true},
		{"rcu/pkg/identity", "os", false},
		{"rcu/pkg/identity", "go.uber.org/zap", false},
		{"rcu/pkg/resolve", "rcu/pkg/resolve/statemem", false},
		{"rcu/pkg/resolve/stateredis", "github.com/redis/go-redis/v9", true},
		{"rcu/pkg/stream", "github.com/redis/go-redis/v9", false},
		{"rcu/pkg/stream", "rcu/pkg/config", false},
		{"rcu/pkg/config", "rcu/pkg/event", false},
		{"rcu/pkg/auth", "rcu/services/ingest", false},
		{"rcu/services/sink", "rcu/services/resolver", false},
		{"rcu/services/ingest/store", "rcu/services/ingest", true},
		{"rcu/services/rcu", "rcu/services/sink", true},
		{"rcu/services/sink", "github.com/segmentio/kafka-go", false},
		{"rcu/services/sink", "rcu/pkg/testkit", false},
		{"rcu/schemas/event", "google.golang.org/protobuf/proto", true},
		{"rcu/schemas", "rcu/pkg/event", false},
	}
	for _, tt := range tests {
		if got := forbidden(tt.from, tt.to) == ""; got != tt.allowed {
			t.Errorf("%s imports %s: allowed %v, want %v", tt.from, tt.to, got, tt.allowed)
		}
	}
}
