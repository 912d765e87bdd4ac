package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
	"rcu/services/internal/boot"
)

func TestSQL_tableJSONAndErrors(t *testing.T) {
	dsn := testkit.ClickHouse(t)
	cfg, err := warehouse.ParseURL(dsn)
	require.NoError(t, err)
	w, err := warehouse.Open(cfg)
	require.NoError(t, err)
	require.NoError(t, w.Migrate(t.Context()))
	require.NoError(t, w.Close())

	ask := func(c sqlCmd, json bool, stdin string) (string, error) {
		var out bytes.Buffer
		c.ClickHouse, c.Rows, c.Time = dsn, max(c.Rows, 1), 10e9
		err := c.Run(t.Context(), &app{world: boot.IO{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &out}, json: json, data: t.TempDir()})
		return out.String(), err
	}
	text, err := ask(sqlCmd{Statement: "SELECT 1 AS n, 'x' AS s"}, false, "")
	require.NoError(t, err)
	require.Equal(t, "n  s\n─  ─\n1  x\n(1 rows)\n", text)
	text, err = ask(sqlCmd{Statement: "-"}, true, "SELECT number AS n FROM numbers(5)")
	require.NoError(t, err)
	require.Equal(t, "{\"n\":0}\n", text)
	text, err = ask(sqlCmd{Statement: "SELECT count() AS customers FROM customer_360"}, true, "")
	require.NoError(t, err)
	require.Equal(t, "{\"customers\":0}\n", text)

	_, err = ask(sqlCmd{Statement: "SELECT * FROM nowhere"}, false, "")
	require.ErrorContains(t, err, "UNKNOWN_TABLE")
	require.ErrorContains(t, err, "nowhere")
	_, err = ask(sqlCmd{Statement: "DROP TABLE events"}, false, "")
	require.ErrorContains(t, err, "READONLY")
	_, err = ask(sqlCmd{Statement: "SELECT toUInt8(materialize('jane@example.org'))"}, false, "")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "jane")
	_, err = ask(sqlCmd{Statement: "-"}, false, " ")
	require.ErrorContains(t, err, "empty")
}

func TestSQL_withoutClickHouse_saysWhatToDo(t *testing.T) {
	var out bytes.Buffer
	err := sqlCmd{Statement: "SELECT 1", Rows: 1, Time: 10e9}.Run(t.Context(), &app{world: boot.IO{Stdout: &out, Stderr: &out}, data: t.TempDir()})
	require.ErrorContains(t, err, "--clickhouse")
}
