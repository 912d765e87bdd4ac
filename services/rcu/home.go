package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"rcu/pkg/config"
	"rcu/pkg/embedded"
	"rcu/pkg/vault"
	"rcu/pkg/wholefile"
)

// home is the folder of an installation on one machine.
type home struct{ dir string }

func (h home) path(elem ...string) string { return filepath.Join(append([]string{h.dir}, elem...)...) }

// instance is what a running `rcu up` tells the other commands. It holds no secret.
type instance struct {
	PID        int               `json:"pid"`
	Version    string            `json:"version"`
	StartedAt  time.Time         `json:"started_at"`
	StoppedAt  time.Time         `json:"stopped_at,omitzero"`
	Kafka      []string          `json:"kafka"`
	Redis      []string          `json:"redis"`
	ClickHouse string            `json:"clickhouse"` // without user and password
	Embedded   []string          `json:"embedded"`   // which of them were started here
	Services   map[string]string `json:"services"`   // name -> host:port
}

// lock takes the folder for this process, and makes it if it is missing. The lock ends with the process.
func (h home) lock() (release func(), err error) {
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	f, err := os.OpenFile(h.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a file descriptor is small
		holder, _ := os.ReadFile(h.path("lock"))
		_ = f.Close()
		return nil, fmt.Errorf("the data folder %s is in use by process %s: stop it, or choose another folder with --data", h.dir, strings.TrimSpace(string(holder)))
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, fmt.Sprintf("%d\n", os.Getpid()))); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("writing the lock of the data folder: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// inUse reports whether a running program holds the folder.
func (h home) inUse() bool {
	f, err := os.Open(h.path("lock"))
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil //nolint:gosec // a file descriptor is small
}

func (h home) writeInstance(in instance) error {
	raw, err := json.MarshalIndent(in, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the addresses: %w", err)
	}
	if err := wholefile.Write(h.path("instance.json"), append(raw, '\n')); err != nil {
		return fmt.Errorf("writing the addresses: %w", err)
	}
	return nil
}

// readInstance gives the addresses of the last start; found is false where there was none.
func (h home) readInstance() (in instance, found bool, err error) {
	raw, err := os.ReadFile(h.path("instance.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return instance{}, false, nil
	}
	if err != nil {
		return instance{}, false, fmt.Errorf("reading the addresses: %w", err)
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return instance{}, false, fmt.Errorf("reading the addresses in %s: %w", h.path("instance.json"), err)
	}
	return in, true, nil
}

// fill completes settings with the addresses of the installation in this folder, for commands that talk to a running
// one. user is whose log-in to ClickHouse is wanted.
func (h home) fill(s *settings, user string) error {
	in, found, err := h.readInstance()
	if err != nil || !found {
		return err
	}
	if len(s.Kafka.Brokers) == 0 {
		s.Kafka.Brokers = in.Kafka
	}
	if len(s.Redis.Addrs) == 0 {
		s.Redis.Addrs = in.Redis
	}
	if s.ClickHouse.URL != "" || in.ClickHouse == "" {
		return nil
	}
	passwords, err := embedded.Passwords(h.path("clickhouse"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a server of its own: its log-in is not ours to keep
	}
	if err != nil {
		return err
	}
	u, err := url.Parse(in.ClickHouse)
	if err != nil {
		return fmt.Errorf("reading the address of clickhouse in %s: %w", h.path("instance.json"), err)
	}
	u.User = url.UserPassword(user, passwords[user])
	s.ClickHouse.URL = config.Secret(u.String())
	return nil
}

// keys loads the key file, or makes it on the first start, and refuses one that is not the installation's: with other
// keys every customer would get another id.
func (h home) keys(path string) (*vault.Keyring, error) {
	if path == "" {
		path = h.path("keys.json")
	}
	note := h.path("keys.fingerprint")
	known, err := os.ReadFile(note) //nolint:gosec // a fixed name in our own folder
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the fingerprint of the keys: %w", err)
	}
	load := vault.Load // a lost key file is never replaced by a new one without a word
	if known == nil {
		load = func(path string) (*vault.Keyring, error) {
			ring, _, err := vault.LoadOrCreate(path)
			return ring, err
		}
	}
	ring, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("opening the keys of this installation: %w", err)
	}
	if known == nil {
		if known, err = noteOnce(note, ring.Fingerprint()+"\n"); err != nil {
			return nil, fmt.Errorf("noting the fingerprint of the keys: %w", err)
		}
	}
	if want := strings.TrimSpace(string(known)); want != ring.Fingerprint() {
		return nil, fmt.Errorf("%s is not the key file of this installation (fingerprint %s, the data were made with %s): give the right one with --set keys=FILE",
			path, ring.Fingerprint(), want)
	}
	return ring, nil
}

// noteOnce writes a note, unless another service that starts in the same folder was first, and returns what it says.
func noteOnce(path, text string) ([]byte, error) {
	err := wholefile.Create(path, []byte(text))
	if errors.Is(err, fs.ErrExist) {
		return os.ReadFile(path) //nolint:gosec,wrapcheck // a fixed name in our own folder; the caller says what
	}
	return []byte(text), err //nolint:wrapcheck // the caller says what
}
