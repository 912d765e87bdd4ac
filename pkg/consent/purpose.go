package consent

import (
	"math"
	"slices"
	"strings"
	"time"

	"rcu/pkg/identifier"
)

// Purpose says why data is used. A purpose with a parameter carries it after a colon: "share_partner:acme".
type Purpose string

// The purposes of the product (consent.md 3.2; schemas/registry.yaml has the same table for the rest of the world).
const (
	Contract            Purpose = "contract"
	Legal               Purpose = "legal"
	Security            Purpose = "security"
	AudienceExempt      Purpose = "audience_exempt"
	UnifyCore           Purpose = "unify_core"
	UnifyBehaviour      Purpose = "unify_behaviour"
	Personalise         Purpose = "personalise"
	StoreViewWeb        Purpose = "store_view_web"
	ClientelingContact  Purpose = "clienteling_contact"
	Marketing           Purpose = "marketing"
	EmailOpenTracking   Purpose = "email_open_tracking"
	AnalyticsIndividual Purpose = "analytics_individual"
	Profiling           Purpose = "profiling"
	AdsCustomAudience   Purpose = "ads_custom_audience"
	SharePartner        Purpose = "share_partner"
	Geoloc              Purpose = "geoloc"
	BeaconPresence      Purpose = "beacon_presence"
	Survey              Purpose = "survey"
	Sensitive           Purpose = "sensitive"
	ChildProfile        Purpose = "child_profile"
)

// Basis is what allows a purpose.
type Basis string

// The legal bases.
const (
	BasisContract           Basis = "contract"
	BasisLegal              Basis = "legal"
	BasisLegitimateInterest Basis = "legitimate_interest"
	BasisExempt             Basis = "exempt"
	BasisConsent            Basis = "consent"
)

// Channels on which a person may be contacted; a marketing decision names one.
const (
	ChannelEmail     = "email"
	ChannelSMS       = "sms"
	ChannelPhone     = "phone"
	ChannelPost      = "post"
	ChannelMessaging = "messaging"
	ChannelPush      = "push"
)

// Info is what the product knows of a purpose.
type Info struct {
	Purpose   Purpose
	Basis     Basis
	Default   bool     // allowed for somebody who decided nothing
	Decidable bool     // a person's decision changes it
	Parameter bool     // one decision per recipient, partner or kind
	Channels  []string // a decision names one of these; none = no channel
	Months    int      // a grant without an expiry of its own ends after so many; 0 = by use, not by date
	PerPoint  bool     // a permission of the very point or device: another point's denial does not touch it
	On        map[string]ChannelRule

	bit int // of the mask, of the first channel; -1 = none
}

// ChannelRule is what differs on one channel of a purpose.
type ChannelRule struct {
	Months     int  // a grant without an expiry of its own ends after so many; 0 = Info.Months
	Inactivity int  // months after the last act of the person when a grant ends; 0 = never
	SoftOptIn  bool // a sale of the same controller may stand for consent
}

// MonthsOn is the validity of a grant on a channel, in months; 0 = by use, not by date.
func (i Info) MonthsOn(channel string) int {
	if m := i.On[channel].Months; m > 0 {
		return m
	}
	return i.Months
}

// EndOn is when a grant on a channel ends by date: the end that was stated, at most the validity of the purpose; 0 = never.
func (i Info) EndOn(channel string, decided, stated int64) int64 {
	months := i.MonthsOn(channel)
	if months == 0 {
		return stated
	}
	end := AddMonths(decided, months)
	if stated != 0 && stated < end {
		return stated
	}
	return end
}

// AddMonths adds calendar months to a time in seconds.
func AddMonths(t int64, months int) int64 { return time.Unix(t, 0).UTC().AddDate(0, months, 0).Unix() }

// Optional reports whether the purpose needs somebody's consent.
func (i Info) Optional() bool { return i.Basis == BasisConsent }

// used is three years without an act of the person (CNIL; registry.yaml).
var used = ChannelRule{Inactivity: 36}

