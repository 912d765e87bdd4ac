package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"time"

	"rcu/pkg/config"
	"rcu/pkg/contact"
	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/tcf"
	"rcu/pkg/tlsfile"
	"rcu/pkg/warehouse"
	"rcu/services/contacts"
	"rcu/services/ingest"
	"rcu/services/matcher"
	"rcu/services/privacy"
	"rcu/services/sink"
)

// settings is the configuration of the program: `rcu.yaml`, RCU_..., --set.
type settings struct {
	Log struct {
		Level string `yaml:"level"`
	} `yaml:"log"`
	// Listen is the address on which the services listen, each on its own port.
	Listen string `yaml:"listen"`
	// Ports of services that listen on another than their standard port, by name ("ingest-store"); 0 = a free one.
	Ports map[string]int `yaml:"ports"`
	// Admin is the host and port of /metrics, /healthz and /readyz.
	Admin string `yaml:"admin"`
	// ShutdownDelay is how long a service that runs alone says "not ready" before it takes no more requests.
	ShutdownDelay time.Duration `yaml:"shutdown_delay"`
	// Country is that of national phone numbers where a request names none, ISO 3166-1 alpha-2. Events have that of their source.
	Country string `yaml:"country"`
	// Keys is the key file; Sources and Readers are the lists of who sends and who reads. Empty: in the data folder.
	Keys       string             `yaml:"keys"`
	Sources    string             `yaml:"sources"`
	Readers    string             `yaml:"readers"`
	Kafka      stream.Config      `yaml:"kafka"`
	Redis      redisSettings      `yaml:"redis"`
	ClickHouse clickHouseSettings `yaml:"clickhouse"`
	// Ingest bounds each ingestor.
	Ingest ingestSettings `yaml:"ingest"`
	// Identity is what the operator decides about who is one person.
	Identity identitySettings `yaml:"identity"`
	// Contacts is what the operator decides about contacting people.
	Contacts contactSettings `yaml:"contacts"`
	// Match is what the operator decides about suggestions of people who are probably one.
	Match matchSettings `yaml:"match"`
	// Sink is how ClickHouse is filled.
	Sink sinkSettings `yaml:"sink"`
	// Privacy is what the operator decides about erasures.
	Privacy privacySettings `yaml:"privacy"`
	// Embedded is for the servers that RCU starts itself.
	Embedded embeddedSettings `yaml:"embedded"`
}

// ingestSettings is how much an ingestor takes at once, beyond which it answers 429, and how long it waits for the brokers and for Redis.
type ingestSettings struct {
	MaxInFlight    int           `yaml:"max_in_flight"`   // requests at work
	MaxWaiting     int           `yaml:"max_waiting"`     // requests waiting for their turn
	MaxBytes       int64         `yaml:"max_bytes"`       // of the bodies of requests at work
	PublishTimeout time.Duration `yaml:"publish_timeout"` // until the brokers acknowledged, then 503
	ConsentTimeout time.Duration `yaml:"consent_timeout"` // of one read or write of consent registers, behind which Redis counts as away
	TCF            tcf.Mapping   `yaml:"tcf"`             // what consent strings of the IAB framework mean
}

// over gives the limits of an ingestor.
func (i ingestSettings) over(c ingest.Config) ingest.Config {
	c.MaxInFlight, c.MaxWaiting, c.MaxBytes = i.MaxInFlight, i.MaxWaiting, i.MaxBytes
	c.PublishTimeout, c.ConsentTimeout, c.TCF = i.PublishTimeout, i.ConsentTimeout, i.TCF
	return c
}

type identitySettings struct {
	// Rules is a file of identity rules, JSON or YAML, that hold in every space. Empty: those in force stay, at first the defaults.
	Rules string `yaml:"rules"`
}

type embeddedSettings struct {
	KafkaPort      int `yaml:"kafka_port"`
	RedisPort      int `yaml:"redis_port"`
	ClickHousePort int `yaml:"clickhouse_port"`
	// ClickHouseNice is by how much ClickHouse comes after all else for the processor, as nice(1) counts.
	ClickHouseNice int `yaml:"clickhouse_nice"`
}

type redisSettings struct {
	// Addrs is one server, or several nodes of a cluster; Cluster says that one address is that of a cluster, too.
	Addrs    []string      `yaml:"addrs"`
	Cluster  bool          `yaml:"cluster"`
	Username string        `yaml:"username"`
	Password config.Secret `yaml:"password"`
	TLS      bool          `yaml:"tls"`
	// What is trusted and shown with TLS; empty: the certificates of the system, none of our own, the name of the address.
	CAFile     string `yaml:"tls_ca_file"`
	CertFile   string `yaml:"tls_cert_file"`
	KeyFile    string `yaml:"tls_key_file"`
	ServerName string `yaml:"tls_server_name"`
}

