package consentapi

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/services/internal/page"
)

// Parts of the preference centre, in their order.
const (
	partContact = "contact" // who may write, on which channel
	partUse     = "use"     // what the record is used for
	partDevices = "devices" // what a device or browser may be used for
	partSharing = "sharing" // what goes to somebody else, or needs a name
)

var parts = []string{partContact, partUse, partDevices, partSharing}

// maxDevices bounds the devices that are shown one by one; what is decided about all of them reaches all.
const maxDevices = 10

// row is one choice: a purpose, on one channel, at one point or at all that it reaches.
type row struct {
	ID        string
	Channel   string
	Where     string // in words; empty: everywhere
	About     string // all of it in words, for who hears the page
	Grantable bool
	InPerson  bool // nobody agrees to it on a page
	holds

	topic  consent.PurposeChannel
	points []identifier.Key
}

// holds is what a choice amounts to today.
type holds struct {
	Allowed bool
	Known   bool // something was decided
	Until   time.Time
	Lapsed  time.Time   // when it ended because nothing was heard of the person
	Sales   []saleShown // offers that purchases permit where nothing was decided
}

// saleShown is a purchase that permits offers of its family of products.
type saleShown struct {
	Family string
	At     time.Time
}

// Open reports whether there is something to refuse.
func (h holds) Open() bool { return h.Allowed || len(h.Sales) > 0 }

// purposeRows are the choices about one purpose.
type purposeRows struct {
	ID      string
	Name    string // with its recipient or kind
	Label   string
	Benefit string
	Why     string
	Notice  string
	Consent bool // it needs consent; else it holds until somebody objects
	Rows    []row
	Hidden  int // devices that are not shown one by one

	recipient bool // the name is that of somebody who gets data
}

// partRows are the purposes of one part.
type partRows struct {
	ID       string
	Purposes []purposeRows
}

// partOf says in which part a purpose stands.
func partOf(info consent.Info) string {
	switch {
	case info.Parameter:
		return partSharing
	case len(info.Channels) > 0 || info.Purpose == consent.EmailOpenTracking:
		return partContact
	case info.PerPoint:
		return partDevices
	}
	return partUse
}

// table makes the choices of a visit from the register of purposes and the registers of its points.
type table struct {
	reg    *registry.Registry
	visit  *visit
	points []consent.Point
	words  page.Words
	lang   page.Language
	now    int64
}

// rows are all choices of a visit: every purpose of the register about which people decide is there.
func (t *table) rows() []partRows {
	out := make([]partRows, 0, len(parts))
	for _, id := range parts {
		part := partRows{ID: id}
		for _, info := range consent.Purposes() {
			if info.Decidable && partOf(info) == id {
				part.Purposes = append(part.Purposes, t.purpose(info)...)
			}
		}
		out = append(out, part)
	}
	return out
}

// purpose are the choices about one purpose; one with recipients or kinds has them for each that is known.
func (t *table) purpose(info consent.Info) []purposeRows {
	if !info.Parameter {
		return []purposeRows{t.named(info, info.Purpose, "")}
	}
	names := t.names(info.Purpose)
	if len(names) == 0 {
		p := t.texts(info, info.Purpose, "")
		return []purposeRows{p}
	}
	out := make([]purposeRows, 0, len(names))
	for _, name := range names {
		out = append(out, t.named(info, info.Purpose+":"+consent.Purpose(name), name))
	}
	return out
}