// purposes is the closed table. Bits are part of what is stored: only ever append, never give one another meaning.
var purposes = []Info{
	{Purpose: Contract, Basis: BasisContract, Default: true, bit: 0},
	{Purpose: Legal, Basis: BasisLegal, Default: true, bit: 1},
	{Purpose: Security, Basis: BasisLegitimateInterest, Default: true, bit: 2},
	{Purpose: AudienceExempt, Basis: BasisExempt, Default: true, bit: 3},
	{Purpose: UnifyCore, Basis: BasisLegitimateInterest, Default: true, Decidable: true, bit: 4},
	{Purpose: UnifyBehaviour, Basis: BasisConsent, Decidable: true, Months: 13, PerPoint: true, bit: 5},
	{Purpose: Personalise, Basis: BasisConsent, Decidable: true, Months: 13, PerPoint: true, bit: 6},
	{Purpose: StoreViewWeb, Basis: BasisConsent, Decidable: true, Months: 13, bit: 7},
	{
		Purpose: ClientelingContact, Basis: BasisConsent, Decidable: true, Channels: []string{ChannelEmail, ChannelSMS, ChannelMessaging},
		PerPoint: true, bit: 16,
		On: map[string]ChannelRule{ChannelEmail: used, ChannelSMS: used, ChannelMessaging: used},
	},
	{
		Purpose: Marketing, Basis: BasisConsent, Decidable: true, PerPoint: true, bit: 24,
		Channels: []string{ChannelEmail, ChannelSMS, ChannelPhone, ChannelPost, ChannelMessaging, ChannelPush},
		On: map[string]ChannelRule{
			ChannelEmail: {Inactivity: 36, SoftOptIn: true}, ChannelSMS: {Inactivity: 36, SoftOptIn: true}, ChannelPhone: {Months: 12},
			ChannelPost: used, ChannelMessaging: used, ChannelPush: used,
		},
	},
	{Purpose: EmailOpenTracking, Basis: BasisConsent, Decidable: true, Months: 13, PerPoint: true, bit: 8},
	{Purpose: AnalyticsIndividual, Basis: BasisLegitimateInterest, Default: true, Decidable: true, Months: 25, bit: 9},
	{Purpose: Profiling, Basis: BasisConsent, Decidable: true, Months: 13, bit: 10},
	{Purpose: AdsCustomAudience, Basis: BasisConsent, Decidable: true, Parameter: true, Months: 13, bit: -1},
	{Purpose: SharePartner, Basis: BasisConsent, Decidable: true, Parameter: true, Months: 13, bit: -1},
	{Purpose: Geoloc, Basis: BasisConsent, Decidable: true, Months: 13, PerPoint: true, bit: 11},
	{Purpose: BeaconPresence, Basis: BasisConsent, Decidable: true, Months: 13, PerPoint: true, bit: 12},
	{
		Purpose: Survey, Basis: BasisConsent, Decidable: true, Months: 13, PerPoint: true, bit: 32,
		Channels: []string{ChannelEmail, ChannelSMS, ChannelPhone, ChannelPost, ChannelMessaging, ChannelPush},
	},
	{Purpose: Sensitive, Basis: BasisConsent, Decidable: true, Parameter: true, Months: 12, bit: -1},
	{Purpose: ChildProfile, Basis: BasisConsent, Decidable: true, Months: 12, bit: 13},
}

// PurposeOf looks a purpose up, with or without its parameter. A parameter where none belongs, or a missing one, is unknown.
func PurposeOf(p Purpose) (Info, bool) {
	base, parameter, has := strings.Cut(string(p), ":")
	n, known := purposeIndex[base]
	if !known {
		return Info{}, false
	}
	i := purposes[n]
	return i, has == i.Parameter && (!has || parameter != "")
}

// purposeIndex is where each purpose stands in the table.
var purposeIndex = func() map[string]int {
	index := make(map[string]int, len(purposes))
	for n, i := range purposes {
		index[string(i.Purpose)] = n
	}
	return index
}()

// Purposes lists all purposes.
func Purposes() []Info { return slices.Clone(purposes) }

// Takes reports whether a decision about the purpose may name the channel.
func (i Info) Takes(channel string) bool {
	if len(i.Channels) == 0 {
		return channel == ""
	}
	return slices.Contains(i.Channels, channel)
}

// PurposeChannel is what one history is about.
type PurposeChannel struct {
	Purpose Purpose
	Channel string // empty unless the purpose has channels
}

// Mask is a set of purposes and channels: one bit each. Purposes with a parameter have none; they are asked of the register.
type Mask uint64

// bitOf returns the bit of a purpose on a channel, 0 where it has none.
func bitOf(p Purpose, channel string) Mask {
	i, ok := PurposeOf(p)
	if !ok || i.bit < 0 || !i.Takes(channel) {
		return 0
	}
	return 1 << (i.bit + max(0, slices.Index(i.Channels, channel)))
}

// Has reports whether a purpose without channels is in the mask.
func (m Mask) Has(p Purpose) bool { return m.HasOn(p, "") }

// HasOn reports whether a purpose is in the mask for a channel.
func (m Mask) HasOn(p Purpose, channel string) bool { return m&bitOf(p, channel) != 0 }

// Reaches reports whether a channel can reach a point of a namespace at all.
func Reaches(channel string, n identifier.Namespace) bool {
	switch channel {
	case ChannelEmail:
		return n == identifier.Email
	case ChannelSMS, ChannelPhone:
		return n == identifier.Phone
	case ChannelPush:
		return n.Kind() == identifier.KindDevice
	case ChannelMessaging:
		return n == identifier.Phone || n == identifier.Customer || n.Kind() == identifier.KindDevice
	case ChannelPost:
		return n.Kind() == identifier.KindPerson
	}
	return true
}

// noTime is later than every time a person decides at.
const noTime = int64(math.MaxInt64)
