package ingest

import (
	"encoding/json"
	"strconv"
)

// Answer is the body of a 200: one result an event, in the order of the request.
type Answer struct {
	Accepted  int      `json:"accepted"`
	Rejected  int      `json:"rejected"`
	Dropped   int      `json:"dropped"`
	Results   []Result `json:"results"`
	RequestID string   `json:"request_id"`
}

// Result says what became of one event.
type Result struct {
	Index  int    `json:"index"`
	ID     string `json:"id,omitempty"`     // the event's own id
	Status string `json:"status"`           // accepted | rejected | dropped
	Field  string `json:"field,omitempty"`  // JSON pointer into the event; empty: the whole event
	Reason string `json:"reason,omitempty"` // stable code
	Fix    string `json:"fix,omitempty"`    // what to send instead
	Held   bool   `json:"held,omitempty"`   // accepted, and judged once the consent of its device can be read
	// Signal says why a consent string of the event was not taken, whatever became of the event; nothing was granted by it.
	Signal *SignalProblem `json:"signal,omitempty"`
	// Ungiven says which grants of the event count as not given, and why; the event is taken as any other.
	Ungiven []Ungiven `json:"ungiven,omitempty"`
}

// Ungiven says why one grant of an event counts as not given.
type Ungiven struct {
	Field  string `json:"field"` // JSON pointer into the event
	Reason string `json:"reason"`
	Fix    string `json:"fix"`
}

// append writes the answer's JSON; encoding/json is for texts that need escapes only.
func (a *Answer) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"accepted":`...), int64(a.Accepted), 10)
	b = strconv.AppendInt(append(b, `,"rejected":`...), int64(a.Rejected), 10)
	b = strconv.AppendInt(append(b, `,"dropped":`...), int64(a.Dropped), 10)
	b = append(b, `,"results":[`...)
	for i := range a.Results {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.Results[i].append(b)
	}
	b = append(b, `],"request_id":`...)
	b = appendText(b, a.RequestID)
	return append(b, '}')
}

func (r *Result) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"index":`...), int64(r.Index), 10)
	for _, f := range [...]struct{ name, value string }{
		{`,"id":`, r.ID}, {`,"status":`, r.Status}, {`,"field":`, r.Field}, {`,"reason":`, r.Reason}, {`,"fix":`, r.Fix},
	} {
		if f.value != "" {
			b = appendText(append(b, f.name...), f.value)
		}
	}
	if r.Held {
		b = append(b, `,"held":true`...)
	}
	if p := r.Signal; p != nil {
		b = appendProblem(append(b, `,"signal":`...), p.Field, p.Reason, p.Fix)
	}
	for i, u := range r.Ungiven {
		if i == 0 {
			b = append(b, `,"ungiven":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendProblem(b, u.Field, u.Reason, u.Fix)
	}
	if len(r.Ungiven) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendProblem(b []byte, field, reason, fix string) []byte {
	b = appendText(append(b, `{"field":`...), field)
	b = appendText(append(b, `,"reason":`...), reason)
	b = appendText(append(b, `,"fix":`...), fix)
	return append(b, '}')
}

func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			escaped, _ := json.Marshal(s) // a string always has a JSON form
			return append(b, escaped...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
