package event_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/event/badinput"
)

// Every bad event is refused with its field and reason; nothing that was planted in it shows in the rejection, and no card number or
// IBAN stays in the bytes that are kept.
func TestBadInput(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	cases := badinput.Cases()
	require.GreaterOrEqual(t, len(cases), 60)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			draft, r := d.Decode(c.Body, origin(t, c.Channel), received)
			require.NotNil(t, r)
			require.Nil(t, draft)
			require.Equal(t, c.Reason, r.Reason, "%s: %s", r.Field, r.Fix)
			require.Equal(t, c.Field, r.Field)
			require.NotEmpty(t, r.Fix)
			require.NotEmpty(t, r.Redacted)
			if c.Planted == "" {
				return
			}
			require.NotContains(t, fmt.Sprint(r.ID, r.Type, r.Field, r.Reason, r.Fix), c.Planted)
			if _, found := event.Redact(c.Body); found {
				require.NotContains(t, string(r.Redacted), c.Planted)
				require.Equal(t, json.Valid(c.Body), json.Valid(r.Redacted), "%s", r.Redacted)
			}
		})
	}
}

// What looks like a payment card number and stands where numbers of things stand is taken.
func TestNumbersOfThings(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	for _, body := range []string{
		`{"id":"4222222222222","type":"sale","occurred_at":"2026-03-14T10:22:31Z","data":{"total":{"amount":1},"lines":[{"sku":"4222222222222","quantity":1,"amount":1}]}}`,
		`{"id":"1","type":"sale","occurred_at":"2026-03-14T10:22:31Z","identifiers":[{"namespace":"card","value":"6759649826438453"},{"value":"4222222222222","namespace":"order"}],"data":{"total":{"amount":1}}}`,
	} {
		_, r := d.Decode([]byte(body), origin(t, "store"), received)
		require.Nil(t, r, "%+v", r)
	}
}

// No event of the largest size takes long, whatever its bytes: a source may send a thousand of them at once. What counts is the time of
// the processor: no test runs beside this one, and what else the machine does is not its matter.
func TestHostileBytesAreReadInLinearTime(t *testing.T) {
	d := decoder(t)
	fill := func(piece string) string { return strings.Repeat(piece, (event.MaxBytes-100)/len(piece)) }
	for name, body := range map[string]string{
		"escaped quotes":   `"` + fill(`\"`),
		"quotes":           fill(`"`),
		"digits":           `{"x":"` + fill("4") + `"`,
		"groups of digits": `{"x":"` + fill("4111 ") + `"`,
		"digits and marks": `{"x":"` + fill("41 - ") + `"`,
		"countries":        `{"x":"` + fill("FR14 ") + `"`,
		"card numbers":     `{"x":"` + fill("4111111111111111 ") + `"`,
		"cards as numbers": `{"x":[` + strings.TrimSuffix(fill("4111111111111111,"), ",") + `]}`,
		"unknown names":    `{` + fill(`"a":1,"b":1,`),
		"distinct names":   `{` + distinct() + `}`,
		"long number":      `{"data":{"total":{"amount":` + strings.Repeat("9", event.MaxBytes-200) + `}},"id":"1","type":"sale","occurred_at":"2026-03-14T10:22:31Z"}`,
		"long fraction":    `{"data":{"total":{"amount":0.` + strings.Repeat("9", event.MaxBytes-200) + `e300}},"id":"1","type":"sale","occurred_at":"2026-03-14T10:22:31Z"}`,
		"surrogates":       `"` + fill(`\ud83d\ude00`),
		"arrays":           fill("[") + "]",
		"letters":          `{"x":"` + fill("a") + `"`,
		"marks":            `{"traits":{"city":"` + fill("\u0301") + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			start := processorTime(t)
			_, r := d.Decode([]byte(body), origin(t, "store"), received)
			require.NotNil(t, r)
			took := processorTime(t) - start
			require.Less(t, took, time.Second)
			t.Log(took, r.Reason)
		})
	}
}

// processorTime is what this process has had of the processors.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func distinct() string {
	var b strings.Builder
	for i := 0; b.Len() < event.MaxBytes-20; i++ {
		fmt.Fprintf(&b, `"%x":1,`, i)
	}
	return b.String() + `"a":1`
}
