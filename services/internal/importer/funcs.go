package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
)

// rowError says why a row gave no event: a stable reason and the place in the mapping, never a value.
type rowError struct{ reason, at string }

func (e *rowError) Error() string {
	if e.at == "" {
		return e.reason
	}
	return e.reason + " at " + e.at
}

// reasonOf keeps the reason of a helper function; any other error of an expression becomes "expression".
func reasonOf(err error, at string) error {
	var re *rowError
	if errors.As(err, &re) {
		return &rowError{reason: re.reason, at: at}
	}
	return &rowError{reason: "expression", at: at}
}

// functions are the helpers that expressions may call, with what they need.
type functions struct {
	zone    *time.Location
	lookups map[string]map[string]map[string]any
}

func newFunctions(zone *time.Location) *functions { return &functions{zone: zone} }

func (f *functions) options() []expr.Option {
	env := types.Map{
		"row": types.Any, "rows": types.Array(types.Any), "it": types.Any, "index": types.Int, "key": types.String, "line": types.Int,
		"vars": types.Map{types.Extra: types.String}, "currency": types.String, "zone": types.String,
	}
	opts := []expr.Option{expr.Env(env), expr.DisableBuiltin("now"), expr.DisableBuiltin("float")}
	for name, fn := range map[string]func(...any) (any, error){
		"time": f.time, "clock": f.clock, "seconds": seconds, "money": money, "amount": amount,
		"total": total, "integer": integer, "sha": sha, "lookup": f.lookup, "text": text,
		"later": later, "number": f.occurrence,
	} {
		opts = append(opts, expr.Function(name, fn))
	}
	return opts
}

var layouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02", "2006-01-02 15:04:05Z07:00",
}

func (f *functions) parse(s string, layout []string) (time.Time, error) {
	for _, l := range layout {
		if t, err := time.ParseInLocation(l, strings.TrimSpace(s), f.zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, &rowError{reason: "time"}
}

// time(text [, layout]): a time of the mapping's zone as RFC 3339. A text that carries a zone keeps it.
func (f *functions) time(args ...any) (any, error) {
	if len(args) == 0 || len(args) > 2 {
		return nil, errors.New("time takes a text and perhaps a layout")
	}
	use := layouts
	if len(args) == 2 {
		use = []string{fmt.Sprint(args[1])}
	}
	s, ok := args[0].(string)
	if !ok {
		return nil, &rowError{reason: "time"}
	}
	t, err := f.parse(s, use)
	if err != nil {
		return nil, err
	}
	return t.Format(time.RFC3339Nano), nil
}

// clock(date, "9:05:07" [, seconds to add]): a time of day on a date, in the mapping's zone.
func (f *functions) clock(args ...any) (any, error) {
	if len(args) < 2 || len(args) > 3 {
		return nil, errors.New("clock takes a date, a time of day and perhaps seconds")
	}
	date, _ := args[0].(string)
	day, _ := args[1].(string)
	t, err := time.ParseInLocation("2006-01-02 15:04:05", date+" "+day, f.zone)
	if err != nil {
		return nil, &rowError{reason: "time"}
	}
	if len(args) == 3 {
		n, err := wholeNumber(args[2])
		if err != nil {
			return nil, err
		}
		t = t.Add(time.Duration(n) * time.Second)
	}
	return t.Format(time.RFC3339Nano), nil
}

// later(time, seconds): an RFC 3339 time moved by seconds.
func later(args ...any) (any, error) {
	if len(args) != 2 {
		return nil, errors.New("later takes a time and seconds")
	}
	s, _ := args[0].(string)
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return nil, &rowError{reason: "time"}
	}
	n, err := wholeNumber(args[1])
	if err != nil {
		return nil, err
	}
	return t.Add(time.Duration(n) * time.Second).Format(time.RFC3339Nano), nil
}

// seconds(from, to): the whole seconds between two RFC 3339 times.
func seconds(args ...any) (any, error) {
	if len(args) != 2 {
		return nil, errors.New("seconds takes two times")
	}
	var t [2]time.Time
	for i, a := range args {
		s, _ := a.(string)
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return nil, &rowError{reason: "time"}
		}
		t[i] = v
	}
	return int(t[1].Sub(t[0]) / time.Second), nil
}

