package ingest

import (
	"fmt"

	"rcu/pkg/auth"
	"rcu/pkg/yamlfile"
)

// SourceSpec is a source in the words of sources.yaml; Key is the bearer key itself and never written.
type SourceSpec struct {
	Name         string  `yaml:"name"`
	Key          string  `yaml:"-"` // empty: GenerateSources makes one
	KeySHA256    string  `yaml:"key_sha256"`
	Channel      string  `yaml:"channel"`
	Space        string  `yaml:"space"`
	Controller   string  `yaml:"controller"`
	Brand        string  `yaml:"brand"`
	Store        string  `yaml:"store,omitempty"`
	Zone         string  `yaml:"zone"`
	Country      string  `yaml:"country"`
	Currency     string  `yaml:"currency"`
	Trust        string  `yaml:"trust"`
	SharedDevice *bool   `yaml:"shared_device,omitempty"`
	CardCheck    string  `yaml:"card_check,omitempty"`
	Rate         float64 `yaml:"rate,omitempty"`
	Burst        int     `yaml:"burst,omitempty"`
	History      bool    `yaml:"history,omitempty"`
	Measure      bool    `yaml:"measure,omitempty"`
	Corrections  bool    `yaml:"corrections,omitempty"`
}

// GenerateSources writes a sources.yaml of the specs, and returns the bearer key of every source by its name. A spec
// without a key gets a random one. The result is read back, so a spec that the file may not hold is an error.
func GenerateSources(specs []SourceSpec) (file []byte, keys map[string]string, err error) {
	keys = make(map[string]string, len(specs))
	out := make([]SourceSpec, len(specs))
	for i, s := range specs {
		if s.Key == "" {
			if s.Key, _, err = auth.NewKey(); err != nil {
				return nil, nil, err
			}
		}
		keys[s.Name] = s.Key
		s.KeySHA256 = auth.HashKey(s.Key).String()
		out[i] = s
	}
	file, err = yamlfile.Encode(struct {
		Version int          `yaml:"version"`
		Sources []SourceSpec `yaml:"sources"`
	}{1, out})
	if err != nil {
		return nil, nil, fmt.Errorf("writing sources: %w", err)
	}
	if _, err := ParseSources(file); err != nil {
		return nil, nil, fmt.Errorf("checking the sources written: %w", err)
	}
	return file, keys, nil
}
