package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/config"
)

type sample struct {
	Name   string        `yaml:"name"`
	Listen string        `yaml:"listen"`
	Wait   time.Duration `yaml:"wait"`
	Kafka  struct {
		Brokers    []string      `yaml:"brokers"`
		Partitions int           `yaml:"partitions"`
		Password   config.Secret `yaml:"password"`
	} `yaml:"kafka"`
	Rate    float64          `yaml:"rate"`
	Small   uint8            `yaml:"small"`
	On      bool             `yaml:"on"`
	Labels  map[string]int   `yaml:"labels"`
	Sources []source         `yaml:"sources"`
	Skipped func()           `yaml:"-"`
	Ports   map[string][]int `yaml:"ports"`
}

type source struct {
	Name string `yaml:"name"`
	Port int    `yaml:"port"`
}

func (s *sample) Validate() error {
	var p config.Problems
	p.Require(s.Name != "", "name", "is required")
	p.Require(s.Kafka.Partitions > 0, "kafka.partitions", "must be at least 1")
	return p.Err()
}

func defaults() *sample {
	s := &sample{Name: "default", Listen: ":1", Wait: time.Second}
	s.Kafka.Partitions = 4
	return s
}

const whole = `# every field
name: from-file
listen: 127.0.0.1:8080
wait: 1m30s
kafka:
  brokers: [a:1, b:2]
  partitions: 12
  password: "0123"
rate: 1.5
small: 255
on: true
labels: {x: 1, y: 2}
sources:
  - name: till
    port: 3
  - {name: web, port: 4}
ports:
  a: [1, 2]
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rcu.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestLoadSetsEveryField(t *testing.T) {
	got := defaults()
	require.NoError(t, config.Load(got, config.Source{File: write(t, whole)}))
	want := &sample{
		Name: "from-file", Listen: "127.0.0.1:8080", Wait: 90 * time.Second, Rate: 1.5, Small: 255, On: true,
		Labels: map[string]int{"x": 1, "y": 2}, Sources: []source{{"till", 3}, {"web", 4}}, Ports: map[string][]int{"a": {1, 2}},
	}
	want.Kafka.Brokers, want.Kafka.Partitions, want.Kafka.Password = []string{"a:1", "b:2"}, 12, "0123"
	require.Equal(t, want, got)

	printed, err := config.Print(got)
	require.NoError(t, err)
	require.NotContains(t, printed, "0123")
	require.Contains(t, printed, "password: '[redacted]'")
}

func TestLoadPrecedence(t *testing.T) {
	got := defaults()
	require.NoError(t, config.Load(got, config.Source{
		File: write(t, "name: file\nlisten: file\nkafka: {partitions: 7}\n"),
		Env:  []string{"RCU_NAME=env", "RCU_KAFKA_BROKERS=x:1, y:2", "RCU_WAIT=2h", "OTHER=1", "RCU_LISTEN=env", "RCU_ON=true"},
		Set:  []string{"name=flag", "kafka.password=p=q"},
	}))
	want := defaults()
	want.Name, want.Listen, want.Wait, want.On = "flag", "env", 2*time.Hour, true
	want.Kafka.Partitions, want.Kafka.Brokers, want.Kafka.Password = 7, []string{"x:1", "y:2"}, "p=q"
	require.Equal(t, want, got)
}

func TestLoadTellsAllProblemsAtOnce(t *testing.T) {
	file := `name: ""
wait: soon
kafka:
  partition: 3
  partitions: many
small: 256
small: 3
on: perhaps
labels: [1]
sources:
  - {name: a, prot: 3}
unknown:
  deep: 1
`
	err := config.Load(defaults(), config.Source{
		File: write(t, file),
		Env:  []string{"RCU_RATE=1e400"},
		Set:  []string{"kafka.nothing=1", "novalue", "ports=3"},
	})
	var e *config.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, `wait: line 2: must be a duration such as 500ms, 5s or 2h
