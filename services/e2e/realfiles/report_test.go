package realfiles

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"rcu/services/e2e/realdata"
)

// report is the table that a run prints: file, rows, events, sums, seconds.
type report struct {
	b strings.Builder
	w *tabwriter.Writer
}

func newReport() *report {
	r := &report{}
	r.w = tabwriter.NewWriter(&r.b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(r.w, "file\trows\tevents\tlines\tcustomers\tnobody's\tsold\treturned\timport s\tsettled s")
	return r
}

func (r *report) add(f file, want realdata.Figures, importing, settled time.Duration) {
	var events, lines, nobody int
	for typ, n := range want.Events {
		events, lines, nobody = events+n, lines+want.Lines[typ], nobody+want.Anonymous[typ]
	}
	sold, returned := map[string]int64{}, map[string]int64{}
	for k, v := range want.Sums {
		if k.Type == "return" {
			returned[k.Currency] += v
		} else {
			sold[k.Currency] += v
		}
	}
	after := "-" // together with others
	if settled > 0 {
		after = fmt.Sprintf("%.1f", settled.Seconds())
	}
	_, _ = fmt.Fprintf(r.w, "%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%.1f\t%s\n", f.space+" "+f.Mapping, want.Rows, events, lines, len(want.Customers), nobody,
		money(sold), money(returned), importing.Seconds(), after)
}

func money(sums map[string]int64) string {
	out := "-"
	for currency, minor := range sums { // a file has one currency
		out = fmt.Sprintf("%s %d.%02d", currency, minor/100, minor%100)
	}
	return out
}

func (r *report) print(t *testing.T) {
	t.Helper()
	_ = r.w.Flush()
	t.Logf("through the pipeline, all figures equal to the files:\n%s", r.b.String())
}
