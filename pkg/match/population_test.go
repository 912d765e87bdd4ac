package match_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// person is one made-up person with the facts that change: addresses, names, contacts.
type person struct {
	given, family, maiden          string
	year, month, day               int
	sex                            int
	number, street, postcode, town string
	region                         string
	email, phone                   string
	job, birthTown                 string
}

// population makes people with the frequencies, families, twins, namesakes of real ones.
type population struct {
	r                               *rand.Rand
	males, females, surnames        []string
	streets, towns, postcodes, jobs []string
	french                          bool
}

var (
	maleFR   = "Jean Michel Pierre Philippe Alain Nicolas Patrick Christophe Christian Daniel Bernard Eric Frédéric Laurent Stéphane Pascal David Gérard Julien Olivier Jacques Thierry Sébastien Thomas Alexandre François Dominique Vincent Didier Bruno Guillaume Jérôme Marc Anthony Maxime Romain Antoine Louis Claude Hugo Lucas Léo Gabriel Raphaël Arthur Jules Paul Jean-Pierre Jean-Claude Jean-Luc Benoît Cédric Fabrice Mathieu"
	femaleFR = "Marie Nathalie Isabelle Sylvie Catherine Françoise Monique Martine Valérie Sandrine Christine Véronique Nicole Céline Stéphanie Sophie Brigitte Julie Chantal Patricia Anne Annie Aurélie Laurence Christelle Dominique Jacqueline Émilie Camille Léa Manon Emma Chloé Inès Jeanne Louise Alice Pauline Mathilde Hélène Élodie Laura Marie-Christine Anne-Sophie Virginie Karine Delphine Corinne Agnès Claire"
	maleEN   = "James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony Mark Donald Steven Paul Andrew Joshua Kenneth Kevin Brian George Edward Ronald Timothy Jason Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Oliver Harry Jack Alfie Charlie"
	femaleEN = "Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Nancy Lisa Margaret Betty Sandra Ashley Dorothy Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Laura Sharon Cynthia Kathleen Amy Angela Shirley Anna Ruth Brenda Pamela Nicole Katherine Olivia Amelia Isla Ava Mia Isabella Sophia Grace Lily Freya"
	bigFR    = "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel Garcia David Bertrand Roux Vincent Fournier Morel Girard André Lefèvre Mercier Dupont Lambert Bonnet François Martinez"
	bigEN    = "Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Thomas Moore Martin Jackson Thompson White Lee Harris Clark Lewis Robinson Walker Hall Young Allen King Wright Scott Green Baker"
)

func newPopulation(seed uint64, french bool) *population {
	p := &population{r: rand.New(rand.NewPCG(seed, 7)), french: french}
	males, females, big := maleEN, femaleEN, bigEN
	if french {
		males, females, big = maleFR, femaleFR, bigFR
	}
	p.males, p.females = strings.Fields(males), strings.Fields(females)
	for range 250 { // the long tail
		p.males = append(p.males, p.word(2))
		p.females = append(p.females, p.word(2)+"a")
	}
	p.surnames = strings.Fields(big)
	for range 6000 {
		s := p.word(2 + p.r.IntN(2))
		if p.r.IntN(40) == 0 {
			s = "De " + s
		}
		p.surnames = append(p.surnames, s)
	}
	for range 3000 {
		p.streets = append(p.streets, p.streetName())
	}
	for i := range 800 {
		p.towns = append(p.towns, p.word(2+p.r.IntN(2)))
		p.postcodes = append(p.postcodes, fmt.Sprintf("%05d", 1000+i*113))
		if i < 120 {
			p.jobs = append(p.jobs, p.word(3))
		}
	}
	return p
}

func (p *population) word(syllables int) string {
	starts := strings.Fields("b br c ch d f g gr h j k l m n p pr r s st t tr v w")
	vowels := strings.Fields("a e i o u ou ai ea au")
	ends := strings.Fields("n r l s t nd rt ck x m")
	var b strings.Builder
	for range syllables {
		b.WriteString(starts[p.r.IntN(len(starts))] + vowels[p.r.IntN(len(vowels))])
	}
	b.WriteString(ends[p.r.IntN(len(ends))])
	s := b.String()
	return strings.ToUpper(s[:1]) + s[1:]
}

