// Package registry reads registry.yaml: of every field and trait of the contracts its owner, purpose, sensitivity, retention and why it is
// needed; of every purpose its basis, default, channels and validity; the notices that people are shown, the acts by which they decide, and the
// uses that are refused. What it calls personal or sensitive is sealed, and nothing else decides that.
package registry

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"rcu/pkg/identifier"
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

// Text is a text for people, in both languages of the product.
type Text struct {
	FR string `yaml:"fr" json:"fr"`
	EN string `yaml:"en" json:"en"`
}

// In returns the text in a language; French where it has no other.
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.FR
}

func (t Text) whole() bool { return t.FR != "" && t.EN != "" }

// Field says what a field of a contract is for.
type Field struct {
	Owner       string      `yaml:"owner"`
	Purpose     string      `yaml:"purpose"`
	Sensitivity Sensitivity `yaml:"sensitivity"`
	Retention   string      `yaml:"retention"`
	Because     string      `yaml:"because"` // one of Registry.Justifications
}

// Purpose says why data is used, and what allows it.
type Purpose struct {
	Label          Text                   `yaml:"label"`
	Because        Text                   `yaml:"because"` // why the controller needs it
	Benefit        Text                   `yaml:"benefit"` // what the person gains; required where people decide
	Owner          string                 `yaml:"owner"`
	Version        int                    `yaml:"version"`         // a wider use is a new version
	Basis          string                 `yaml:"basis"`           // contract | legal | legitimate_interest | consent | exempt
	Default        bool                   `yaml:"default"`         // for a new person
	Decidable      bool                   `yaml:"decidable"`       // people decide about it
	Parameter      bool                   `yaml:"parameter"`       // written `name:parameter`
	Channels       []string               `yaml:"channels"`        // of which every decision names one
	On             map[string]ChannelRule `yaml:"on"`              // what differs on a channel
	ValidityMonths int                    `yaml:"validity_months"` // of a grant that was said; 0 = it ends with the relation
	Validity       string                 `yaml:"validity"`        // in words
	Categories     []string               `yaml:"categories"`      // of data
	Recipients     []string               `yaml:"recipients"`      // beside the controller; the parameters that a purpose takes, where it has any
	Retention      string                 `yaml:"retention"`
	Source         string                 `yaml:"source"` // of its figures
}

// ChannelRule is what differs on one channel of a purpose.
type ChannelRule struct {
	ValidityMonths   int  `yaml:"validity_months"`   // instead of that of the purpose; 0 = the same
	InactivityMonths int  `yaml:"inactivity_months"` // a grant ends so long after the last act of the person; 0 = never
	SoftOptIn        bool `yaml:"soft_optin"`        // a sale of the same controller may stand for consent
}

// Months is the validity of a grant on a channel; 0 = it ends with the relation.
func (p Purpose) Months(channel string) int {
	if r := p.On[channel]; r.ValidityMonths > 0 {
		return r.ValidityMonths
	}
	return p.ValidityMonths
}

// Act is a way of deciding. A denial may come any way.
type Act struct {
	Grants  bool     `yaml:"grants"`  // a grant may come this way
	Carried bool     `yaml:"carried"` // and was then never said to us
	Confirm []string `yaml:"confirm"` // namespaces of points on which the person confirms a grant before it counts
}

// Term is one figure of time with where it comes from.
type Term struct {
	Days    int    `yaml:"days" json:"days,omitempty"`
	Seconds int    `yaml:"seconds" json:"seconds,omitempty"`
	Source  string `yaml:"source" json:"source"`
}

// Notice is one version of a text that people are shown before they decide.
type Notice struct {
	From     string            `yaml:"from"` // the day it was first shown
	Purposes []string          `yaml:"purposes"`
	SHA256   map[string]string `yaml:"sha256"` // of the text, by language
}

// Covers reports whether the text speaks of a purpose.
func (n Notice) Covers(purpose string) bool {
	base, _, _ := strings.Cut(purpose, ":")
	return slices.Contains(n.Purposes, base)
}

