package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sample = `{"Action":"output","Package":"rcu/pkg/a","Test":"TestX","Output":"    x.go:1: testkit: backend=redis from=embedded\n"}
{"Action":"pass","Package":"rcu/pkg/a","Test":"TestX","Elapsed":0.1}
{"Action":"output","Package":"rcu/pkg/a","Test":"TestY","Output":"    x.go:1: testkit: no kafka: not here\n"}
{"Action":"skip","Package":"rcu/pkg/a","Test":"TestY"}
{"Action":"pass","Package":"rcu/pkg/a","Elapsed":1.25}
{"Action":"pass","Package":"rcu/pkg/pure","Test":"TestP"}
{"Action":"pass","Package":"rcu/pkg/pure","Elapsed":0.5}
{"Action":"skip","Package":"rcu/pkg/none","Elapsed":0}
`

func TestTable(t *testing.T) {
	var out bytes.Buffer
	r := report{suites: map[string]*suite{}}
	require.NoError(t, r.read(strings.NewReader(sample), &out))
	require.True(t, r.print(&out))
	require.Regexp(t, `rcu/pkg/a +kafka +0 +1\n +redis +1 +0\nrcu/pkg/pure +- +1 +0\n\n2 passed, 0 failed, 1 skipped\n$`, out.String())
	require.Contains(t, out.String(), "ok    rcu/pkg/a")
}

func TestTheSlowestAreNamed(t *testing.T) {
	var in strings.Builder
	for i := range slowest + 5 {
		fmt.Fprintf(&in, `{"Action":"pass","Package":"rcu/pkg/a","Test":"Test%d","Elapsed":%d}`+"\n", i, i)
	}
	in.WriteString(`{"Action":"pass","Package":"rcu/pkg/a","Test":"Test1/part","Elapsed":99}` + "\n")
	var out bytes.Buffer
	r := report{suites: map[string]*suite{}}
	require.NoError(t, r.read(strings.NewReader(in.String()), &out))
	require.True(t, r.print(&out))
	require.Regexp(t, `\nslowest\n +19\.0s rcu/pkg/a +Test19\n +18\.0s rcu/pkg/a +Test18\n`, out.String())
	require.Regexp(t, ` 5\.0s rcu/pkg/a +Test5\n\n`, out.String())
	require.NotContains(t, out.String(), "part")
	require.NotContains(t, out.String(), " Test4\n")
}

func TestFailuresAreShown(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"a test", `{"Action":"output","Package":"p","Test":"T","Output":"boom\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"T"}` + "\n" + `{"Action":"fail","Package":"p"}`, "--- p T\nboom\n"},
		{"a package that does not build", `{"Action":"output","Package":"p","Output":"FAIL p [build failed]\n"}` + "\n" + `{"Action":"fail","Package":"p"}`, "[build failed]"},
		{"nothing ran", `{"Action":"skip","Package":"p"}`, "0 passed, 0 failed, 0 skipped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			r := report{suites: map[string]*suite{}}
			require.NoError(t, r.read(strings.NewReader(tt.in), &out))
			require.False(t, r.print(&out))
			require.Contains(t, out.String(), tt.want)
		})
	}
}
