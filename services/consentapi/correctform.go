package consentapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"rcu/pkg/identifier"
	"rcu/services/internal/page"
)

// Limits of a correction.
const (
	maxCorrection = 32 << 10 // of a form: every attribute as it was and as it is to be
	maxOnce       = 128
	oldestPerson  = 130 // years
)

// input is an attribute that people correct, as a field of a form.
type input struct {
	name         string
	kind         string // text, date, country or language
	autocomplete string // what browsers know it by
	most         int    // characters, as the contract of traits has them
}

// correctable are the attributes that people say themselves, in the order of the form. A loyalty tier is the programme's to say, and points are
// changed where somebody can prove that the new one is theirs.
var correctable = []input{
	{"title", "text", "honorific-prefix", 32},
	{"given_name", "text", "given-name", 128},
	{"family_name", "text", "family-name", 128},
	{"birth_date", "date", "bday", 10},
	{"address_line", "text", "street-address", 256},
	{"postal_code", "text", "postal-code", 16},
	{"city", "text", "address-level2", 128},
	{"region", "text", "address-level1", 128},
	{"country", "country", "country", 2},
	{"language", "language", "language", 35},
}

// changed is an attribute in a form: as the page showed it, and as it is to be.
type changed struct{ was, value string }

// correctionForm is a correction as it was sent.
type correctionForm struct {
	correction
	asJSON bool
	fields map[string]changed // of a form: all of its fields
	seen   []string           // of a form: what its sender was shown that it takes away
}

// agreed reports whether who sends a correction knows what it takes away: a form that empties a field is shown first what that means.
func (f *correctionForm) agreed() bool { return f.asJSON || slices.Equal(f.empty, f.seen) }

// readCorrection reads a correction: of a form what is not as the page showed it, of JSON what was sent.
func readCorrection(w http.ResponseWriter, r *http.Request) (correctionForm, *problem) {
	f := correctionForm{asJSON: isJSON(r), correction: correction{traits: map[string]string{}}, fields: map[string]changed{}}
	if f.asJSON {
		return f, f.readJSON(w, r)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxCorrection)
	if r.ParseForm() != nil || r.PostForm.Get("do") != "correct" {
		return f, badChoice
	}
	f.once = r.PostForm.Get("once")
	for _, in := range correctable {
		if !r.PostForm.Has(in.name) {
			continue
		}
		x := changed{identifier.NormaliseText(r.PostForm.Get("was-" + in.name)), identifier.NormaliseText(r.PostForm.Get(in.name))}
		f.fields[in.name] = x
		switch x.value {
		case x.was:
		case "":
			f.empty = append(f.empty, in.name)
		default:
			f.traits[in.name] = x.value
		}
	}
	slices.Sort(f.empty)
	f.seen = slices.Sorted(slices.Values(r.PostForm["empty"]))
	if f.checkOnce() != nil {
		return f, badChoice
	}
	return f, nil
}

func (f *correctionForm) readJSON(w http.ResponseWriter, r *http.Request) *problem {
	var body struct {
		ID      string            `json:"id"` // of the caller: sending it again changes nothing
		Traits  map[string]string `json:"traits"`
		Emptied []string          `json:"emptied"`
	}
	if p := readJSON(w, r, &body); p != nil {
		return p
	}
	if len(body.Emptied) > len(correctable) {
		return badChoice
	}
	f.once, f.traits, f.empty = body.ID, body.Traits, slices.Compact(slices.Sorted(slices.Values(body.Emptied)))
	if f.once == "" {
		f.once = newID()
	}
	return f.checkOnce()
}

func (f *correctionForm) checkOnce() *problem {
	if f.once == "" || len(f.once) > maxOnce {
		return refuse(http.StatusUnprocessableEntity, "bad_id", "/id", "send an id of up to 128 bytes, of this correction alone")
	}
	return nil
}

