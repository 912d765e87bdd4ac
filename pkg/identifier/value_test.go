package identifier_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
)

func TestValue_isRedactedHoweverItIsPrinted(t *testing.T) {
	const planted = "marie.planted@example.fr"
	type wrapped struct{ Value identifier.Value }
	v := identifier.Plain(planted)
	require.Equal(t, planted, v.Reveal())
	for _, x := range []any{v, &v, wrapped{v}, []identifier.Value{v}, map[string]identifier.Value{"a": v}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			require.NotContains(t, fmt.Sprintf(verb, x), "planted", verb)
		}
		raw, err := json.Marshal(x)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "planted")
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("seen", "value", x)
		require.NotContains(t, log.String(), "planted")
	}
	require.NotContains(t, fmt.Sprintf("%x", v), fmt.Sprintf("%x", planted), "not in hexadecimal either")
	require.NotContains(t, fmt.Errorf("reading %w: %v", bytes.ErrTooLarge, v).Error(), "planted")
}
