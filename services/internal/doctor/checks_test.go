package doctor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/doctor"
)

func TestExamineOfNothing(t *testing.T) {
	for _, f := range doctor.Examine(doctor.Facts{}) {
		require.NotEqual(t, doctor.Problem, f.State, f.What)
	}
}

func TestExamine(t *testing.T) {
	tests := []struct {
		name, check, state string
		facts              doctor.Facts
	}{
		{"an older major version", "version", doctor.Problem, doctor.Facts{ClickHouse: doctor.Server{Addr: "x", Version: "24.12.1"}}},
		{"an older minor version", "version", doctor.Problem, doctor.Facts{ClickHouse: doctor.Server{Addr: "x", Version: "25.2.9"}}},
		{"the least version", "version", doctor.OK, doctor.Facts{ClickHouse: doctor.Server{Addr: "x", Version: "25.3.1.1"}}},
		{"a version of another form", "version", doctor.OK, doctor.Facts{Redis: doctor.Server{Addr: "x", Version: "unstable"}}},
		{"a clock behind", "clock", doctor.Problem, doctor.Facts{Redis: doctor.Server{Addr: "x", HasClock: true, Skew: -3 * time.Second}}},
		{"a clock a little ahead", "clock", doctor.OK, doctor.Facts{Redis: doctor.Server{Addr: "x", HasClock: true, Skew: time.Second}}},
		{"sends without permission", "sends", doctor.Problem, doctor.Facts{Schema: doctor.Schema{Asked: true, Current: 9, Target: 9, Sends: 2}}},
		{"every send was permitted", "sends", doctor.OK, doctor.Facts{Schema: doctor.Schema{Asked: true, Current: 9, Target: 9}}},
		{"nobody knows of sends", "sends", doctor.Unknown, doctor.Facts{Schema: doctor.Schema{Asked: true, Current: 9, Target: 9, SendsProblem: "no answer"}}},
		{"a newer schema", "schema", doctor.Problem, doctor.Facts{Schema: doctor.Schema{Asked: true, Current: 9, Target: 8}}},
		{"kafka without an answer on lag", "lag", doctor.Unknown, doctor.Facts{Lags: doctor.Lags{Asked: true, Problem: "timeout"}}},
		{"the first start", "keys", doctor.Unknown, doctor.Facts{Keys: doctor.Keys{Path: "keys.json"}}},
		{"stopped in order", "server", doctor.Unknown, doctor.Facts{Redis: doctor.Server{Addr: "x", Embedded: true}}},
		{"a redis that cannot write", "server", doctor.Problem, doctor.Facts{Redis: doctor.Server{Addr: "x", Refuses: "it cannot write its files"}}},
		{"one of two disks that is nearly full", "disk", doctor.Problem, doctor.Facts{Disks: []doctor.Disk{{Path: "a", Free: 9, Least: 5}, {Path: "b", Free: 4, Least: 5}}}},
		{"a port taken where services run alone", "port", doctor.Unknown, doctor.Facts{Alone: true, Ports: []doctor.Port{{Name: "a", Addr: "b", Taken: true}}}},
		{"a taken port", "port", doctor.Problem, doctor.Facts{Ports: []doctor.Port{{Name: "a", Addr: "b", Taken: true}}}},
		{"a taken port of our own", "port", doctor.OK, doctor.Facts{Running: true, Ports: []doctor.Port{{Name: "a", Addr: "b", Taken: true}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range doctor.Examine(tt.facts) {
				if f.Check == tt.check {
					got = append(got, f.State)
				}
			}
			require.Contains(t, got, tt.state)
			require.Equal(t, tt.state == doctor.Problem, !doctor.Healthy(doctor.Examine(tt.facts)))
		})
	}
}