// checkCorrection refuses what no contract of traits can tell: attributes that are not the person's to say, one that is told to be nothing, a birth
// date that is none.
func (s *Service) checkCorrection(c correction) *problem {
	for _, name := range c.empty {
		if p := s.checkAttribute("/emptied/", name); p != nil {
			return p
		}
	}
	for _, name := range keysOf(c.traits) {
		field := "/traits/" + name
		if p := s.checkAttribute("/traits/", name); p != nil {
			return p
		}
		switch {
		case strings.TrimSpace(c.traits[name]) == "":
			return refuse(http.StatusUnprocessableEntity, "required", field, "send what the attribute is to be, or its name in emptied")
		case name == "birth_date":
			if p := s.checkBirth(field, c.traits[name]); p != nil {
				return p
			}
		}
	}
	return nil
}

// checkAttribute refuses an attribute that is not the person's to say.
func (s *Service) checkAttribute(where, name string) *problem {
	switch {
	case s.deps.Registry.Traits[name].Owner == "":
		return refuse(http.StatusUnprocessableEntity, "not_listed", where+"*", "send attributes of the register alone")
	case !slices.ContainsFunc(correctable, func(in input) bool { return in.name == name }):
		return refuse(http.StatusUnprocessableEntity, "not_correctable", where+name, "leave it out: it is not the person's to say")
	}
	return nil
}

// checkBirth refuses a date on which nobody alive was born. Whether the text is a date is for the contract to say.
func (s *Service) checkBirth(field, date string) *problem {
	born, err := time.Parse(time.DateOnly, date)
	switch {
	case err != nil:
		return nil // the contract names it
	case born.After(s.now()):
		return refuse(http.StatusUnprocessableEntity, "in_future", field, "send the day of birth: it lies in the future")
	case born.Before(s.now().AddDate(-oldestPerson, 0, 0)):
		return refuse(http.StatusUnprocessableEntity, "too_early", field, "send the day of birth: nobody is as old")
	}
	return nil
}

// correctView is the form of a correction.
type correctView struct {
	Base   string // path of the preference centre
	Once   string
	Fields []correctField
	Wrong  []correctField // what has to be sent otherwise
}

type correctField struct {
	Name, Label, Type, Autocomplete string
	Max                             int
	Value, Was                      string
	Options                         []page.Choice
	Error                           string
}

// correctView makes the form, with every attribute as it is known or as it was sent.
func (s *Service) correctView(lang page.Language, base, once string, values map[string]changed) correctView {
	out := correctView{Base: base, Once: once}
	for _, in := range correctable {
		x := values[in.name]
		f := correctField{Name: in.name, Label: s.traitLabel(lang, in.name), Type: in.kind, Autocomplete: in.autocomplete, Max: in.most, Value: x.value, Was: x.was}
		switch in.kind {
		case "country":
			f.Options = page.Countries(lang)
		case "language":
			f.Options = page.SpokenLanguages(lang)
		}
		if f.Options != nil && x.value != "" && !slices.ContainsFunc(f.Options, func(c page.Choice) bool { return c.Value == x.value }) {
			f.Options = append([]page.Choice{{Value: x.value, Label: x.value}}, f.Options...)
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

// wrong is the form with what is wrong with one attribute.
func (v correctView) wrong(s *Service, lang page.Language, name, reason string) correctView {
	key := "correct.wrong." + reason
	if s.site.Words()[key] == nil {
		key = "correct.wrong.bad_form"
	}
	for i := range v.Fields {
		if f := &v.Fields[i]; f.Name == name {
			f.Error = s.site.Words().In(lang, key)
			v.Wrong = append(v.Wrong, *f)
		}
	}
	return v
}

// shownTraits are the attributes that the record shows, as a form begins with them.
func (x *record) shownTraits() map[string]changed {
	out := map[string]changed{}
	for _, t := range x.traits() {
		if t.Used {
			out[t.Name] = changed{t.Value, t.Value}
		}
	}
	return out
}
