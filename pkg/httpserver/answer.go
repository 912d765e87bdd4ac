package httpserver

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Problem is the body of every answer that is not a success. It never holds a value of the request.
type Problem struct {
	Reason    string `json:"reason"`          // stable code
	Field     string `json:"field,omitempty"` // JSON pointer or name of a header
	Fix       string `json:"fix"`             // what to do, one sentence
	RequestID string `json:"request_id,omitempty"`
}

// WriteProblem answers with a status and a problem.
func WriteProblem(w http.ResponseWriter, r *http.Request, status int, p Problem) {
	p.RequestID = RequestID(r.Context())
	WriteJSON(w, status, p)
}

// WriteUnauthorized answers a request whose key was missing, or is none of a reader.
func WriteUnauthorized(w http.ResponseWriter, r *http.Request, missing bool) {
	p := Problem{Reason: "unknown_key", Field: "Authorization", Fix: "send the key of a reader that readers.yaml knows"}
	if missing {
		p.Reason, p.Fix = "no_key", "send Authorization: Bearer and the key of a reader"
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	WriteProblem(w, r, http.StatusUnauthorized, p)
}

// WriteRetry answers with a status, Retry-After in whole seconds (at least 1), and a problem.
func WriteRetry(w http.ResponseWriter, r *http.Request, status int, after time.Duration, p Problem) {
	SetRetryAfter(w, after)
	WriteProblem(w, r, status, p)
}

// SetRetryAfter sets the header Retry-After, rounded up to whole seconds, at least 1.
func SetRetryAfter(w http.ResponseWriter, after time.Duration) {
	seconds := max(1, int64((after+time.Second-1)/time.Second))
	w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
}

// Late fails once the time of a request is over. A context alone says so later: a process that stood still goes on before its timers do, and would
// answer with what was true before.
func Late(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err() //nolint:wrapcheck // its caller's end
}

// WriteJSON answers with a status and the JSON form of v; v is a type of the product that always has one.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"reason":"internal","fix":"try again"}`)
	}
	WriteBody(w, status, body)
}

// WriteBody answers with a status and JSON bytes.
func WriteBody(w http.ResponseWriter, status int, body []byte) {
	WriteBodyAs(w, status, "application/json", body)
}

// WriteBodyAs answers with a status and bytes of a content type.
func WriteBodyAs(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