// names are the recipients or kinds of a purpose that the register names, or that anything was decided about.
func (t *table) names(base consent.Purpose) []string {
	names := slices.Clone(t.reg.Purposes[string(base)].Recipients)
	for _, p := range t.points {
		for _, pc := range p.Register.All() {
			if name, is := strings.CutPrefix(string(pc.Purpose), string(base)+":"); is && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// texts are what is said about a purpose.
func (t *table) texts(info consent.Info, purpose consent.Purpose, name string) purposeRows {
	x := t.reg.Purposes[string(info.Purpose)]
	lang := string(t.lang)
	p := purposeRows{
		ID: rowID(purpose), Name: name, Label: x.Label.In(lang), Benefit: x.Benefit.In(lang), Why: x.Because.In(lang), Consent: info.Optional(),
		recipient: info.Purpose == consent.AdsCustomAudience || info.Purpose == consent.SharePartner,
	}
	if id, version, ok := noticeFor(t.reg, string(purpose), t.now); ok {
		p.Notice, _ = t.reg.NoticeText(id, version, lang)
	}
	return p
}

// named are the choices about a purpose with its recipient or kind.
func (t *table) named(info consent.Info, purpose consent.Purpose, name string) purposeRows {
	p := t.texts(info, purpose, name)
	channels := info.Channels
	if len(channels) == 0 {
		channels = []string{""}
	}
	for _, c := range channels {
		topic := consent.PurposeChannel{Purpose: purpose, Channel: c}
		places, hidden := t.places(info, c)
		p.Hidden = max(p.Hidden, hidden)
		for _, at := range places {
			p.Rows = append(p.Rows, t.row(info, topic, at, p.title()))
		}
	}
	return p
}

// places groups the points of a visit by what is decided together: each address and device by itself, everything else at once.
func (t *table) places(info consent.Info, channel string) (groups [][]identifier.Key, hidden int) {
	var reached []identifier.Key
	for _, k := range t.visit.points {
		if consent.Reaches(channel, k.Namespace) && (info.Purpose != consent.EmailOpenTracking || k.Namespace == identifier.Email) {
			reached = append(reached, k)
		}
	}
	onDevice := channel == "" && partOf(info) == partDevices
	if onDevice && t.visit.whole {
		devices := slices.DeleteFunc(slices.Clone(reached), func(k identifier.Key) bool { return k.Namespace.Kind() != identifier.KindDevice })
		if len(devices) > 0 {
			reached = devices
		} else {
			onDevice = false
		}
	}
	single := onDevice || slices.Contains([]string{consent.ChannelEmail, consent.ChannelSMS, consent.ChannelPhone, consent.ChannelPush}, channel) ||
		info.Purpose == consent.EmailOpenTracking
	if !single {
		if len(reached) > 0 {
			groups = append(groups, reached)
		}
		return groups, 0
	}
	// what the log-in proves comes first: this browser, the address of the account
	slices.SortStableFunc(reached, func(a, b identifier.Key) int { return t.rank(a) - t.rank(b) })
	for i, k := range reached {
		if i >= maxDevices {
			return groups, len(reached) - maxDevices
		}
		groups = append(groups, []identifier.Key{k})
	}
	return groups, 0
}

func (t *table) rank(k identifier.Key) int {
	if slices.Contains(t.visit.proved, k) {
		return 0
	}
	return 1
}

// row is one choice.
func (t *table) row(info consent.Info, topic consent.PurposeChannel, points []identifier.Key, title string) row {
	r := row{topic: topic, points: points, Channel: topic.Channel, ID: rowID(topic.Purpose)}
	if topic.Channel != "" {
		r.ID += "-" + topic.Channel
	}
	if len(points) == 1 && t.visit.whole {
		r.ID += "-" + t.visit.ref(points[0])
		if topic.Channel == "" || t.several(points[0]) || t.visit.hints[points[0]] != "" {
			r.Where = t.place(points[0])
		}
	}
	r.About = title
	if topic.Channel != "" {
		r.About += ", " + t.words.In(t.lang, "pref.channel."+topic.Channel)
	}
	if r.Where != "" {
		r.About += ", " + r.Where
	}
	r.holds = t.state(info, topic, points)
	_, _, spoken := noticeFor(t.reg, string(topic.Purpose), t.now)
	r.InPerson = !spoken || info.Purpose == consent.ChildProfile
	r.Grantable = !r.InPerson && t.grantPoint(points) != (identifier.Key{})
	return r
}

// rowID is a purpose as part of the address within a page.
func rowID(p consent.Purpose) string { return "r-" + strings.ReplaceAll(string(p), ":", "-") }

// grantPoint is the point on which a grant is said: one that the visitor proved to have.
func (t *table) grantPoint(points []identifier.Key) identifier.Key {
	for _, k := range t.visit.proved {
		if slices.Contains(points, k) {
			return k
		}
	}
	return identifier.Key{}
}

// title is the purpose with its recipient or kind.
func (p purposeRows) title() string {
	if p.Name == "" {
		return p.Label
	}
	return p.Label + " (" + p.Name + ")"
}

// several reports whether the person has more than one point of a kind.
func (t *table) several(k identifier.Key) bool {
	return slices.ContainsFunc(t.visit.points, func(x identifier.Key) bool { return x.Namespace == k.Namespace && x != k })
}

// place names a point in words, with what its holder knows it by, numbered where the person has several that read alike.
func (t *table) place(k identifier.Key) string {
	text := t.words.In(t.lang, "pref.place."+string(k.Namespace))
	hint := t.visit.hints[k]
	same, number := 0, 0
	for _, x := range t.visit.points {
		if x.Namespace != k.Namespace || t.visit.hints[x] != hint {
			continue
		}
		if same++; x == k {
			number = same
		}
	}
	if hint != "" {
		text += " " + hint
	}
	if same > 1 {
		text += " (" + strconv.Itoa(number) + ")"
	}
	if t.visit.whole && k.Namespace.Kind() == identifier.KindDevice && slices.Contains(t.visit.proved, k) {
		text += " " + t.words.In(t.lang, "pref.place.this")
	}
	return text
}

// state is what holds at points together.
func (t *table) state(info consent.Info, topic consent.PurposeChannel, points []identifier.Key) (out holds) {
	var latest consent.Decision
	for _, p := range t.points {
		if !slices.Contains(points, p.Key) {
			continue
		}
		h := p.Register.History(topic.Purpose, topic.Channel)
		out.Known = out.Known || !h.Empty()
		if p.AllowedAt(topic.Purpose, topic.Channel, t.now) {
			out.Allowed = true
			latest = newer(latest, h)
		}
		if end := p.Lapsed(topic.Purpose, topic.Channel, t.now); end != 0 {
			out.Lapsed = time.Unix(end, 0).UTC()
		}
		for _, x := range p.SalesOn(topic.Purpose, topic.Channel, t.now) {
			out.Sales = append(out.Sales, saleShown{x.Family, time.Unix(x.At, 0).UTC()})
		}
	}
	if !info.PerPoint && !info.Parameter {
		out.Allowed = consent.Permissions(t.points, t.now).Has(topic.Purpose)
	}
	if out.Allowed && latest.Expires != 0 {
		out.Until = time.Unix(latest.Expires, 0).UTC()
	}
	return out
}

// newer is the later of a decision and the one that holds in a history.
func newer(d consent.Decision, h consent.History) consent.Decision {
	if x := h.Latest(); consent.CompareDecisions(x, d) > 0 {
		return x
	}
	return d
}

// noticeFor is the newest text about a purpose: the one that speaks of the fewest others.
func noticeFor(reg *registry.Registry, purpose string, now int64) (id, version string, ok bool) {
	today := time.Unix(now, 0).UTC().Format(time.DateOnly)
	var best registry.Notice
	for _, i := range keysOf(reg.Notices) {
		for _, v := range keysOf(reg.Notices[i]) {
			n := reg.Notices[i][v]
			if !n.Covers(purpose) || n.From > today {
				continue
			}
			if !ok || len(n.Purposes) < len(best.Purposes) || len(n.Purposes) == len(best.Purposes) && n.From >= best.From {
				id, version, best, ok = i, v, n, true
			}
		}
	}
	return id, version, ok
}
