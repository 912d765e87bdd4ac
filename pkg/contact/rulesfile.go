package contact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ParseRules reads rules as JSON, strictly. What is left out has its default; an empty list is none at all.
func ParseRules(b []byte) (Rules, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var r Rules
	err := d.Decode(&r)
	if err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("something stands behind the rules")
		}
	}
	if err != nil {
		return Rules{}, fmt.Errorf("reading rules of contacts: %w", err)
	}
	otherwise := Default()
	if r.Caps == nil {
		r.Caps = otherwise.Caps
	}
	if r.Hours == nil {
		r.Hours = otherwise.Hours
	}
	if r.Silences == nil {
		r.Silences = otherwise.Silences
	}
	if r.Ages == nil {
		r.Ages = otherwise.Ages
	}
	if r.HoldMinutes == 0 {
		r.HoldMinutes = otherwise.HoldMinutes
	}
	if err := r.Validate(); err != nil {
		return Rules{}, err
	}
	return r, nil
}
