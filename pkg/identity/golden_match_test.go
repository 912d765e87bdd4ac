package identity_test

import (
	"testing"

	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
)

// What a probable match links, and what it does not. K is what a till wrote down, p what a call centre did.

func TestGolden_AutoLinkIsOff(t *testing.T) {
	NewStory().Match(1, "K", "p", .999999).Tell(t).People("K", "p").Edge("K", "p", "refused:probable")
}

func TestGolden_AutoLinkFromItsThreshold(t *testing.T) {
	s := NewStory(AutoLink(.999)).Core(1, "K m").Core(2, "U p", Worth(3))
	s.Match(3, "K", "p", .998999).Tell(t).People("K m", "U p").Edge("K", "p", "refused:probable")
	s.Match(4, "K", "p", .999).Tell(t).People("K m U p").Edge("K", "p", "joined").Sum("K", 3)
}

// A correction of one record takes the link away, and a later one brings it back.
func TestGolden_AutoLinkFollowsTheRecords(t *testing.T) {
	s := NewStory(AutoLink(.999)).Match(1, "K", "p", .9999)
	s.Tell(t).People("K p")
	s.Match(2, "K", "p", 0).Tell(t).People("K", "p")
	s.Match(2, "K", "p", .9999).Tell(t).People("K", "p") // of two at one time the less probable
	s.Match(3, "K", "p", .9999).Tell(t).People("K p")
}

func TestGolden_EvidenceComesBeforeAutoLink(t *testing.T) {
	NewStory(AutoLink(.999)).Core(9, "c1 K1").Grant(1, "c1", 0).Page(9, "c1 p", 1, Stated).Match(1, "K2", "p", .999999).Tell(t).
		People("K1 c1 p", "K2").Edge("K2", "p", "refused:unique")
}

func TestGolden_TwoCardsAreNotLinked(t *testing.T) {
	s := NewStory(AutoLink(.999)).Match(1, "K1", "K2", .999999)
	s.Tell(t).People("K1", "K2").Edge("K1", "K2", "refused:same_namespace")
	s.Act(2, identity.Together, "K1", "K2").Tell(t).People("K1 K2")
}

// One name said on one day is no evidence against evidence, and it is against a guess.
func TestGolden_NamesAgainstAutoLink(t *testing.T) {
	s := NewStory(AutoLink(.999)).Core(1, "K", Says("Marie")).Core(1, "p", Says("Paul")).Match(2, "K", "p", .999999)
	s.Tell(t).People("K", "p").Edge("K", "p", "refused:person")
	s.Core(3, "K p").Tell(t).People("K p")
}

// Marie is like her record without a name, and that is like Paul's: the second is refused, whoever is asked first.
func TestGolden_AutoLinkDoesNotChainNames(t *testing.T) {
	NewStory(AutoLink(.999)).Core(1, "K", Says("Marie")).Core(1, "p2", Says("Paul")).
		Match(2, "K", "p1", .9999).Match(3, "p1", "p2", .9999).Tell(t).People("K p1", "p2").Edge("p1", "p2", "refused:person")
}

func TestGolden_ABanAgainstAutoLinkStays(t *testing.T) {
	s := NewStory(AutoLink(.999)).Core(1, "K U").Match(2, "K", "p", .9999)
	s.Act(3, identity.Ban, "U", "p").Tell(t).People("K U", "p").Edge("K", "p", "refused:ban")
	s.Match(4, "K", "p", .99999).Tell(t).People("K U", "p")
	s.Act(5, identity.Clear, "U", "p").Tell(t).People("K U p")
}

func TestGolden_AutoLinkNeedsPermission(t *testing.T) {
	s := NewStory(AutoLink(.999)).Match(1, "K", "p", .9999)
	s.Object(2, "p").Tell(t).People("K", "p").Edge("K", "p", "refused:permission")
}

func TestGolden_AutoLinkOfAQuarantinedPhone(t *testing.T) {
	NewStory(AutoLink(.999)).Core(1, "U1 p").Core(2, "U2 p").Match(3, "K", "p", .9999).Tell(t).
		People("K", "p").Edge("K", "p", "refused:quarantined")
}

// Which pair of records speaks does not matter, one is enough; each is taken back on its own.
func TestGolden_SeveralRecordsOfTwo(t *testing.T) {
	s := NewStory(AutoLink(.999))
	facts := s.Match(1, "K", "p", .9999).Match(2, "K", "p", .9999).Facts()
	facts.Matches[1].Records[0] = "another record"
	s.Match(3, "K", "p", 0).Tell(t).People("K p")
}

// A ban that is lifted leaves no trace of itself.
func TestGolden_ALiftedBanBetweenProbable(t *testing.T) {
	s := NewStory(AutoLink(.999)).Match(1, "K", "p", .95)
	s.Tell(t).People("K", "p").Edge("K", "p", "refused:probable")
	s.Act(2, identity.Ban, "K", "p").Tell(t).Edge("K", "p", "refused:banned")
	s.Act(3, identity.Clear, "K", "p").Tell(t).People("K", "p").Edge("K", "p", "refused:probable")
}

// Whoever is like so many others is like nobody.
func TestGolden_LikeMany(t *testing.T) {
	s := NewStory(AutoLink(.999), func(r *identity.Rules) { r.MaxDegree = 3 }).Match(1, "K", "p1", .9999).Match(1, "K", "p2", .9999)
	s.Tell(t).People("K p1 p2")
	s.Match(1, "K", "p3", .9999).Tell(t).People("K", "p1", "p2", "p3")
}
