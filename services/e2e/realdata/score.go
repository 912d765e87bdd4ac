package realdata

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
)

// EventKey names an event: ids are unique within their source.
type EventKey struct{ Source, ID string }

// Truth says whom each event is about, as a free text per person; Nobody where the event names nobody at all.
type Truth map[EventKey]string

// Nobody is the person of events that identify nobody.
const Nobody = ""

// Scores compare clusters of events with the truth.
type Scores struct {
	Events        int // with a person in the truth
	People        int
	Records       int // clusters with at least one such event
	TruePairs     int64
	FoundPairs    int64
	CorrectPairs  int64
	Precision     float64 // of pairs
	Recall        float64
	OthersEvents  int // events in a record that belong to another person than most of that record
	OthersShare   float64
	JoinedPeople  int // records that hold events of more than one person
	Unclustered   int // events that lie in no record: each counts as a record of its own
	LargestRecord int // people in the record that holds most of them
}

// String prints the scores in one line.
func (s Scores) String() string {
	return fmt.Sprintf("pair precision %.3f  pair recall %.3f  other's events %.2f %% (%d of %d)  people %d  records %d  joined %d (largest %d people)",
		s.Precision, s.Recall, 100*s.OthersShare, s.OthersEvents, s.Events, s.People, s.Records, s.JoinedPeople, s.LargestRecord)
}

func pairs(n int64) int64 { return n * (n - 1) / 2 }

// Score compares clusters (event -> rcu_id, "" or absent = in no record) with the truth.
func Score(clusters map[EventKey]string, truth Truth) Scores {
	var s Scores
	people, records := map[string]int64{}, map[string]map[string]int64{}
	for event, person := range truth {
		if person == Nobody {
			continue
		}
		s.Events++
		people[person]++
		record := clusters[event]
		if record == "" {
			s.Unclustered++
			continue
		}
		if records[record] == nil {
			records[record] = map[string]int64{}
		}
		records[record][person]++
	}
	s.People, s.Records = len(people), len(records)
	for _, n := range people {
		s.TruePairs += pairs(n)
	}
	for _, in := range records {
		var all, most int64
		for _, n := range in {
			s.CorrectPairs += pairs(n)
			all += n
			most = max(most, n)
		}
		s.FoundPairs += pairs(all)
		s.OthersEvents += int(all - most)
		if len(in) > 1 {
			s.JoinedPeople++
		}
		s.LargestRecord = max(s.LargestRecord, len(in))
	}
	s.Precision, s.Recall = ratio(s.CorrectPairs, s.FoundPairs), ratio(s.CorrectPairs, s.TruePairs)
	if s.Events > 0 {
		s.OthersShare = float64(s.OthersEvents) / float64(s.Events)
	}
	return s
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// Joined is two people whose events lie in one record.
type Joined struct{ Record, A, B string }

// NamesakesJoined lists the pairs of people of one name (name by person) that share a record. It must be empty for tau-bench.
func NamesakesJoined(clusters map[EventKey]string, truth Truth, name map[string]string) []Joined {
	in := map[string]map[string]bool{}
	for event, person := range truth {
		if record := clusters[event]; record != "" && name[person] != "" {
			if in[record] == nil {
				in[record] = map[string]bool{}
			}
			in[record][person] = true
		}
	}
	var out []Joined
	for record, people := range in {
		list := make([]string, 0, len(people))
		for p := range people {
			list = append(list, p)
		}
		slices.Sort(list)
		for i, a := range list {
			for _, b := range list[i+1:] {
				if name[a] == name[b] {
					out = append(out, Joined{record, a, b})
				}
			}
		}
	}
	slices.SortFunc(out, func(x, y Joined) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return out
}

// ReadTruth reads truth.csv: source, id, person.
func ReadTruth(in io.Reader) (Truth, error) {
	t := Truth{}
	err := triples(in, func(source, id, person string) { t[EventKey{source, id}] = person })
	return t, err
}

// ReadClusters reads clusters.csv: source, id, rcu_id.
func ReadClusters(in io.Reader) (map[EventKey]string, error) {
	c := map[EventKey]string{}
	err := triples(in, func(source, id, record string) { c[EventKey{source, id}] = record })
	return c, err
}

func triples(in io.Reader, each func(a, b, c string)) error {
	r := csv.NewReader(in)
	r.FieldsPerRecord = 3
	for line := 0; ; line++ {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading triples: %w", err)
		}
		if line > 0 {
			each(rec[0], rec[1], rec[2])
		}
	}
}
