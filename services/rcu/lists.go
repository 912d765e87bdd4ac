package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"rcu/pkg/auth"
	"rcu/pkg/wholefile"
	"rcu/pkg/yamlfile"
	"rcu/services/ingest"
	"rcu/services/internal/demo"
)

// readerKeysFile holds the keys of the readers of this installation by name, for the commands that read from this machine.
const readerKeysFile = "reader-keys.json"

// readerSpec is a reader in the words of readers.yaml.
type readerSpec struct {
	Name        string   `yaml:"name"`
	KeySHA256   string   `yaml:"key_sha256"`
	Role        string   `yaml:"role"`
	Space       string   `yaml:"space"`
	Controllers []string `yaml:"controllers"`
	Store       string   `yaml:"store,omitempty"`
}

// makeLists writes the lists of sources and readers of the demonstration, with keys of their own, where the settings name none
// and the folder has none.
func (h home) makeLists(s *settings) error {
	if s.Sources == "" {
		if err := h.makeOnce("sources.yaml", h.newSources); err != nil {
			return err
		}
	}
	if s.Readers != "" {
		return nil
	}
	return h.makeOnce("readers.yaml", h.newReaders)
}

func (h home) makeOnce(name string, content func() ([]byte, error)) error {
	if _, err := os.Stat(h.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return err //nolint:wrapcheck // nil, or names the file
	}
	file, err := content()
	if err != nil {
		return err
	}
	if err := wholefile.Write(h.path(name), file); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

func (h home) newSources() ([]byte, error) {
	file, keys, err := ingest.GenerateSources(demoSources())
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	return file, h.writeSourceKeys(keys)
}

// newReaders makes a reader of each kind that the tour and the commands use.
func (h home) newReaders() ([]byte, error) {
	both := []string{demo.Retail, demo.Digital}
	list := []readerSpec{
		{Name: "cli", Role: string(auth.RolePrivacy), Controllers: both},
		{Name: "tablet-paris-1", Role: string(auth.RoleSeller), Controllers: both, Store: "paris-1"},
		{Name: "desk", Role: string(auth.RoleAdviser), Controllers: []string{demo.Retail}},
		{Name: "site", Role: string(auth.RoleService), Controllers: []string{demo.Digital}},
		{Name: "steward", Role: string(auth.RoleSteward), Controllers: both},
	}
	keys := map[string]string{}
	for i := range list {
		key, hash, err := auth.NewKey()
		if err != nil {
			return nil, fmt.Errorf("making the key of a reader: %w", err)
		}
		list[i].Space, list[i].KeySHA256, keys[list[i].Name] = demo.Space, hash.String(), key
	}
	file, err := yamlfile.Encode(struct {
		Version int          `yaml:"version"`
		Readers []readerSpec `yaml:"readers"`
	}{1, list})
	if err != nil {
		return nil, fmt.Errorf("encoding the readers: %w", err)
	}
	if _, err := auth.ParseReaders(file); err != nil {
		return nil, fmt.Errorf("checking the readers: %w", err)
	}
	return file, h.writeKeys(readerKeysFile, keys)
}

// readerKeys reads the keys of the readers; without the file there are none.
func (h home) readerKeys() (map[string]string, error) { return h.keysOf(readerKeysFile) }

// keysOf reads a file of names and keys.
func (h home) keysOf(name string) (map[string]string, error) {
	raw, err := os.ReadFile(h.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	keys := map[string]string{}
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, fmt.Errorf("reading keys in %s: not a list of names and keys", h.path(name))
	}
	return keys, nil
}