// money(number, currency): minor units, exact, rounded half away from zero beyond the minor unit.
func money(args ...any) (any, error) {
	if len(args) != 2 {
		return nil, errors.New("money takes a number and a currency")
	}
	return product(args[1], args[0])
}

// amount(price, quantity, currency): their exact product in minor units, rounded once.
func amount(args ...any) (any, error) {
	if len(args) != 3 {
		return nil, errors.New("amount takes a price, a quantity and a currency")
	}
	return product(args[2], args[0], args[1])
}

func product(currency any, factors ...any) (any, error) {
	out := big.NewRat(1, 1)
	for _, x := range factors {
		r, err := rational(x)
		if err != nil {
			return nil, err
		}
		out.Mul(out, r)
	}
	n, err := minor(out, fmt.Sprint(currency))
	return int(n), err
}

// total(list of integers): their sum.
func total(args ...any) (any, error) {
	if len(args) != 1 {
		return nil, errors.New("total takes one list")
	}
	list, ok := args[0].([]any)
	if !ok {
		return nil, &rowError{reason: "not-a-list"}
	}
	sum := 0
	for _, v := range list {
		n, ok := v.(int)
		if !ok {
			return nil, &rowError{reason: "number"}
		}
		sum += n
	}
	return sum, nil
}

// integer(number): a whole number; anything else is an error of the row.
func integer(args ...any) (any, error) {
	if len(args) != 1 {
		return nil, errors.New("integer takes one number")
	}
	return wholeNumber(args[0])
}

func wholeNumber(v any) (int, error) {
	r, err := rational(v)
	if err != nil {
		return 0, err
	}
	if !r.IsInt() || !r.Num().IsInt64() {
		return 0, &rowError{reason: "number"}
	}
	return int(r.Num().Int64()), nil
}

// sha(parts...): 32 hexadecimal digits of SHA-256 over the parts, for ids where the file has no key of its own.
func sha(args ...any) (any, error) { //nolint:unparam // the form of a function of an expression
	h := sha256.New()
	for _, a := range args {
		s := plain(a)
		h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// text(parts...): the parts one after another.
func text(args ...any) (any, error) { //nolint:unparam // the form of a function of an expression
	var b strings.Builder
	for _, a := range args {
		b.WriteString(plain(a))
	}
	return b.String(), nil
}

func plain(a any) string {
	if a == nil {
		return ""
	}
	return fmt.Sprint(a)
}

// number(list, index, name): which occurrence of its value of field name the item at index is, from 1.
func (f *functions) occurrence(args ...any) (any, error) {
	if len(args) != 3 {
		return nil, errors.New("number takes a list, an index and a field")
	}
	list, _ := args[0].([]any)
	at, ok := args[1].(int)
	if !ok || at < 0 || at >= len(list) {
		return nil, &rowError{reason: "not-a-list"}
	}
	field := fmt.Sprint(args[2])
	value := func(i int) string { m, _ := list[i].(map[string]any); return plain(m[field]) }
	n := 0
	for i := 0; i <= at; i++ {
		if value(i) == value(at) {
			n++
		}
	}
	return n, nil
}

// lookup(name, key): the row of a lookup file with this key, or nil.
func (f *functions) lookup(args ...any) (any, error) {
	if len(args) != 2 {
		return nil, errors.New("lookup takes a name and a key")
	}
	table, ok := f.lookups[fmt.Sprint(args[0])]
	if !ok {
		return nil, &rowError{reason: "lookup"}
	}
	row, ok := table[plain(args[1])]
	if !ok {
		return nil, nil
	}
	return row, nil
}
