package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// faults collects what is wrong with a register.
type faults struct{ list []error }

func (f *faults) add(format string, args ...any) {
	f.list = append(f.list, fmt.Errorf(format, args...))
}

// validate finds every problem at once, in a fixed order.
func (r *Registry) validate() error {
	var f faults
	for _, contract := range sorted(r.Fields) {
		for _, path := range sorted(r.Fields[contract]) {
			r.checkField(&f, contract+": "+path, r.Fields[contract][path])
		}
	}
	for _, name := range sorted(r.Traits) {
		r.checkField(&f, "trait "+name, r.Traits[name])
	}
	for _, name := range sorted(r.Justifications) {
		if !r.Justifications[name].whole() {
			f.add("justification %s: French and English are required", name)
		}
	}
	for _, name := range sorted(r.Purposes) {
		r.checkPurpose(&f, name, r.Purposes[name])
	}
	r.checkRules(&f)
	r.checkTopics(&f)
	if len(r.Activity.Types) == 0 || r.Activity.Source == "" {
		f.add("activity: the types of events by which people act are required, and where they come from")
	}
	r.checkNotices(&f)
	return errors.Join(f.list...)
}

// maxTopics keeps the choices of a person within what is stored of them.
const maxTopics = 32

var topicForm = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// checkTopics holds what people may wish to hear nothing of.
func (r *Registry) checkTopics(f *faults) {
	for _, name := range sorted(r.Topics) {
		if !topicForm.MatchString(name) || !r.Topics[name].Label.whole() || len(r.Topics) > maxTopics {
			f.add("topic %s: a lower-case word and a label in French and English are required, of at most %d topics", name, maxTopics)
		}
	}
}

// checkRules holds acts, terms and the red list.
func (r *Registry) checkRules(f *faults) {
	for _, name := range sorted(r.Acts) {
		if a := r.Acts[name]; !a.Grants && (a.Carried || len(a.Confirm) > 0) {
			f.add("act %s: nothing is carried or confirmed where no grant may come", name)
		}
	}
	for _, name := range sorted(r.Terms) {
		if t := r.Terms[name]; t.Source == "" || t.Days <= 0 == (t.Seconds <= 0) {
			f.add("term %s: days or seconds, and their source, are required", name)
		}
	}
	for _, name := range sorted(r.Refused) {
		if x := r.Refused[name]; !x.Label.whole() || !x.Because.whole() || x.Source == "" {
			f.add("refused use %s: label, because and source are required", name)
		}
	}
}

func (r *Registry) checkField(f *faults, where string, x Field) {
	_, known := r.Purposes[x.Purpose]
	_, justified := r.Justifications[x.Because]
	switch {
	case x.Owner == "" || x.Retention == "":
		f.add("%s: owner and retention are required", where)
	case !justified:
		f.add("%s: without a justification (because), the field may not be collected", where)
	case r.Refuses(x.Purpose):
		f.add("%s: %s is a refused use", where, x.Purpose)
	case !known:
		f.add("%s: unknown purpose %q", where, x.Purpose)
	case x.Sensitivity != None && x.Sensitivity != Pseudonymous && !x.Sensitivity.Sealed():
		f.add("%s: unknown sensitivity %q", where, x.Sensitivity)
	}
}

var bases = []string{"contract", "legal", "legitimate_interest", "consent", "exempt"}

func (r *Registry) checkPurpose(f *faults, name string, p Purpose) {
	where := "purpose " + name
	if p.Owner == "" || !p.Because.whole() {
		f.add("%s: owner and justification (because, French and English) are required", where)
	}
	if !p.Label.whole() || p.Version < 1 || p.Retention == "" || p.Source == "" || len(p.Categories) == 0 {
		f.add("%s: label, version, categories, retention and source are required", where)
	}
	if !slices.Contains(bases, p.Basis) || p.Validity == "" {
		f.add("%s: basis and validity are required", where)
	}
	if p.Decidable && !p.Benefit.whole() {
		f.add("%s: people decide about it: say what they gain (benefit)", where)
	}
	if p.Basis == "consent" && (p.Default || !p.Decidable) {
		f.add("%s: a purpose of consent is off until somebody agrees", where)
	}
	r.checkReach(f, where, name, p)
}

// checkReach holds channels and recipients.
func (r *Registry) checkReach(f *faults, where, name string, p Purpose) {
	for _, c := range sorted(p.On) {
		if !slices.Contains(p.Channels, c) {
			f.add("%s: rule for %s, which is none of its channels", where, c)
		}
	}
	for _, use := range append([]string{name}, p.Recipients...) {
		if r.Refuses(use) {
			f.add("%s: %s is a refused use", where, use)
		}
	}
}

// checkNotices holds every text against the hash of what was shown: a changed text is a new version.
func (r *Registry) checkNotices(f *faults) {
	for _, id := range sorted(r.Notices) {
		for _, version := range sorted(r.Notices[id]) {
			n, where := r.Notices[id][version], "notice "+id+" "+version
			if n.From == "" || len(n.Purposes) == 0 {
				f.add("%s: from and purposes are required", where)
			}
			for _, p := range n.Purposes {
				if !r.Purposes[p].Decidable {
					f.add("%s: nobody decides about %s", where, p)
				}
			}
			for _, lang := range []string{"fr", "en"} {
				text, there := r.texts[noticeKey(id, version, lang)]
				sum := sha256.Sum256([]byte(text))
				if !there || hex.EncodeToString(sum[:]) != n.SHA256[lang] {
					f.add("%s: the text in %s is missing or not the one that was shown", where, lang)
				}
			}
		}
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
