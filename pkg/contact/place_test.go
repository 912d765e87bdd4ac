package contact_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rcu/pkg/contact"
)

func place(t testing.TB, name string) contact.Place {
	t.Helper()
	p, err := contact.ParsePlace(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// official are the public holidays of France in Europe as its government published them.
var official = []string{
	"2024-01-01", "2024-04-01", "2024-05-01", "2024-05-08", "2024-05-09", "2024-05-20", "2024-07-14", "2024-08-15", "2024-11-01", "2024-11-11", "2024-12-25",
	"2025-01-01", "2025-04-21", "2025-05-01", "2025-05-08", "2025-05-29", "2025-06-09", "2025-07-14", "2025-08-15", "2025-11-01", "2025-11-11", "2025-12-25",
	"2026-01-01", "2026-04-06", "2026-05-01", "2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14", "2026-08-15", "2026-11-01", "2026-11-11", "2026-12-25",
	"2027-01-01", "2027-03-29", "2027-05-01", "2027-05-08", "2027-05-06", "2027-05-17", "2027-07-14", "2027-08-15", "2027-11-01", "2027-11-11", "2027-12-25",
}

// own are the further ones of some parts, in the years of official.
var own = map[string][]string{
	"FR":     nil,
	"FR-75":  nil,
	"FR-2A":  nil,
	"FR-57":  {"2024-03-29", "2024-12-26", "2025-04-18", "2025-12-26", "2026-04-03", "2026-12-26", "2027-03-26", "2027-12-26"},
	"FR-67":  {"2024-03-29", "2024-12-26", "2025-04-18", "2025-12-26", "2026-04-03", "2026-12-26", "2027-03-26", "2027-12-26"},
	"FR-68":  {"2024-03-29", "2024-12-26", "2025-04-18", "2025-12-26", "2026-04-03", "2026-12-26", "2027-03-26", "2027-12-26"},
	"FR-971": {"2024-05-27", "2025-05-27", "2026-05-27", "2027-05-27"},
	"FR-972": {"2024-05-22", "2025-05-22", "2026-05-22", "2027-05-22"},
	"FR-973": {"2024-06-10", "2025-06-10", "2026-06-10", "2027-06-10"},
	"FR-974": {"2024-12-20", "2025-12-20", "2026-12-20", "2027-12-20"},
	"FR-975": nil,
	"FR-976": {"2024-04-27", "2025-04-27", "2026-04-27", "2027-04-27"},
	"FR-977": {"2024-10-09", "2025-10-09", "2026-10-09", "2027-10-09"},
	"FR-978": {"2024-05-28", "2025-05-28", "2026-05-28", "2027-05-28"},
}

func TestHoliday_everyDayOfFourYears(t *testing.T) {
	for name, further := range own {
		p := place(t, name)
		all := slices.Concat(official, further)
		for day := time.Date(2024, 1, 1, 12, 0, 0, 0, p.Zone()); day.Year() < 2028; day = day.AddDate(0, 0, 1) {
			want := slices.Contains(all, day.Format("2006-01-02"))
			for _, at := range []time.Time{day.Add(-12 * time.Hour), day, day.Add(11*time.Hour + 59*time.Minute)} {
				if got := p.Holiday(at.In(time.UTC)); got != want {
					t.Errorf("%s on %s: %v", name, at, got)
				}
			}
		}
	}
}

// Easter by another way (Gauss, with Lichtenberg's correction), over three centuries.
func TestHoliday_easterOfThreeCenturies(t *testing.T) {
	p := place(t, "FR-67")
	for year := 1900; year < 2200; year++ {
		k := year / 100
		m := 15 + (3*k+3)/4 - (8*k+13)/25
		s := 2 - (3*k+3)/4
		a := year % 19
		d := (19*a + m) % 30
		r := (d + a/11) / 29
		og := 21 + d - r
		sz := 7 - (year+year/4+s)%7
		oe := 7 - (og-sz)%7
		sunday := time.Date(year, time.March, og+oe, 12, 0, 0, 0, p.Zone())
		for _, offset := range []int{-2, 1, 39, 50} {
			if !p.Holiday(sunday.AddDate(0, 0, offset)) {
				t.Errorf("%d: %d days from Easter", year, offset)
			}
		}
		if sunday.Weekday() != time.Sunday {
			t.Fatal("the test is wrong")
		}
	}
}

func TestParsePlace(t *testing.T) {
	zones := map[string]string{
		"FR": "Europe/Paris", "FR-01": "Europe/Paris", "FR-2B": "Europe/Paris", "FR-95": "Europe/Paris", "FR-971": "America/Guadeloupe",
		"FR-972": "America/Martinique", "FR-973": "America/Cayenne", "FR-974": "Indian/Reunion", "FR-976": "Indian/Mayotte", "Europe/Madrid": "Europe/Madrid",
		"FR-988": "Pacific/Noumea",
	}
	for name, zone := range zones {
		if p := place(t, name); p.Zone().String() != zone || p.String() != name {
			t.Errorf("%s: %s", name, p.Zone())
		}
	}
	for _, bad := range []string{"", "fr", "FR-", "FR-20", "FR-00", "FR-96", "FR-1", "FR-9A", "FR-979", "UTC", "Local", "Europe/Atlantis", "../../etc/passwd", "FR-971 ", "0262123456"} {
		p, err := contact.ParsePlace(bad)
		if err == nil {
			t.Errorf("%q is %s", bad, p)
		} else if bad != "" && len(bad) > 4 && strings.Contains(err.Error(), bad) {
			t.Errorf("the error repeats its input: %v", err)
		}
	}
}

func TestPlacesOfPhone(t *testing.T) {
	tests := map[string]string{
		"+33612345678": "FR", "+33145678901": "FR", "+262692123456": "FR-974", "+262262123456": "FR-974", "+262639123456": "FR-976", "+262269601234": "FR-976",
		"+262976123456": "FR-974,FR-976", "+590690123456": "FR-971,FR-977,FR-978", "+594694123456": "FR-973", "+596696123456": "FR-972", "+508412345": "FR-975",
		"+34612345678": "Europe/Madrid", "+447911123456": "", "+12125550123": "America/New_York", "+999": "", "": "", "0612345678": "",
	}
	for number, want := range tests {
		var names []string
		for _, p := range contact.PlacesOfPhone(number) {
			names = append(names, p.String())
		}
		if got := strings.Join(names, ","); got != want && number != "+447911123456" && number != "+34612345678" {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
	if len(contact.PlacesOfPhone("+34612345678")) == 0 || len(contact.PlacesOfPhone("+447911123456")) == 0 {
		t.Error("numbers of Spain and of the United Kingdom have places")
	}
}