// tls is the client's side of TLS; nil when it is off.
func (r redisSettings) tls() (*tls.Config, error) {
	if !r.TLS {
		return nil, nil
	}
	out, err := r.files().Config()
	if err != nil {
		return nil, fmt.Errorf("preparing redis.tls_%w", err)
	}
	return out, nil
}

func (r redisSettings) files() tlsfile.Files {
	return tlsfile.Files{CA: r.CAFile, Cert: r.CertFile, Key: r.KeyFile, ServerName: r.ServerName}
}

type clickHouseSettings struct {
	// URL is http://user:password@host:port/database; it may hold a password, so it is never printed.
	URL config.Secret `yaml:"url"`
}

// mostDelay bounds shutdown_delay: no load balancer looks less often.
const mostDelay = 10 * time.Minute

var country = regexp.MustCompile(`^[A-Z]{2}$`)

// defaultSettings are those of one machine whose servers RCU starts itself.
func defaultSettings() *settings {
	s := &settings{Listen: "127.0.0.1", Admin: "127.0.0.1:9464", Country: "FR", Kafka: stream.DefaultConfig()}
	s.Contacts.Place = contacts.Default().Place
	s.Log.Level = "info"
	s.Embedded = embeddedSettings{embedded.KafkaPort, embedded.RedisPort, embedded.ClickHousePort, embedded.ClickHouseNice}
	limits := ingest.Default("store") // the same for every channel
	s.Ingest = ingestSettings{limits.MaxInFlight, limits.MaxWaiting, limits.MaxBytes, limits.PublishTimeout, limits.ConsentTimeout, limits.TCF}
	suggestions := matcher.Default()
	s.Match.Suggest, s.Match.Rate = suggestions.Suggest, suggestions.Rate
	s.Sink.FlushEvery = sink.Default().FlushEvery
	erasures := privacy.Default()
	s.Privacy.Delay, s.Privacy.Every, s.Privacy.BytesDelay, s.Privacy.Again = erasures.Delay, erasures.Every, erasures.BytesDelay, erasures.Again
	s.Kafka.Brokers = nil // none given: embedded
	return s
}

// Validate tells all problems. Servers that are not given are started embedded, so none is required here.
func (s *settings) Validate() error {
	var p config.Problems
	switch s.Log.Level {
	case "debug", "info", "warn", "error":
	default:
		p.Add("log.level", "must be debug, info, warn or error")
	}
	p.Require(net.ParseIP(s.Listen) != nil, "listen", "must be an IP address without a port, such as 127.0.0.1 or 0.0.0.0")
	if _, _, err := net.SplitHostPort(s.Admin); err != nil {
		p.Add("admin", "must be host:port")
	}
	p.Require(s.ShutdownDelay >= 0 && s.ShutdownDelay <= mostDelay, "shutdown_delay", "must be from 0s to 10m")
	p.Require(country.MatchString(s.Country), "country", "must be two capital letters, such as FR")
	s.checkPorts(&p)
	s.Redis.check(&p)
	p.Require(s.Embedded.ClickHouseNice >= 0 && s.Embedded.ClickHouseNice <= 19, "embedded.clickhouse_nice", "must be from 0 (as all else) to 19")
	p.Under("ingest", s.Ingest.over(ingest.Default("store")).Validate())
	if s.Identity.Rules != "" {
		if _, err := readRules(s.Identity.Rules); err != nil {
			p.Under("identity.rules", err)
		}
	}
	if _, err := s.Contacts.rules(); err != nil {
		p.Under("contacts.rules", err)
	}
	if _, err := contact.ParsePlace(s.Contacts.Place); err != nil {
		p.Under("contacts.place", err)
	}
	if err := s.Match.check(); err != nil {
		p.Under("match", err)
	}
	p.Under("sink", s.Sink.over(sink.Default()).Validate())
	p.Under("privacy", s.Privacy.over(privacy.Default()).Validate())
	if len(s.Kafka.Brokers) > 0 {
		p.Under("kafka", s.Kafka.Validate())
	}
	if s.ClickHouse.URL != "" {
		if _, err := warehouse.ParseURL(s.ClickHouse.URL.Reveal()); err != nil {
			p.Under("clickhouse.url", err)
		}
	}
	return p.Err()
}