kafka.partition: line 4: there is no such setting
kafka.partitions: line 5: must be a whole number that fits
small: line 6: must be a whole number of at least 0 that fits
on: line 8: must be true or false
labels: line 9: want a mapping of whole numbers
sources: line 11: there is no such field
unknown: line 12: there is no such setting
rate: RCU_RATE: must be a finite number
kafka.nothing: there is no such setting
--set novalue: write it as path=value
ports: can be set in the configuration file alone
name: is required`, err.Error())
}

func TestLoadTellsVariablesThatDoNothing(t *testing.T) {
	for name, meant := range map[string]string{
		"RCU_KAFKA_PASWORD": "kafka.password: RCU_KAFKA_PASWORD: there is no such setting: RCU_KAFKA_PASSWORD is meant",
		"RCU_KAFKA_BROKER":  "RCU_KAFKA_BROKERS is meant", "RCU_KAFKA_BROEKRS": "RCU_KAFKA_BROKERS is meant", "RCU_KAFKA_BROKERSS": "RCU_KAFKA_BROKERS is meant",
		"RCU_KAFKA_BROXERS": "RCU_KAFKA_BROKERS is meant",
		"RCU_PORTS":         "ports: RCU_PORTS: can be set in the configuration file alone",
	} {
		require.ErrorContains(t, config.Load(defaults(), config.Source{Env: []string{name + "=planted"}}), meant)
	}
	require.NoError(t, config.Load(defaults(), config.Source{Env: []string{
		"RCU_PORT=tcp://10.0.0.1:80", "RCU_KAFKA_SERVICE_HOST=10.0.0.1", "RCU_NAMES=x", "RCU_HOME=/", "RCU_KAFKA_PORT=1", "KAFKA_BROKER=x", "RCU_KAFKA_BROKERS=a:1",
		"RCU_KAFKA_BROKER_X=1",
	}}), "variables of others")
}

func TestLoadFileProblems(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"syntax", "name: [1\nlisten: 2", "rcu.yaml: line 1: is no YAML we can read"},
		{"a list at the top", "- 1\n- 2\n", "line 1: a mapping of settings is expected"},
		{"a scalar for a group", "kafka: 3\n", "kafka: line 1: a mapping of settings is expected"},
		{"two documents", "name: a\n---\nname: b\n", "one document is expected"},
		{"a repeated key", "name: a\nname: b\n", "name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.ErrorContains(t, config.Load(defaults(), config.Source{File: write(t, tt.text)}), tt.want)
		})
	}
	require.ErrorContains(t, config.Load(defaults(), config.Source{File: "/no/such/file"}), "does not exist")
	require.NoError(t, config.Load(defaults(), config.Source{File: write(t, "")}))
	require.NoError(t, config.Load(defaults(), config.Source{File: write(t, "# nothing\n")}))
}

func TestSecretIsNeverPrinted(t *testing.T) {
	s := config.Secret("planted")
	raw, err := json.Marshal(map[string]any{"s": s})
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), string(raw)} {
		require.NotContains(t, text, "planted")
	}
	require.Equal(t, "planted", s.Reveal())
}

func TestPrintRedactsByNameToo(t *testing.T) {
	printed, err := config.Print(struct {
		SASL struct {
			User     string `yaml:"user"`
			Password string `yaml:"sasl_password"`
			Empty    string `yaml:"other_password"`
		} `yaml:"sasl"`
	}{SASL: struct {
		User     string `yaml:"user"`
		Password string `yaml:"sasl_password"`
		Empty    string `yaml:"other_password"`
	}{"rcu", "planted", ""}})
	require.NoError(t, err)
	require.Equal(t, "sasl:\n  user: rcu\n  sasl_password: '[redacted]'\n  other_password: \"\"\n", printed)
}

func TestProblemsUnder(t *testing.T) {
	var inner, outer config.Problems
	inner.Add("addr", "is required")
	outer.Under("redis", inner.Err())
	outer.Under("kafka", errors.New("no brokers"))
	outer.Under("ok", nil)
	outer.Under("kafka", errors.Join(errors.New("tls.ca_file: it is empty"), fmt.Errorf("reading brokers[0]: %w", errors.New("no"))))
	require.EqualError(t, outer.Err(), "redis.addr: is required\nkafka: no brokers\nkafka.tls.ca_file: it is empty\nkafka: reading brokers[0]: no")
	outer.Under("", errors.Join(inner.Err(), outer.Err()))
	outer.Once()
	require.EqualError(t, outer.Err(), "redis.addr: is required\nkafka: no brokers\nkafka.tls.ca_file: it is empty\naddr: is required")
}

func FuzzLoad(f *testing.F) {
	f.Add(whole)
	f.Add("kafka:\n  brokers: &a [x]\nname: *a\n")
	f.Add("kafka:\n  brokers: ! \nlabels: ! \nsources: ! \n")
	f.Add("? [a]\n: b\n<<: {name: x}\n")
	f.Fuzz(func(t *testing.T, text string) {
		into := defaults()
		err := config.Load(into, config.Source{File: write(t, text)})
		var e *config.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("an error of another kind: %v", err)
		}
	})
}
