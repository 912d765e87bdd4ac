package match_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rcu/pkg/match"
)

// build makes records of rows; ids are the numbers of the rows in the order of names.
func build(header []string, rows [][]string, ids []string) *match.Records {
	s := match.NewSurvey(header)
	for _, r := range rows {
		s.Add(r)
	}
	b := match.NewBuilder(s.Columns())
	for i, r := range rows {
		b.Add(ids[i], 0, r)
	}
	return b.Records()
}

// told is a result as text: every id with its cluster, and what was learned.
func told(r *match.Records, res *match.Result) string {
	var b strings.Builder
	for i, row := range r.Rows() {
		fmt.Fprintln(&b, row.ID, res.Clusters[i])
	}
	fmt.Fprintln(&b, res.Model.Same, res.Model.Family, res.Model.Twins, res.Model.Comparisons, res.Pairs.List, res.Pairs.Compared)
	return b.String()
}

func TestOrderAndWorkersChangeNothing(t *testing.T) {
	s := schemaList[0]
	s.people = 1200
	header, rows, _ := generate(&s, 77)
	ids := make([]string, len(rows))
	for i := range ids {
		ids[i] = idOf(i)
	}
	first := build(header, rows, ids)
	want := told(first, match.Resolve(first, match.Threshold, nil))
	slices.Reverse(rows)
	slices.Reverse(ids)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	second := build(header, rows, ids)
	require.Equal(t, want, told(second, match.Resolve(second, match.Threshold, nil)))
}

var wordsOf = rapid.SampledFrom([]string{"", "Jean", "Jeanne", "jean-pierre", "J", "Dupont", "DUPOND", "Du Pont", "Martin", "Ångström", "李", "0", "x", "null", "O'Neil"})

// TestAnyRowsAreSound feeds rows of every kind of nonsense: no panic, one cluster a row, the same result in any order.
func TestAnyRowsAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header := []string{"first_name", "last_name", "dob", "email", "phone", "address", "city"}
		dates := rapid.SampledFrom([]string{"", "1980-01-02", "02/01/1980", "1980", "19800102", "31/31/1980", "yesterday", "99999999"})
		n := rapid.IntRange(0, 30).Draw(t, "rows")
		rows, ids := make([][]string, n), make([]string, n)
		for i := range rows {
			rows[i] = []string{
				wordsOf.Draw(t, "given"), wordsOf.Draw(t, "family"), dates.Draw(t, "birth"), rapid.SampledFrom([]string{"", "@", "a@b", "jean.dupont@x.fr", "jean.dupond@x.fr"}).Draw(t, "email"),
				rapid.SampledFrom([]string{"", "0612345678", "+33 6 12 34 56 78", "000000", "12"}).Draw(t, "phone"), rapid.StringN(0, 20, 60).Draw(t, "address"), wordsOf.Draw(t, "town"),
			}
			ids[i] = idOf(i)
		}
		first := build(header, rows, ids)
		res := match.Resolve(first, match.Threshold, nil)
		if len(res.Clusters) != n {
			t.Fatalf("%d clusters for %d rows", len(res.Clusters), n)
		}
		slices.Reverse(rows)
		slices.Reverse(ids)
		second := build(header, rows, ids)
		if want, got := told(first, res), told(second, match.Resolve(second, match.Threshold, nil)); want != got {
			t.Fatalf("the order of the rows changed the result:\n%s\n%s", want, got)
		}
	})
}

// twoWords draws two words, the second at times the first with two neighbours swapped.
func twoWords(t *rapid.T) (a, b string) {
	word := rapid.StringMatching(`[a-e]{0,7}`)
	a = word.Draw(t, "a")
	if len(a) > 1 && rapid.Bool().Draw(t, "swapped") {
		i := rapid.IntRange(1, len(a)-1).Draw(t, "at")
		return a, a[:i-1] + a[i:i+1] + a[i-1:i] + a[i+1:]
	}
	return a, word.Draw(t, "b")
}

// TestEditsIsADistance holds the bounded distance to its laws.
func TestEditsIsADistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := twoWords(t)
		n := match.Edits(a, b, 9)
		switch {
		case n != match.Edits(b, a, 9):
			t.Fatal("not the same both ways")
		case (n == 0) != (a == b):
			t.Fatal("0 is not equality")
		case n > max(len(a), len(b)) || n < max(len(a), len(b))-min(len(a), len(b)):
			t.Fatal("out of bounds")
		case match.Edits(a, b, 1) != min(n, 2), match.Edits(a, b, 2) != min(n, 3):
			t.Fatal("the limit changes the distance")
		}
	})
}