func (p *population) streetName() string {
	if p.french {
		return []string{"rue ", "avenue ", "boulevard ", "place ", "chemin "}[p.r.IntN(5)] + []string{"de la ", "des ", "du ", ""}[p.r.IntN(4)] + p.word(2)
	}
	return p.word(2) + []string{" Street", " Road", " Avenue", " Lane", " Close"}[p.r.IntN(5)]
}

// zipf draws the first ones much more often.
func (p *population) zipf(n int, flat float64) int {
	u := p.r.Float64()
	i := int(flat * (powf(1+float64(n)/flat, u) - 1))
	return min(i, n-1)
}

func (p *population) pick(list []string, flat float64) string { return list[p.zipf(len(list), flat)] }

func (p *population) givenName(sex int) string {
	if sex == 0 {
		return p.pick(p.males, 40)
	}
	return p.pick(p.females, 40)
}

func (p *population) home(x *person) {
	t := p.zipf(len(p.towns), 60)
	x.town, x.postcode = p.towns[t], p.postcodes[t]
	x.region = "R" + fmt.Sprint(t%9)
	x.street = p.streets[p.r.IntN(len(p.streets))]
	x.number = fmt.Sprint(1 + p.r.IntN(150))
}

func (p *population) born(x *person, from, to int) {
	x.year, x.month, x.day = from+p.r.IntN(max(1, to-from)), 1+p.r.IntN(12), 1+p.r.IntN(28)
}

func (p *population) contact(x *person) {
	g, f := strings.ToLower(ascii(x.given)), strings.ToLower(ascii(x.family))
	user := []string{g + "." + f, g[:1] + f, g + f, f + g[:1], p.word(2)}[p.r.IntN(5)]
	if p.r.IntN(2) == 0 {
		user += fmt.Sprint(1 + p.r.IntN(99))
	}
	domain := []string{"gmail.com", "orange.fr", "free.fr", "hotmail.com", "yahoo.com", strings.ToLower(p.word(2)) + ".net"}[p.r.IntN(6)]
	x.email = strings.ToLower(strings.ReplaceAll(user, " ", "")) + "@" + domain
	x.phone = fmt.Sprintf("06%08d", p.r.IntN(100000000))
}

// family makes the people of one household.
func (p *population) household() []person {
	var home person
	p.home(&home)
	surname := p.pick(p.surnames, 80)
	line := fmt.Sprintf("01%08d", p.r.IntN(100000000))
	var out []person
	add := func(sex, from, to int) *person {
		x := home
		x.sex = sex
		x.given, x.family, x.maiden = p.givenName(sex), surname, surname
		p.born(&x, from, to)
		p.contact(&x)
		if p.r.IntN(4) == 0 {
			x.phone = line
		}
		x.job = p.pick(p.jobs, 20)
		x.birthTown = p.pick(p.towns, 60)
		out = append(out, x)
		return &out[len(out)-1]
	}
	father := *add(0, 1935, 1985)
	if p.r.IntN(2) == 0 {
		return out
	}
	mother := add(1, father.year-5, father.year+6)
	mother.maiden = p.pick(p.surnames, 80)
	if p.r.IntN(6) == 0 {
		mother.family = mother.maiden
	}
	children := p.r.IntN(3)
	for i := range children {
		c := add(p.r.IntN(2), father.year+20, father.year+38)
		if i == 1 && p.r.IntN(25) == 0 { // twins
			first := out[len(out)-2]
			c.year, c.month, c.day, c.birthTown = first.year, first.month, first.day, first.birthTown
		}
		if i == 0 && c.sex == 0 && p.r.IntN(50) == 0 { // a son called as his father
			c.given = father.given
		}
	}
	return out
}
