package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Answer is what an ingestor answers for a request.
type Answer struct {
	Status     int
	Body       string
	RetryAfter string // the header

	Accepted int      `json:"accepted"`
	Rejected int      `json:"rejected"`
	Dropped  int      `json:"dropped"`
	Results  []Result `json:"results"`
}

// Result is what became of one event.
type Result struct {
	Index  int    `json:"index"`
	ID     string `json:"id"`
	Status string `json:"status"`
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Fix    string `json:"fix"`
}

// Send posts events of one source in one request and fails the test unless all were accepted.
func (s *Stack) Send(t testing.TB, source string, events ...any) {
	t.Helper()
	a := s.Post(t, source, events...)
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	require.Equal(t, len(events), a.Accepted, a.Body)
}

// Post posts events of one source in one request: Event values, or json.RawMessage.
func (s *Stack) Post(t testing.TB, source string, events ...any) Answer {
	t.Helper()
	body, err := json.Marshal(events)
	require.NoError(t, err)
	return s.PostBody(t, source, body)
}

// PostBody posts bytes as they are.
func (s *Stack) PostBody(t testing.TB, source string, body []byte) Answer {
	t.Helper()
	a, err := s.TryPost(t.Context(), source, body)
	require.NoError(t, err)
	return a
}

// SendHistory is Send through the history lane.
func (s *Stack) SendHistory(t testing.TB, source string, events ...any) {
	t.Helper()
	body, err := json.Marshal(events)
	require.NoError(t, err)
	a, err := s.post(t.Context(), source, "?lane=history", "application/json", body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	require.Equal(t, len(events), a.Accepted, a.Body)
}

// TryPost is PostBody for goroutines of a test and for a program that may be gone.
func (s *Stack) TryPost(ctx context.Context, source string, body []byte) (Answer, error) {
	return s.post(ctx, source, "", "application/json", body)
}

func (s *Stack) post(ctx context.Context, source, query, contentType string, body []byte) (Answer, error) {
	var a Answer
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL("ingest-"+channels[source])+"/v1/events"+query, bytes.NewReader(body))
	if err != nil {
		return a, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+s.sourceKeys[source])
	header, err := s.do(req, &a.Status, &a.Body)
	if a.RetryAfter = header.Get("Retry-After"); err != nil || a.Status != http.StatusOK {
		return a, err
	}
	if err := json.Unmarshal([]byte(a.Body), &a); err != nil {
		return a, fmt.Errorf("reading the answer of an ingestor: %w", err)
	}
	return a, nil
}

// Do sends any request and returns status and body of the answer.
func (s *Stack) Do(req *http.Request) (status int, body string, err error) {
	_, err = s.do(req, &status, &body)
	return status, body, err
}

func (s *Stack) do(req *http.Request, status *int, body *string) (http.Header, error) {
	resp, err := s.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the program: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	*status = resp.StatusCode
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.Header, fmt.Errorf("reading an answer: %w", err)
	}
	*body = string(raw)
	return resp.Header, nil
}

// PostLines posts JSON texts one after the other, declared as lines or as JSON.
func (s *Stack) PostLines(t testing.TB, source string, lines bool, events ...[]byte) Answer {
	t.Helper()
	kind := "application/json"
	if lines {
		kind = "application/x-ndjson"
	}
	a, err := s.post(t.Context(), source, "", kind, bytes.Join(events, []byte("\n")))
	require.NoError(t, err)
	return a
}
