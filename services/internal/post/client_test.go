package post

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func posted(t *testing.T, n int, serve func(w http.ResponseWriter, events [][]byte, call int)) (Outcome, []time.Duration, error) {
	t.Helper()
	call := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		call++
		serve(w, bytes.Split(bytes.TrimSpace(body), []byte("\n")), call)
	}))
	t.Cleanup(server.Close)
	var pauses []time.Duration
	c := Client{URL: server.URL, Key: "k", Wait: func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil }}
	events := make([][]byte, n)
	for i := range events {
		events[i] = fmt.Appendf(nil, `{"id":"%d"}`, i)
	}
	out, err := c.Post(context.Background(), events)
	return out, pauses, err
}

func results(w http.ResponseWriter, list []map[string]any) {
	_ = json.NewEncoder(w).Encode(map[string]any{"results": list})
}

func allAccepted(w http.ResponseWriter, events [][]byte) {
	list := make([]map[string]any, len(events))
	for i := range list {
		list[i] = map[string]any{"status": "accepted"}
	}
	results(w, list)
}

func TestBusyIngestorIsAskedAgainAfterThePauseItNames(t *testing.T) {
	out, pauses, err := posted(t, 3, func(w http.ResponseWriter, events [][]byte, call int) {
		switch call {
		case 1:
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			w.WriteHeader(http.StatusBadGateway)
		default:
			allAccepted(w, events)
		}
	})
	require.NoError(t, err)
	require.Equal(t, 3, out.Accepted)
	require.Len(t, pauses, 2)
	require.GreaterOrEqual(t, pauses[0], 2*time.Second)
}

func TestPatienceEnds(t *testing.T) {
	_, pauses, err := posted(t, 1, func(w http.ResponseWriter, _ [][]byte, _ int) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	require.ErrorContains(t, err, "503")
	require.LessOrEqual(t, len(pauses), 6)
}

func TestEventsThatAreAskedForAgainAreSentAgainAlone(t *testing.T) {
	var sizes []int
	out, _, err := posted(t, 4, func(w http.ResponseWriter, events [][]byte, call int) {
		sizes = append(sizes, len(events))
		if call > 1 {
			allAccepted(w, events)
			return
		}
		results(w, []map[string]any{
			{"status": "accepted"},
			{"status": "rejected", "reason": "overloaded", "retry": true},
			{"status": "rejected", "field": "/data", "reason": "required"},
			{"status": "dropped", "reason": "consent"},
		})
	})
	require.NoError(t, err)
	require.Equal(t, []int{4, 1}, sizes)
	require.Equal(t, Outcome{Accepted: 2, Dropped: map[string]int{"consent": 1}, Rejected: map[string]int{"required /data": 1}}, out)
}

func TestBatchThatIsTooLargeIsHalved(t *testing.T) {
	out, _, err := posted(t, 10, func(w http.ResponseWriter, events [][]byte, _ int) {
		if len(events) > 3 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		allAccepted(w, events)
	})
	require.NoError(t, err)
	require.Equal(t, 10, out.Accepted)
}

func TestRefusalsAreNotRepeated(t *testing.T) {
	for status, want := range map[int]string{400: "other_channel: use the port of store", 401: "--key", 404: "--url"} {
		_, pauses, err := posted(t, 1, func(w http.ResponseWriter, _ [][]byte, _ int) {
			w.WriteHeader(status)
			if status == 400 {
				_, _ = io.WriteString(w, `{"reason":"other_channel","fix":"use the port of store"}`)
			}
		})
		require.ErrorContains(t, err, want)
		require.Empty(t, pauses)
	}
	_, _, err := posted(t, 2, func(w http.ResponseWriter, _ [][]byte, _ int) { results(w, nil) })
	require.ErrorContains(t, err, "0 results for 2 events")
	_, _, err = posted(t, 2, func(w http.ResponseWriter, _ [][]byte, _ int) { _, _ = io.WriteString(w, "<html>") })
	require.ErrorContains(t, err, "not the one of an ingestor")
}

func TestClient_waitsAsLongAsTheHistoryLaneIsFull(t *testing.T) {
	for _, history := range []bool{true, false} {
		full, lanes := 1_000, map[string]int{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			lanes[r.URL.Query().Get("lane")]++
			if full--; full > 0 {
				w.Header().Set("Retry-After", "2")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			_, _ = w.Write([]byte(`{"results":[{"status":"accepted"}]}`))
		}))
		c := &Client{URL: server.URL, Key: "k", History: history, Wait: func(context.Context, time.Duration) error { return nil }}
		out, err := c.Post(t.Context(), [][]byte{[]byte(`{}`)})
		server.Close()
		require.Len(t, lanes, 1)
		if history {
			require.NoError(t, err)
			require.Equal(t, map[string]int{"history": 1_000}, lanes)
			require.Equal(t, 1, out.Accepted)
		} else {
			require.Error(t, err, "five minutes are over")
		}
	}
}