// Topic is something that people may wish to hear nothing of.
type Topic struct {
	Label Text `yaml:"label"`
}

// Refused is a use that the product refuses, whoever asks.
type Refused struct {
	Label   Text   `yaml:"label"`
	Because Text   `yaml:"because"`
	Source  string `yaml:"source"`
}

// Registry is the whole register. Fields are keyed by contract (`envelope`, `store/sale` ...), then by path (`data.lines[].sku`).
type Registry struct {
	Fields         map[string]map[string]Field  `yaml:"fields"`
	Traits         map[string]Field             `yaml:"traits"`
	Justifications map[string]Text              `yaml:"justifications"`
	Purposes       map[string]Purpose           `yaml:"purposes"`
	Acts           map[string]Act               `yaml:"acts"`
	Terms          map[string]Term              `yaml:"terms"`
	Activity       Activity                     `yaml:"activity"`
	Topics         map[string]Topic             `yaml:"topics"`
	Refused        map[string]Refused           `yaml:"refused"`
	Notices        map[string]map[string]Notice `yaml:"notices"` // by id, then version

	texts map[string]string // of notices: id, version and language -> text
}

// Activity says which types of events are acts of a person, that keep grants alive.
type Activity struct {
	Types  []string `yaml:"types"`
	Source string   `yaml:"source"`
}

// Load reads registry.yaml of files strictly, and the texts of its notices.
func Load(files fs.FS) (*Registry, error) {
	raw, err := fs.ReadFile(files, "registry.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the register: %w", err)
	}
	r := Registry{texts: map[string]string{}}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("reading registry.yaml: %w", err)
	}
	r.readNotices(files)
	if err := r.validate(); err != nil {
		return nil, fmt.Errorf("reading registry.yaml: %w", err)
	}
	return &r, nil
}

// readNotices reads the texts; one that is missing is found by validate.
func (r *Registry) readNotices(files fs.FS) {
	for id, versions := range r.Notices {
		for version, n := range versions {
			for lang := range n.SHA256 {
				if text, err := fs.ReadFile(files, "notices/"+id+"."+version+"."+lang+".txt"); err == nil {
					r.texts[noticeKey(id, version, lang)] = string(text)
				}
			}
		}
	}
}

func noticeKey(id, version, lang string) string { return id + "\x00" + version + "\x00" + lang }

// Purpose returns a purpose by name, its parameter left out.
func (r *Registry) Purpose(name string) (Purpose, bool) {
	base, parameter, given := strings.Cut(name, ":")
	p, ok := r.Purposes[base]
	return p, ok && given == p.Parameter && (!given || parameter != "")
}

// Notice returns a version of a notice.
func (r *Registry) Notice(id, version string) (Notice, bool) {
	n, ok := r.Notices[id][version]
	return n, ok
}

// Omits reports whether a notice of the register says nothing of a purpose, as far as is known: the version is another, or speaks of others. Of a
// notice whose text is not in the register nothing is known.
func (r *Registry) Omits(id, version, purpose string) bool {
	versions, ours := r.Notices[id]
	n, known := versions[version]
	return ours && (!known || !n.Covers(purpose))
}

// NoticeText returns the text of a notice in a language.
func (r *Registry) NoticeText(id, version, lang string) (string, bool) {
	t, ok := r.texts[noticeKey(id, version, lang)]
	return t, ok
}

// Waits reports whether a grant that came by an act about a kind of point waits for a confirmation on that point.
func (r *Registry) Waits(act string, n identifier.Namespace) bool {
	return slices.Contains(r.Acts[act].Confirm, string(n))
}

// Refuses reports whether a use is on the red list; a parameter does not hide it.
func (r *Registry) Refuses(use string) bool {
	for part := range strings.SplitSeq(use, ":") {
		if _, is := r.Refused[part]; is {
			return true
		}
	}
	return false
}
