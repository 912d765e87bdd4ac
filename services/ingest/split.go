package ingest

import (
	"bytes"
	"mime"

	"rcu/pkg/httpserver"
)

// form is how the events of a body are laid out.
type form int

const (
	formUnknown form = iota
	formJSON         // one object, or an array of objects; several objects one after another are taken too
	formLines        // one object a line
)

// formOf reads the content type; an absent one is JSON.
func formOf(header string) form {
	if header == "" {
		return formJSON
	}
	media, _, err := mime.ParseMediaType(header)
	if err != nil {
		return formUnknown
	}
	switch media {
	case "application/json":
		return formJSON
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
		return formLines
	default:
		return formUnknown
	}
}

var (
	problemEmpty   = httpserver.Problem{Reason: "empty_body", Fix: "send a JSON object, an array of objects, or one object a line"}
	problemNotJSON = httpserver.Problem{Reason: "invalid_json", Fix: "send a JSON object, an array of objects, or one object a line with Content-Type: application/x-ndjson"}
	problemCut     = httpserver.Problem{Reason: "invalid_json", Fix: "the body ends inside an object: send it whole"}
	problemRest    = httpserver.Problem{Reason: "trailing_bytes", Fix: "send nothing after the end of the array"}
)

// parts is a body cut into events. The pieces alias the body.
type parts struct {
	events [][]byte
	cut    bool // an array that does not end: its last event is missing or incomplete
}

// split cuts a body into at most most+1 events by brackets alone, so that one bad event does not spoil the others:
// whether a piece is JSON is decided by the parser of events.
func split(body []byte, f form, most int) (parts, *httpserver.Problem) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	body = trim(body)
	if len(body) == 0 {
		return parts{}, &problemEmpty
	}
	if f == formLines {
		return splitLines(body, most)
	}
	switch body[0] {
	case '[':
		return splitArray(body, most)
	case '{':
		return splitObjects(body, most)
	default:
		return parts{}, &problemNotJSON
	}
}

func trim(b []byte) []byte { return bytes.Trim(b, " \t\r\n") }

func splitLines(body []byte, most int) (parts, *httpserver.Problem) {
	var p parts
	for len(body) > 0 && len(p.events) <= most {
		line, rest, _ := bytes.Cut(body, []byte{'\n'})
		if line = trim(line); len(line) > 0 {
			p.events = append(p.events, line)
		}
		body = rest
	}
	return p, nil
}

func splitArray(body []byte, most int) (parts, *httpserver.Problem) {
	var p parts
	rest := trim(body[1:])
	if len(rest) > 0 && rest[0] == ']' {
		if len(trim(rest[1:])) > 0 {
			return parts{}, &problemRest
		}
		return parts{}, &problemEmpty
	}
	for len(p.events) <= most {
		end := pieceEnd(rest)
		p.events = append(p.events, trim(rest[:end]))
		if end == len(rest) {
			p.cut = true
			return p, nil
		}
		closed := rest[end] == ']'
		rest = rest[end+1:]
		if closed {
			if len(trim(rest)) > 0 {
				return parts{}, &problemRest
			}
			return p, nil
		}
	}
	return p, nil
}

func splitObjects(body []byte, most int) (parts, *httpserver.Problem) {
	var p parts
	for len(body) > 0 && len(p.events) <= most {
		if body[0] != '{' {
			return parts{}, &problemNotJSON
		}
		end, whole := objectEnd(body)
		if !whole {
			return parts{}, &problemCut
		}
		p.events = append(p.events, body[:end])
		body = trim(body[end:])
	}
	return p, nil
}

// pieceEnd is the index of the comma or bracket that ends an element of an array, or len(b).
func pieceEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// objectEnd is the index after the bracket that closes the one at 0.
func objectEnd(b []byte) (int, bool) {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(b), false
}

// stringEnd is the index of the quote that ends the string begun at i, or the last index of b.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b) - 1
		}
		i += n
		slashes := 0
		for j := i - 1; b[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
	return len(b) - 1
}
