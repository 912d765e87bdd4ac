package consentapi

import (
	"slices"
	"time"

	"rcu/services/internal/page"
)

// emptyView is the look at what a form takes away, before anything is taken.
type emptyView struct {
	Base, Once string
	Emptied    []correctField // what is to be known no more
	Changed    []correctField // what is to be otherwise beside it
	Fields     []correctField // the form as it was sent
}

func (s *Service) emptyView(lang page.Language, base string, form correctionForm) emptyView {
	out := emptyView{Base: base, Once: form.once, Fields: s.correctView(lang, base, form.once, form.fields).Fields}
	for _, f := range out.Fields {
		switch {
		case slices.Contains(form.empty, f.Name):
			out.Emptied = append(out.Emptied, f)
		case f.Value != f.Was:
			out.Changed = append(out.Changed, f)
		}
	}
	return out
}

// emptyRow is an attribute that the person took away.
type emptyRow struct {
	Label string
	At    time.Time
}

// emptyRows are the attributes that were taken away and of which nothing counts since.
func (s *Service) emptyRows(lang page.Language, x *record) []emptyRow {
	var out []emptyRow
	for _, e := range x.profile.Emptied {
		if x.profile.IsEmptied(e.Name) {
			out = append(out, emptyRow{s.traitLabel(lang, e.Name), time.UnixMicro(e.At).UTC()})
		}
	}
	return out
}

// emptyFile is an attribute that the person took away, in the file of a record.
type emptyFile struct {
	Name   string    `json:"name"`
	Source string    `json:"source"`
	At     time.Time `json:"at"`
}

// emptied are the attributes that were taken away, by name, for the file. One that is among the traits again was told since.
func (x *record) emptied() []emptyFile {
	var out []emptyFile
	for _, e := range x.profile.Emptied {
		out = append(out, emptyFile{e.Name, e.Source, time.UnixMicro(e.At).UTC()})
	}
	return out
}
