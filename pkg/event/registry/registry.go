// Package registry reads registry.yaml: of every field and trait of the contracts its owner, purpose, sensitivity and retention; of every
// purpose its basis, default, channels and validity. What it calls personal or sensitive is sealed, and nothing else decides that.
package registry

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Sensitivity of a field.
type Sensitivity string

// Sensitivities.
const (
	None         Sensitivity = "none"
	Pseudonymous Sensitivity = "pseudonymous" // becomes a pseudonym; its value is sealed
	Personal     Sensitivity = "personal"     // sealed
	Sensitive    Sensitivity = "sensitive"    // sealed
)

// Sealed reports whether a value of this sensitivity may lie nowhere in the clear.
func (s Sensitivity) Sealed() bool { return s == Personal || s == Sensitive }

// Field says what a field of a contract is for.
type Field struct {
	Owner       string      `yaml:"owner"`
	Purpose     string      `yaml:"purpose"`
	Sensitivity Sensitivity `yaml:"sensitivity"`
	Retention   string      `yaml:"retention"`
}

// Purpose says why data is used, and what allows it.
type Purpose struct {
	Basis          string   `yaml:"basis"`           // contract | legal | legitimate_interest | consent | exempt
	Default        bool     `yaml:"default"`         // for a new person
	Decidable      bool     `yaml:"decidable"`       // people decide about it
	Channels       []string `yaml:"channels"`        // of which every decision names one
	ValidityMonths int      `yaml:"validity_months"` // of a grant that was said; 0 = it ends with the relation
	Validity       string   `yaml:"validity"`        // in words
	Parameter      bool     `yaml:"parameter"`       // written `name:parameter`
}

// Registry is the whole register. Fields are keyed by contract (`envelope`, `store/sale` ...), then by path (`data.lines[].sku`).
type Registry struct {
	Fields   map[string]map[string]Field `yaml:"fields"`
	Traits   map[string]Field            `yaml:"traits"`
	Purposes map[string]Purpose          `yaml:"purposes"`
}

// Load reads registry.yaml of files strictly.
func Load(files fs.FS) (*Registry, error) {
	raw, err := fs.ReadFile(files, "registry.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the register: %w", err)
	}
	var r Registry
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("reading registry.yaml: %w", err)
	}
	if err := r.validate(); err != nil {
		return nil, fmt.Errorf("reading registry.yaml: %w", err)
	}
	return &r, nil
}

func (r *Registry) validate() error {
	var problems []error
	check := func(where string, f Field) {
		_, known := r.Purposes[f.Purpose]
		switch {
		case f.Owner == "" || f.Retention == "":
			problems = append(problems, fmt.Errorf("%s: owner and retention are required", where))
		case !known:
			problems = append(problems, fmt.Errorf("%s: unknown purpose %q", where, f.Purpose))
		case f.Sensitivity != None && f.Sensitivity != Pseudonymous && !f.Sensitivity.Sealed():
			problems = append(problems, fmt.Errorf("%s: unknown sensitivity %q", where, f.Sensitivity))
		}
	}
	for contract, fields := range r.Fields {
		for path, f := range fields {
			check(contract+": "+path, f)
		}
	}
	for name, f := range r.Traits {
		check("trait "+name, f)
	}
	for name, p := range r.Purposes {
		if p.Basis == "" || p.Validity == "" {
			problems = append(problems, fmt.Errorf("purpose %s: basis and validity are required", name))
		}
	}
	return errors.Join(problems...)
}

// Purpose returns a purpose by name, its parameter left out.
func (r *Registry) Purpose(name string) (Purpose, bool) {
	base, parameter, given := strings.Cut(name, ":")
	p, ok := r.Purposes[base]
	return p, ok && given == p.Parameter && (!given || parameter != "")
}
