package ledger

import (
	"regexp"
	"slices"
	"strings"

	"rcu/pkg/consent"
	"rcu/pkg/event/registry"
)

// Fault says what is wrong with a statement, and what to do about it. It never holds a value.
type Fault struct {
	Field  string // path in the statement
	Code   string // stable
	Reason string
	Fix    string
}

// Codes of faults.
const (
	CodeRequired     = "required"
	CodePurpose      = "unknown_purpose"
	CodeRefusedUse   = "refused_use"
	CodeUndecidable  = "not_decidable"
	CodeChannel      = "channel"
	CodePoint        = "point"
	CodeAct          = "act"
	CodeFuture       = "decided_in_the_future"
	CodeOrder        = "recorded_before_decided"
	CodeExpiry       = "expiry"
	CodeNotice       = "notice"
	CodeProof        = "no_proof"
	CodePersonGrant  = "no_grant_of_a_person"
	CodeUnconfirmed  = "nothing_to_confirm"
	CodeMaskedMethod = "carried"
)

var (
	parameterForm = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)
	digestForm    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// proofTypes are the kinds of proof that are known.
var proofTypes = []string{"served_notice", "signature", "recording", "document", "import", "tc_string", "confirmation"}

// Check holds one statement against the register of purposes, notices and acts; nil where nothing is wrong. now is the clock of who checks: a
// decision later than it, by more than clocks may differ, was never taken.
func (s *Statement) Check(reg *registry.Registry, now int64) *Fault {
	for _, check := range []func(*registry.Registry, int64) *Fault{s.checkTopic, s.checkPoint, s.checkTimes, s.checkMethod, s.checkProof} {
		if f := check(reg, now); f != nil {
			return f
		}
	}
	return nil
}

func (s *Statement) checkTopic(reg *registry.Registry, _ int64) *Fault {
	name := string(s.Topic.Purpose)
	if reg.Refuses(name) {
		return &Fault{"purpose", CodeRefusedUse, "is a use that is refused, whoever asks", "leave it: see the red list of the register"}
	}
	info, known := consent.PurposeOf(s.Topic.Purpose)
	if _, parameter, has := strings.Cut(name, ":"); has && !parameterForm.MatchString(parameter) {
		known = false
	}
	switch {
	case !known:
		return &Fault{"purpose", CodePurpose, "is unknown", "use a purpose of the register, with its recipient or kind after a colon where it has one"}
	case !info.Decidable:
		return &Fault{"purpose", CodeUndecidable, "is nothing that people decide about", "use a purpose of the register that is decidable"}
	case len(info.Channels) > 0 && s.Topic.Channel == "":
		return &Fault{"channel", CodeChannel, "is missing: this purpose is decided channel by channel", "use one of " + strings.Join(info.Channels, ", ")}
	case !info.Takes(s.Topic.Channel):
		return &Fault{"channel", CodeChannel, "is no channel of this purpose", "use a channel of the purpose, or none where it has none"}
	}
	return nil
}

func (s *Statement) checkPoint(*registry.Registry, int64) *Fault {
	switch {
	case s.Point == (Point{}) && s.Person == "":
		return &Fault{"point", CodeRequired, "is missing", "say which contact point or device was decided about, or which person in a denial of everything"}
	case s.Point == (Point{}) && !s.Kind.Denies():
		return &Fault{"point", CodePersonGrant, "is missing: there is no grant of a whole person", "grant point by point"}
	case s.Point != (Point{}) && !s.Point.Namespace.Links():
		return &Fault{"point.namespace", CodePoint, "is no contact point or device", "use customer, card, email, phone, pay, device or cookie"}
	case s.Point != (Point{}) && s.Point.Value == "":
		return &Fault{"point.value", CodeRequired, "is missing", "say which contact point or device was decided about"}
	case s.Kind == Grant && !consent.Reaches(s.Topic.Channel, s.Point.Namespace):
		return &Fault{"point.namespace", CodePoint, "is never reached by this channel", "grant on the point that the channel uses"}
	}
	return nil
}

