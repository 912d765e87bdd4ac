package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDraw(t *testing.T) {
	out := draw([]point{{records: 9_990, seconds: .8}, {records: 100_000, seconds: 9.5}, {records: 1_000_000, seconds: 143}})
	for d := xml.NewDecoder(strings.NewReader(out)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, "it is well-formed")
	}
	require.Equal(t, 3, strings.Count(out, "<circle"))
	require.Contains(t, out, "143.0 s")
	require.Contains(t, out, "1 M")
	require.Contains(t, out, "10 k")
}
