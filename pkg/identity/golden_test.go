package identity_test

import (
	"testing"

	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
)

// The golden cases are what the default rules must answer.

func TestGolden_CardAndAccountShareAnEmail(t *testing.T) {
	NewStory().Core(1, "K m", Stated).Core(2, "U m").Tell(t).People("K m U")
}

func TestGolden_FamilyEmail(t *testing.T) {
	NewStory().Core(1, "U1 m").Core(2, "U2 m").Core(3, "m", Worth(5)).Tell(t).
		People("U1", "U2", "m").Standing("m", identity.Quarantined).Sum("nobody:m", 5)
}

func TestGolden_UndeclaredShopTablet(t *testing.T) {
	NewStory().Grant(1, "c", 0).Page(2, "c U1", 1, Worth(1)).Page(3, "c U2", 1, Worth(2)).Page(4, "c", 1, Worth(4)).Tell(t).
		People("U1", "U2", "c").Sum("U1", 1).Sum("U2", 2).Sum("nobody:c", 4)
}

func TestGolden_ResoldPhoneBothProved(t *testing.T) {
	s := NewStory().Core(1, "K1 p").Core(2, "K2 p").Core(3, "p", Worth(6))
	s.Tell(t).People("K1", "K2", "p").Standing("p", identity.Quarantined).Sum("nobody:p", 6)
	s.Act(4, identity.Ban, "p", "K1").Tell(t).People("K1", "K2 p").Sum("K2", 6)
}

func TestGolden_EmailMistypedOnAnotherCard(t *testing.T) {
	NewStory().Core(1, "U m").Core(2, "U K1").Core(3, "K2 m", Stated).Core(4, "K1 m").Tell(t).
		People("U m K1", "K2").Edge("K2", "m", "refused:unique")
}

func TestGolden_EmailOfAnAccountOnAStrangersCard(t *testing.T) {
	s := NewStory().Core(1, "U m").Core(2, "K m", Stated)
	s.Tell(t).People("U m K")
	s.Act(3, identity.Ban, "U", "K").Tell(t).People("U m", "K")
}

func TestGolden_OneAccountTwoCards(t *testing.T) {
	s := NewStory().Core(1, "U K1").Core(2, "U K2")
	s.Tell(t).People("U K1", "K2").Edge("U", "K2", "refused:unique")
	s.Act(3, identity.Together, "K1", "K2").Tell(t).People("U K1 K2")
}

func TestGolden_TillEmailAndPaymentToken(t *testing.T) {
	NewStory().Core(1, "K1 m", Stated).Core(2, "K2 m", Stated).Core(3, "m y", Worth(20)).Core(4, "K3 y").Tell(t).
		People("K1", "K2", "K3 y", "m").Standing("m", identity.Quarantined).Sum("K3", 20)
}

func TestGolden_AnonymousLogInWithdrawal(t *testing.T) {
	s := NewStory().Grant(1, "c", 0).Page(2, "c", 1, Worth(1)).Page(3, "c U", 1, Worth(2)).Core(4, "U", Worth(4))
	s.Tell(t).People("c U").Sum("U", 7)
	told := s.Withdraw(5, "c").Tell(t).People("c", "U").Sum("U", 4).Sum("nobody:c", 3)
	if told.Of("U") != "U" {
		t.Error("the customer's id changed")
	}
}

func TestGolden_GuestsOrderWithOneEmail(t *testing.T) {
	NewStory().
		Core(1*Day, "m y1", Says("Marie")).Core(2*Day, "m y1", Says("Marie")).
		Core(1*Day, "m y2", Says("Paul")).Core(3*Day, "m y2", Says("Paul")).Core(4*Day, "m", Worth(3)).Tell(t).
		People("y1", "y2", "m").Standing("m", identity.Contested).Sum("nobody:m", 3)
}

func TestGolden_OneWrongName(t *testing.T) {
	NewStory().Core(1*Day, "U m", Says("Marie")).Core(2*Day, "U m", Says("Marie")).Core(3*Day, "m", Says("Paul"), Worth(3)).Tell(t).
		People("U m").Sum("U", 3)
}

func TestGolden_EmailOfAnAccountOnANamedStrangersCard(t *testing.T) {
	NewStory().
		Core(1*Day, "U m", Says("Marie")).Core(2*Day, "U m", Says("Marie")).
		Core(1*Day, "K", Says("Paul")).Core(2*Day, "K", Says("Paul")).Core(3*Day, "K m", Stated).Tell(t).
		People("U m", "K").Edge("K", "m", "refused:person")
}

func TestGolden_ResoldPhoneBothNamesAttested(t *testing.T) {
	s := NewStory().
		Core(1*Day, "K1 p", Says("Marie")).Core(2*Day, "K1 p", Says("Marie")).
		Core(50*Day, "K2 p", Says("Paul"), Stated).Core(51*Day, "K2 p", Says("Paul"), Stated)
	s.Tell(t).People("K1", "K2", "p").Standing("p", identity.Contested)
	s.Act(60*Day, identity.Ban, "p", "K1").Act(60*Day, identity.Release, "p").Tell(t).People("K1", "K2 p").Standing("p", identity.Clean)
}

func TestGolden_OrderOfATillEmailPickedUpByNumber(t *testing.T) {
	NewStory().Core(1, "m K1").Core(2, "m K2").Core(3, "o m").Core(4, "o K3").Core(5, "o", Worth(9)).Tell(t).Sum("K3", 9)
}

func TestGolden_ABanIsInherited(t *testing.T) {
	NewStory().Core(1, "K m").Core(2, "U p").Act(3, identity.Ban, "K", "U").Core(4, "m p").Tell(t).
		People("K m", "U p").Edge("m", "p", "refused:ban")
}

// What was seen under a stamp after its denial (the collector did not know yet) closes the whole leaf, whatever is granted later.
func TestLeafWithAnEventAfterTheDenialStaysClosed(t *testing.T) {
	seen := NewStory().Grant(1, "c", 0).Page(2, "c U", 1, Worth(3)).Withdraw(5, "c").Grant(10, "c", 0)
	seen.Tell(t).People("c U").Sum("U", 3).Sum("nobody:c", 0)
	seen.Page(6, "c U", 1, Worth(7)).Tell(t).People("c U").Sum("U", 0).Sum("nobody:c", 10)
}
