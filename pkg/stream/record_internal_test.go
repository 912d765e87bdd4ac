package stream

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventpb "rcu/schemas/event"
)

func TestEncode_headersOfATypeAreMadeOnce(t *testing.T) {
	encode := func() Record {
		r, err := Encode(TopicOwners, []byte("key"), &eventpb.Owner{Space: "s"}, time.Unix(1, 0))
		require.NoError(t, err)
		return r
	}
	news, plain := encode(), encode()
	news.Headers = append(news.Headers, Header{Key: HeaderNews, Value: []byte("1")})
	other := append(plain.Headers, Header{Key: HeaderNews, Value: []byte("2")}) //nolint:gocritic // into what was shared
	name := Header{Key: HeaderType, Value: []byte("rcu.event.v1.Owner")}
	require.Equal(t, []Header{name, {Key: HeaderNews, Value: []byte("1")}}, news.Headers, "what a record adds is its own")
	require.Equal(t, []Header{name, {Key: HeaderNews, Value: []byte("2")}}, other)
	require.Equal(t, []Header{name}, plain.Headers)
	m := new(eventpb.Owner)
	require.InDelta(t, 0, testing.AllocsPerRun(100, func() { _ = typeHeaders(m) }), 0)
}