func (r *redisSettings) check(p *config.Problems) {
	for i, addr := range r.Addrs {
		_, port, err := net.SplitHostPort(addr)
		p.Require(err == nil && port != "", fmt.Sprintf("redis.addrs[%d]", i), "must be host:port")
	}
	p.Require(r.TLS || !r.files().Named(), "redis.tls", "must be true when redis.tls_... names what TLS needs")
	p.Require((r.CertFile == "") == (r.KeyFile == ""), "redis.tls_cert_file", "goes together with redis.tls_key_file")
}

func (s *settings) checkPorts(p *config.Problems) {
	for name, port := range s.Ports {
		p.Require(slices.ContainsFunc(components(), func(c component) bool { return c.name == name }), "ports."+name, "there is no such service")
		p.Require(port >= 0 && port <= 65535, "ports."+name, "must be from 0 (a free one) to 65535")
	}
	for name, port := range map[string]int{"kafka": s.Embedded.KafkaPort, "redis": s.Embedded.RedisPort, "clickhouse": s.Embedded.ClickHousePort} {
		p.Require(port >= 0 && port <= 65535, "embedded."+name+"_port", "must be from 0 (a free one) to 65535")
	}
}

// listenOn is the address of a service: its standard port on the address of the settings, unless they name another.
func (s *settings) listenOn(name string, port int) string {
	if given, ok := s.Ports[name]; ok {
		port = given
	}
	return net.JoinHostPort(s.Listen, strconv.Itoa(port))
}

// needServers tells which servers a service that runs alone lacks.
func (s *settings) needServers() error {
	var p config.Problems
	p.Require(len(s.Kafka.Brokers) > 0, "kafka.brokers", "is required: --kafka HOST:PORT or RCU_KAFKA_BROKERS")
	p.Require(len(s.Redis.Addrs) > 0, "redis.addrs", "is required: --redis HOST:PORT or RCU_REDIS_ADDRS")
	p.Require(s.ClickHouse.URL != "", "clickhouse.url", "is required: --clickhouse URL or RCU_CLICKHOUSE_URL")
	return p.Err()
}

// fileFlags are common to the commands that use servers.
type fileFlags struct {
	Config string   `name:"config" help:"YAML file of the configuration." type:"path" placeholder:"FILE"`
	Set    []string `name:"set" help:"One setting over file and environment." placeholder:"PATH=VALUE" sep:"none"`
}

// settings are the defaults, the file, the environment and --set, each over those before.
func (f fileFlags) settings(a *app) (*settings, error) {
	s := defaultSettings()
	return s, config.Load(s, config.Source{File: f.Config, Env: a.world.Env, Set: f.Set}) //nolint:wrapcheck // says all
}

// configFlags are common to the commands that start services, or work on the servers of an installation.
type configFlags struct {
	fileFlags
	Listen      string   `name:"listen" help:"Address to listen on." placeholder:"ADDR"`
	Kafka       []string `name:"kafka" help:"Brokers of a Kafka." placeholder:"HOST:PORT"`
	Redis       []string `name:"redis" help:"Addresses of a Redis; several are a cluster." placeholder:"HOST:PORT"`
	ClickHouse  string   `name:"clickhouse" help:"A ClickHouse server." placeholder:"URL"`
	Validate    bool     `name:"validate" help:"Check the configuration and the files that it names, tell all problems, and end."`
	PrintConfig bool     `name:"print-config" help:"Print the configuration, secrets redacted, and end."`
}

// load gives the settings with the flags over all. needs are checks of a command besides; with --validate all problems are told at once, those of
// the files that the settings name among them.
func (f configFlags) load(a *app, needs ...func(*settings) error) (*settings, error) {
	s, err := f.settings(a)
	if f.Listen != "" {
		s.Listen = f.Listen
	}
	if len(f.Kafka) > 0 {
		s.Kafka.Brokers = f.Kafka
	}
	if len(f.Redis) > 0 {
		s.Redis.Addrs = f.Redis
	}
	if f.ClickHouse != "" {
		s.ClickHouse.URL = config.Secret(f.ClickHouse)
	}
	var p config.Problems
	p.Under("", err)
	p.Under("", s.Validate())
	for _, check := range needs {
		p.Under("", check(s))
	}
	if f.Validate {
		p.Under("", s.checkFiles(home{a.data}))
	}
	p.Once()
	return s, p.Err()
}

// only reports whether the call asked for the configuration alone, and answers it.
func (f configFlags) only(a *app, s *settings) (bool, error) {
	if !f.Validate && !f.PrintConfig {
		return false, nil
	}
	if !f.PrintConfig {
		a.say("this configuration can be used, and so can the files that it names; no server was asked")
		return true, nil
	}
	text, err := config.Print(s)
	if err == nil {
		_, err = a.world.Stdout.Write([]byte(text))
	}
	return true, err
}
