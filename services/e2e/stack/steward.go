package stack

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/steward"
)

// End is an identifier as the steward's service wants it.
func (i Identifier) End() *steward.End { return &steward.End{Namespace: i.Namespace, Value: i.Value} }

// AskSteward sends a request to the steward's service as a reader, and reads its answer into v unless that is nil. It returns the status
// and the body.
func (s *Stack) AskSteward(t testing.TB, reader, method, path string, body, v any) (int, string) {
	t.Helper()
	raw := []byte(nil)
	if body != nil {
		var err error
		raw, err = json.Marshal(body)
		require.NoError(t, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL("steward")+path, bytes.NewReader(raw))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+s.readerKeys[reader])
	status, text, err := s.Do(req)
	require.NoError(t, err)
	if v != nil && (status == http.StatusOK || status == http.StatusAccepted) {
		require.NoError(t, json.Unmarshal([]byte(text), v), text)
	}
	return status, text
}

// Act does an act as the steward of every stack, as if nothing held before, unless seen names what does.
func (s *Stack) Act(t testing.TB, op, reason, seen string, ends ...Identifier) steward.Done {
	t.Helper()
	asked := steward.Asked{Op: op, Reason: reason, Seen: &seen, A: ends[0].End()}
	if len(ends) > 1 {
		asked.B = ends[1].End()
	}
	var done steward.Done
	status, text := s.AskSteward(t, Steward, http.MethodPost, "/v1/acts", asked, &done)
	require.Equal(t, http.StatusOK, status, text)
	return done
}

// Undo takes an act back.
func (s *Stack) Undo(t testing.TB, id, reason string) steward.Done {
	t.Helper()
	var done steward.Done
	status, text := s.AskSteward(t, Steward, http.MethodPost, "/v1/acts/"+id+"/undo", map[string]string{"reason": reason}, &done)
	require.Equal(t, http.StatusOK, status, text)
	return done
}

// Preview asks what an act would do.
func (s *Stack) Preview(t testing.TB, op string, ends ...Identifier) steward.Preview {
	t.Helper()
	asked := steward.Asked{Op: op, A: ends[0].End()}
	if len(ends) > 1 {
		asked.B = ends[1].End()
	}
	var out steward.Preview
	status, text := s.AskSteward(t, Steward, http.MethodPost, "/v1/acts/preview", asked, &out)
	require.Equal(t, http.StatusOK, status, text)
	return out
}