func (s *Statement) checkTimes(reg *registry.Registry, now int64) *Fault {
	skew := int64(reg.Terms["clock_skew_seconds"].Seconds)
	switch {
	case s.DecidedAt > now+skew:
		return &Fault{"decided_at", CodeFuture, "is in the future", "send when the person decided; a decision that was not taken yet is none"}
	case s.RecordedAt > now+skew:
		return &Fault{"recorded_at", CodeFuture, "is in the future", "send when the decision was learned"}
	case s.RecordedAt+skew < s.DecidedAt:
		return &Fault{"recorded_at", CodeOrder, "is before decided_at", "nothing is learned before it was decided: set it to decided_at or later"}
	case s.ExpiresAt != 0 && s.ExpiresAt <= s.DecidedAt:
		return &Fault{"expires_at", CodeExpiry, "is not after decided_at", "leave it out, or set it later than decided_at"}
	}
	return nil
}

func (s *Statement) checkMethod(reg *registry.Registry, _ int64) *Fault {
	act, known := reg.Acts[s.Act]
	if s.Kind.Denies() {
		if s.Act != "" && !known {
			return &Fault{"act", CodeAct, "is unknown", "use an act of the register, or none: a denial is valid however it arrives"}
		}
		return nil
	}
	switch {
	case s.Act == "":
		return &Fault{"act", CodeRequired, "is missing: without the act only a denial is accepted", "say how the person agreed"}
	case !known:
		return &Fault{"act", CodeAct, "is unknown", "use an act of the register"}
	case !act.Grants:
		return &Fault{"act", CodeAct, "never grants", "use the act by which the person agreed"}
	case act.Carried && !s.Carried:
		return &Fault{"method", CodeMaskedMethod, "is affirmative, and an imported grant was never said here", "use method carried"}
	case s.Kind == Confirm && s.Confirms == "":
		return &Fault{"confirms", CodeUnconfirmed, "is missing", "say which pending grant was confirmed"}
	case s.Kind == Pending && s.Carried:
		return &Fault{"method", CodeMaskedMethod, "is carried, and nothing imported waits for a confirmation", "use decision grant, or method affirmative"}
	}
	return nil
}

// checkProof: without proof and notice, only a denial is accepted. What was carried shows the record that it came with; a confirmation has the
// notice of the grant that it confirms.
func (s *Statement) checkProof(reg *registry.Registry, _ int64) *Fault {
	if s.Kind.Denies() {
		return nil
	}
	switch {
	case s.Proof.Type == "" || s.Proof.SHA256 == "":
		return &Fault{"proof", CodeProof, "is missing: without proof only a denial is accepted", "send the type and the SHA-256 of what shows that the person agreed"}
	case !slices.Contains(proofTypes, s.Proof.Type):
		return &Fault{"proof.type", CodeProof, "is unknown", "use " + strings.Join(proofTypes, ", ")}
	case !digestForm.MatchString(s.Proof.SHA256):
		return &Fault{"proof.sha256", CodeProof, "is no SHA-256", "send 64 lower-case hexadecimal digits"}
	}
	if s.Carried || s.Kind == Confirm {
		return nil
	}
	if s.Notice.ID == "" {
		return &Fault{"notice", CodeNotice, "is missing: a grant without the text that was shown is none", "send id, version and language of the notice"}
	}
	n, known := reg.Notice(s.Notice.ID, s.Notice.Version)
	_, spoken := reg.NoticeText(s.Notice.ID, s.Notice.Version, s.Notice.Language)
	switch {
	case !known:
		return &Fault{"notice", CodeNotice, "is unknown in this version", "send a notice of the register, with its version"}
	case !spoken:
		return &Fault{"notice.language", CodeNotice, "is no language of this notice", "send the language of the text that was shown"}
	case !n.Covers(string(s.Topic.Purpose)):
		return &Fault{"notice.id", CodeNotice, "does not speak of this purpose", "ask with the notice of the purpose: one purpose at a time"}
	}
	return nil
}
