package stream_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
)

func TestPasswords_showNowhere(t *testing.T) {
	c := stream.Config{Brokers: []string{"kafka:9092"}, SASL: stream.SASL{Mechanism: "plain", Username: "rcu", Password: "zqxvwjpassword"}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(verb, c)
		require.Contains(t, text, "plain as rcu", verb)
		require.NotContains(t, text, "zqxvwj", verb)
	}
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "zqxvwj")
}
