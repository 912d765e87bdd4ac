package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/profileapi"
)

// Reading is an answer of the profile API.
type Reading struct {
	Status int
	Body   string
	profileapi.Answer
}

// Lookup asks for the customer of an identifier.
func (s *Stack) Lookup(t testing.TB, reader string, id Identifier, purpose string) Reading {
	t.Helper()
	r, err := s.TryLookup(t.Context(), reader, id, purpose)
	require.NoError(t, err)
	return r
}

// TryLookup is Lookup for goroutines of a test.
func (s *Stack) TryLookup(ctx context.Context, reader string, id Identifier, purpose string) (Reading, error) {
	body, err := json.Marshal(map[string]any{
		"identifier": map[string]string{"namespace": id.Namespace, "value": id.Value, "scope": id.Scope}, "purpose": purpose,
	})
	if err != nil {
		return Reading{}, fmt.Errorf("encoding a look-up: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL("profile-api")+"/v1/profiles/lookup", bytes.NewReader(body))
	if err != nil {
		return Reading{}, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	return s.reading(reader, req)
}

// Get asks for the customer of an id.
func (s *Stack) Get(t testing.TB, reader, rcuID, purpose string) Reading {
	t.Helper()
	r, err := s.reading(reader, s.profileRequest(t, rcuID, "", purpose))
	require.NoError(t, err)
	return r
}

// Timeline asks for the newest events of a customer.
func (s *Stack) Timeline(t testing.TB, reader, rcuID, purpose string) profileapi.Timeline {
	t.Helper()
	var out profileapi.Timeline
	s.detail(t, reader, s.profileRequest(t, rcuID, "/timeline", purpose), &out)
	return out
}

// Explain asks why the identifiers of a customer are one person.
func (s *Stack) Explain(t testing.TB, reader, rcuID string) profileapi.Explanation {
	t.Helper()
	var out profileapi.Explanation
	s.detail(t, reader, s.profileRequest(t, rcuID, "/explain", "contract"), &out)
	return out
}

// Identifiers asks how a customer can be recognised.
func (s *Stack) Identifiers(t testing.TB, reader, rcuID string) profileapi.Identifiers {
	t.Helper()
	var out profileapi.Identifiers
	s.detail(t, reader, s.profileRequest(t, rcuID, "/identifiers", "contract"), &out)
	return out
}

func (s *Stack) profileRequest(t testing.TB, rcuID, detail, purpose string) *http.Request {
	t.Helper()
	address := s.URL("profile-api") + "/v1/profiles/" + url.PathEscape(rcuID) + detail + "?" + url.Values{"purpose": {purpose}}.Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	return req
}

func (s *Stack) reading(reader string, req *http.Request) (Reading, error) {
	r, err := s.raw(reader, req)
	if err == nil && r.Status == http.StatusOK {
		if err = json.Unmarshal([]byte(r.Body), &r.Answer); err != nil {
			err = fmt.Errorf("reading an answer of the profile API: %w", err)
		}
	}
	return r, err
}

func (s *Stack) detail(t testing.TB, reader string, req *http.Request, into any) {
	t.Helper()
	r, err := s.raw(reader, req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, r.Status, r.Body)
	require.NoError(t, json.Unmarshal([]byte(r.Body), into), r.Body)
}

func (s *Stack) raw(reader string, req *http.Request) (Reading, error) {
	req.Header.Set("Authorization", "Bearer "+s.readerKeys[reader])
	var r Reading
	var err error
	r.Status, r.Body, err = s.Do(req)
	return r, err
}