// TestMostJaroIsABound: what is left out by the bound would not have been alike.
func TestMostJaroIsABound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := twoWords(t)
		if match.MostJaro(a, b) < match.Jaro(a, b) {
			t.Fatalf("%g is under %g", match.MostJaro(a, b), match.Jaro(a, b))
		}
		if a != "" && match.MostJaro(a, a) != 1 {
			t.Fatal("of equal texts it is 1")
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Dupont, Jean", "DE LA TOUR Marie-Anne", "Mr. J. O'Neil III", "12 bis rue de la Paix, 75002 Paris", "12 mars 1980", "03/12/80", "a+b@c.d", "\xff\xfe", "ÅΣß"} {
		f.Add(s)
	}
	header := []string{"name", "dob", "address", "email", "phone", "gender", "birth_place"}
	f.Fuzz(func(t *testing.T, s string) {
		r := build(header, [][]string{{s, s, s, s, s, s, s}, {s + "x", s, s, s, s, s, s}, {"Jean Petit", "1980-01-02", "", "", "", "", ""}}, []string{"1", "2", "3"})
		require.Len(t, match.Resolve(r, match.Threshold, nil).Clusters, 3)
	})
}

func TestNames(t *testing.T) {
	for cell, want := range map[string][2]string{
		"Jean Dupont": {"jean", "dupont"}, "DUPONT Jean": {"jean", "dupont"}, "Dupont, Jean": {"jean", "dupont"}, "Mme Marie de La Tour": {"marie", "de la tour"},
		"M. STOUCHIR": {"", "stouchir"}, "Dr. John A. Smith Jr.": {"john a", "smith"}, "Mme": {"", ""}, "": {"", ""}, "jean-pierre martin": {"jean pierre", "martin"},
	} {
		given, family := match.SplitFull(cell)
		require.Equal(t, want, [2]string{given, family}, cell)
	}
	for _, same := range [][2]string{{"dupont", "dupond"}, {"philippe", "filipe"}, {"martineau", "martino"}} {
		require.Equal(t, match.Sound(same[0]), match.Sound(same[1]), same)
	}
}

func TestColumns(t *testing.T) {
	for header, want := range map[string]match.Kind{
		"first_name": match.KindGiven, "PRENOM": match.KindGiven, "Prénom du client": match.KindGiven, "lastName": match.KindFamily, "Nom de naissance": match.KindMaiden,
		"nom_prenom": match.KindFull, "first_and_surname": match.KindFull, "DDN": match.KindBirth, "dateOfBirth": match.KindBirth, "postcode_fake": match.KindPostcode,
		"birth_place": match.KindBirthPlace, "code_postal": match.KindPostcode, "transaction_date": match.KindNone, "amount": match.KindNone, "customer_id": match.KindNone,
		"email_opt_in": match.KindNone, "phone_type": match.KindNone, "recipient_name": match.KindNone, "rec_id": match.KindNone,
	} {
		s := match.NewSurvey([]string{header})
		values := []string{"abc", "def ghi"}
		if want == match.KindBirth {
			values = []string{"1980-01-02", "1955-12-31"}
		}
		for _, v := range values {
			s.Add([]string{v})
		}
		require.Equal(t, want, s.Columns()[0].Kind, header)
	}
}

func TestDates(t *testing.T) {
	rows := [][]string{{"Jean", "Petit", "12/03/1980"}, {"Jean", "Petit", "12 mars 1980"}, {"Jean", "Petit", "1980-03-12"}, {"Jean", "Petit", "19800312"}, {"Jean", "Petit", "12.3.80"}, {"Jean", "Petit", "1980-03-12T00:00:00Z"}}
	require.Equal(t, 1, build([]string{"prenom", "nom", "naissance"}, rows, []string{"1", "2", "3", "4", "5", "6"}).Forms())
	american := [][]string{{"Jean", "Petit", "03/12/1980"}, {"Jean", "Petit", "March 12, 1980"}, {"Ann", "Lee", "12/31/1980"}, {"Ann", "Lee", "31 Dec 1980"}}
	require.Equal(t, 2, build([]string{"first name", "last name", "dob"}, american, []string{"1", "2", "3", "4"}).Forms())
}
