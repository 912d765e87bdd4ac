package profile_test

import (
	"fmt"
	"testing"

	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
)

// journey makes n events of one customer: mostly sales, some orders, calls and log-ins.
func journey(leaf string, n int) []*eventpb.Event {
	out := make([]*eventpb.Event, 0, n)
	for i := range n {
		id, at := fmt.Sprint(leaf, "-", i), day0+int64(i)*20*hour
		e := sale(id, id, at, int64(1000+i), "EUR")
		switch i % 5 {
		case 3:
			e = order(id, id, at, int64(1000+i), "EUR")
		case 4:
			e = fill(profile.TypeCall, id, id, at, 60, "EUR")
		}
		e.Leaf = cardLeaf(leaf)
		e.Traits = map[string]string{"language": "fr"}
		out = append(out, e)
	}
	return out
}

func packed(b *testing.B, leaf string, n int) []byte {
	b.Helper()
	s := &profile.State{}
	for i, e := range journey(leaf, n) {
		s.Fold(profile.Folding{Event: e, Traits: traits(e), Offset: profile.SourceOffset{LogID: "log", Topic: "rcu.events.store", Offset: int64(i)}})
	}
	return s.Encode()
}

// sizes: a small leaf, a full log, a full log with a full tail.
var sizes = []int{5, 128, 700}

func BenchmarkDecode(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			value := packed(b, "1", n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := profile.Decode(value); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(value)), "bytes")
		})
	}
}

// BenchmarkFoldEncode is what one event costs the resolver: read the state, fold, pack.
func BenchmarkFoldEncode(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			value := packed(b, "1", n)
			next := journey("1", n+1)[n]
			folding := profile.Folding{Event: next, Traits: traits(next), Offset: profile.SourceOffset{LogID: "log", Topic: "rcu.events.store", Offset: int64(n)}}
			b.ReportAllocs()
			for b.Loop() {
				s, err := profile.Decode(value)
				if err != nil {
					b.Fatal(err)
				}
				if s.Fold(folding) != profile.Folded {
					b.Fatal("not folded")
				}
				_ = s.Encode()
			}
		})
	}
}

func BenchmarkCombine(b *testing.B) {
	for _, n := range []int{5, 128} {
		b.Run(fmt.Sprint("4x", n), func(b *testing.B) {
			var leaves []*profile.State
			for _, leaf := range []string{"1", "2", "3", "4"} {
				s, err := profile.Decode(packed(b, leaf, n))
				if err != nil {
					b.Fatal(err)
				}
				leaves = append(leaves, s)
			}
			b.ReportAllocs()
			for b.Loop() {
				_ = profile.Combine(leaves)
			}
		})
	}
}
