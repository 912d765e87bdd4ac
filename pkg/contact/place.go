package contact

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // hours are those of the place, wherever this runs

	"github.com/nyaruka/phonenumbers"
)

// Place is where a person is, as far as contacts go: a time zone, and the public holidays that are kept there. The zero Place is none.
type Place struct {
	name     string
	zone     *time.Location
	holidays []holiday
}

// String is the name that ParsePlace reads.
func (p Place) String() string { return p.name }

// Zone is the time zone of the place.
func (p Place) Zone() *time.Location { return p.zone }

// Holiday reports whether the day of t, by the clock of the place, is a public holiday there.
func (p Place) Holiday(t time.Time) bool {
	t = t.In(p.zone)
	return slices.ContainsFunc(p.holidays, func(h holiday) bool { return h.on(t) })
}

// territory is a part of France whose clock or holidays are its own.
type territory struct {
	department string
	zone       string
	own        []holiday // beside the national ones
}

// territories: holidays of Alsace and Moselle, Code du travail L3134-13; days of the abolition of slavery, L3422-2. Good Friday is kept in
// communes with a Protestant church alone: it is counted everywhere in the three departments.
var territories = []territory{
	{"57", "Europe/Paris", alsaceMoselle},
	{"67", "Europe/Paris", alsaceMoselle},
	{"68", "Europe/Paris", alsaceMoselle},
	{"971", "America/Guadeloupe", []holiday{fixed(time.May, 27)}},
	{"972", "America/Martinique", []holiday{fixed(time.May, 22)}},
	{"973", "America/Cayenne", []holiday{fixed(time.June, 10)}},
	{"974", "Indian/Reunion", []holiday{fixed(time.December, 20)}},
	{"975", "America/Miquelon", nil},
	{"976", "Indian/Mayotte", []holiday{fixed(time.April, 27)}},
	{"977", "America/St_Barthelemy", []holiday{fixed(time.October, 9)}},
	{"978", "America/Marigot", []holiday{fixed(time.May, 28)}},
	{"986", "Pacific/Wallis", []holiday{fixed(time.April, 28), fixed(time.July, 29)}},
	{"987", "Pacific/Tahiti", []holiday{fixed(time.March, 5), easter(-2), fixed(time.June, 29), fixed(time.November, 20)}},
	{"988", "Pacific/Noumea", []holiday{fixed(time.September, 24)}},
}

// metropole is the name of the part of France in Europe where the department is not known.
const metropole = "FR"

// ParsePlace reads "FR", a department of France ("FR-67", "FR-974") or a time zone of the IANA list ("Europe/Madrid"), of which no
// holidays are known.
func ParsePlace(name string) (Place, error) {
	if name == metropole {
		return inFrance(name, "Europe/Paris", nil)
	}
	if department, ok := strings.CutPrefix(name, metropole+"-"); ok {
		for _, t := range territories {
			if t.department == department {
				return inFrance(name, t.zone, t.own)
			}
		}
		if !inEurope(department) {
			return Place{}, fmt.Errorf("reading a place: no department of France has this number")
		}
		return inFrance(name, "Europe/Paris", nil)
	}
	if !strings.Contains(name, "/") { // neither UTC nor the zone of this machine is where a person is
		return Place{}, fmt.Errorf("reading a place: want FR, FR-67 or a time zone such as Europe/Madrid")
	}
	zone, err := location(name)
	return Place{name: name, zone: zone}, err
}

// inEurope reports whether a text is the number of a department of France in Europe.
func inEurope(d string) bool {
	if d == "2A" || d == "2B" {
		return true
	}
	return len(d) == 2 && d >= "01" && d <= "95" && d != "20" && d[0] <= '9' && d[1] >= '0' && d[1] <= '9'
}

func inFrance(name, zoneName string, own []holiday) (Place, error) {
	zone, err := location(zoneName)
	return Place{name: name, zone: zone, holidays: slices.Concat(national, own)}, err
}

// locations keeps zones that were read: there are some six hundred names.
var locations sync.Map

func location(name string) (*time.Location, error) {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location), nil //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("reading a place: no time zone has this name")
	}
	locations.Store(name, zone)
	return zone, nil
}

// codes are the departments behind the international codes of French overseas numbers; more than one where a code serves several.
var codes = []struct {
	prefix      string
	departments []string
}{
	{"+262262", []string{"974"}},
	{"+262263", []string{"974"}},
	{"+262692", []string{"974"}},
	{"+262693", []string{"974"}},
	{"+262269", []string{"976"}},
	{"+262639", []string{"976"}},
	{"+262", []string{"974", "976"}},
	{"+508", []string{"975"}},
	{"+590", []string{"971", "977", "978"}},
	{"+594", []string{"973"}},
	{"+596", []string{"972"}},
	{"+681", []string{"986"}},
	{"+687", []string{"988"}},
	{"+689", []string{"987"}},
}

// PlacesOfPhone returns where a number in E.164 form may ring, by its prefix; none where that is not known. Rules have to hold in all of them.
func PlacesOfPhone(number string) []Place {
	for _, c := range codes {
		if strings.HasPrefix(number, c.prefix) {
			names := make([]string, len(c.departments))
			for i, d := range c.departments {
				names[i] = metropole + "-" + d
			}
			return places(names)
		}
	}
	if strings.HasPrefix(number, "+33") {
		return places([]string{metropole})
	}
	parsed, err := phonenumbers.Parse(number, "ZZ")
	if err != nil {
		return nil
	}
	zones, err := phonenumbers.GetTimezonesForNumber(parsed)
	if err != nil || slices.Contains(zones, phonenumbers.UNKNOWN_TIMEZONE) {
		return nil
	}
	return places(zones)
}

// places reads names; one that cannot be read makes all of them unknown.
func places(names []string) []Place {
	out := make([]Place, len(names))
	for i, n := range names {
		p, err := ParsePlace(n)
		if err != nil {
			return nil
		}
		out[i] = p
	}
	return out
}
