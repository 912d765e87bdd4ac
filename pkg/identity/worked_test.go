package identity_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
	"rcu/pkg/yamlfile"
)

// The worked examples of other systems, each under a file of docs/rules. Where our defaults answer otherwise on purpose, the test says so
// and shows both.

func worked(t *testing.T, name string) identity.Rules {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "rules", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := yamlfile.ToJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := identity.CheckRules(doc)
	if err != nil {
		t.Fatalf("%s.yaml: %v", name, err)
	}
	return rules
}

// under starts a story by a file of rules.
func under(t *testing.T, name string) *Story {
	t.Helper()
	rules := worked(t, name)
	return NewStory(func(r *identity.Rules) { *r = rules })
}

func TestWorked_DefaultFileIsTheDefaultRules(t *testing.T) {
	got := worked(t, "default")
	for n, rule := range got.Namespaces {
		rule.Kind = ""
		got.Namespaces[n] = rule
	}
	want := identity.DefaultRules()
	for n := range want.Namespaces {
		if _, written := got.Namespaces[n]; !written {
			t.Errorf("%s is not in default.yaml", n)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Segment, Priority: a profile has user_id abc123 and jane@example1.com; an event brings abc456 with the same e-mail. The lower priority
// is demoted, so the event makes a profile of abc456 alone, and the e-mail stays where it was.
func TestWorked_SegmentPriority(t *testing.T) {
	under(t, "segment").Core(1, "U1 m").Core(2, "U2 m").Tell(t).People("U1 m", "U2").Edge("U2", "m", "refused:unique")
	// Our default differs: an e-mail that two accounts proved identifies nobody. Whose it is would be a guess.
	NewStory().Core(1, "U1 m").Core(2, "U2 m").Tell(t).People("U1", "U2", "m").Standing("m", identity.Quarantined)
}

// Segment, Priority, a third identifier on the event: each link is judged by itself, so what does not conflict is kept.
func TestWorked_SegmentDemotesOnlyWhatConflicts(t *testing.T) {
	under(t, "segment").Core(1, "U1 m").Core(2, "U2 m d").Tell(t).People("U1 m", "U2 d")
}

// Segment, Limit: anonymous_id 5 weekly. The sixth in a week is refused, one of the eighth day is accepted, and what was refused stays so.
func TestWorked_SegmentLimitWithWindow(t *testing.T) {
	s := under(t, "segment")
	for i := range 6 {
		s.Core(int64(i)*Day, fmt.Sprintf("U c%d", i+1))
	}
	s.Core(8*Day, "U c7").Tell(t).People("U c1 c2 c3 c4 c5 c7", "c6").Edge("U", "c6", "refused:limit")
}

// Segment, Limit: user_id 1 ever, and e-mail 5 a year.
func TestWorked_SegmentFiveEmailsAYear(t *testing.T) {
	s := under(t, "segment")
	for i := range 6 {
		s.Core(int64(10*i)*Day, fmt.Sprintf("U m%d", i+1))
	}
	s.Core(366*Day, "U m7").Tell(t).People("U m1 m2 m3 m4 m5 m7", "m6")
}

// Segment, Shared iPad: many customers submit information on one device. Nobody merges; by Segment's limit the device stays with the first.
func TestWorked_SegmentSharedTablet(t *testing.T) {
	under(t, "segment").Core(1, "U1 m1 d").Core(2, "U2 m2 d").Core(3, "U3 m3 d").Tell(t).People("U1 m1 d", "U2 m2", "U3 m3")
	// Our default differs: a device of several accounts is nobody's.
	NewStory().Core(1, "U1 m1 d").Core(2, "U2 m2 d").Core(3, "U3 m3 d").Tell(t).People("U1 m1", "U2 m2", "U3 m3", "d").Standing("d", identity.Quarantined)
}

// Segment, Blocked values: zeroes and dashes never link. Segment does not promote them; here they are blocked in standing, so they come back.
func TestWorked_SegmentBlockedValues(t *testing.T) {
	rules := worked(t, "segment")
	const lines = `{"kind":"event","id":"e1","t":1,"ids":["customer:0-0","email:anna@a.example"]}
{"kind":"event","id":"e2","t":2,"ids":["customer:0-0","email:paul@b.example"]}
{"kind":"event","id":"e3","t":3,"ids":["customer:10","email:anna@a.example"]}`
	got, err := identity.Solve(strings.NewReader(lines), &rules)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"customer:0-0": {"customer:0-0"}, "customer:10": {"customer:10", "email:anna@a.example"}, "email:paul@b.example": {"email:paul@b.example"}}
	if diff := cmp.Diff(want, got.Profiles); diff != "" {
		t.Error(diff)
	}
	rules.BlockedPatterns = nil
	if got, err = identity.Solve(strings.NewReader(lines), &rules); err != nil || len(got.Profiles["customer:0-0"]) != 3 {
		t.Errorf("%v, %v", got, err)
	}
}

// Adobe, Shared device, example one: CRM records of Jane and John; Jane logs in on a laptop, then John. Adobe gives the laptop to the last
// who logged in. We give it to the first by the same rules, on purpose: newest first moves it at every log-in (kernel.md 12: 56 moves of
// identifiers in a thousand writes, ours 16). Two people in both.
func TestWorked_AdobeSharedDevice(t *testing.T) {
	s := func() *Story { return under(t, "adobe").Core(0, "U1 m1").Core(0, "U2 m2") }
	s().Core(1, "U1 m1 c").Core(2, "U2 m2 c").Tell(t).People("U1 m1 c", "U2 m2").Edge("U2", "c", "refused:unique")
	s().Core(1, "U1 m1 c").Core(2, "U2 m2 c").Core(3, "U1 c").Core(4, "U2 c").Tell(t).People("U1 m1 c", "U2 m2")
	// By our defaults the laptop is nobody's.
	NewStory().Core(0, "U1 m1").Core(0, "U2 m2").Core(1, "U1 m1 c").Core(2, "U2 m2 c").Tell(t).
		People("U1 m1", "U2 m2", "c").Standing("c", identity.Quarantined)
}

// Adobe, Shared device, example two: CRM ID alone is unique. Jane keeps her profile though no link is left to her.
func TestWorked_AdobeSharedDeviceOfTwoAccounts(t *testing.T) {
	under(t, "adobe").Core(1, "U1 c").Core(2, "U2 c").Tell(t).People("U1 c", "U2")
}

// Adobe, Bad email: Jane and John both gave test@test.com. The graphs stay apart; Adobe deletes the older link, we refuse the younger one.
func TestWorked_AdobeBadEmail(t *testing.T) {
	under(t, "adobe").Core(1, "U1 c1").Core(2, "U2 c2").Core(3, "U1 m", Stated).Core(4, "U2 m", Stated).Tell(t).
		People("U1 c1 m", "U2 c2").Edge("U2", "m", "refused:unique")
	// By our defaults a bad e-mail identifies nobody.
	NewStory().Core(1, "U1 c1").Core(2, "U2 c2").Core(3, "U1 m", Stated).Core(4, "U2 m", Stated).Tell(t).People("U1 c1", "U2 c2", "m")
}

// Adobe, Anonymous event association: Kevin and Nora share a tablet. Adobe moves anonymous browsing to whoever logged in last, back and
// forth. By our defaults it belongs to nobody once the second person appears, and what each did while logged in stays their own.
func TestWorked_AdobeAnonymousBrowsingOfASharedTablet(t *testing.T) {
	NewStory().Grant(1, "c", 0).Page(2, "c", 1, Worth(1)).Page(3, "c U1", 1, Worth(10)).Page(4, "c U2", 1, Worth(100)).Page(5, "c", 1, Worth(1000)).
		Page(6, "c U1", 1, Worth(10)).Tell(t).People("U1", "U2", "c").Sum("U1", 20).Sum("U2", 100).Sum("nobody:c", 1001)
}

// Snowplow: Alice's web and app are one by her log-in; Bob logs in on her phone; then somebody opens the app without a log-in. Bob is
// himself, and the third is an anonymous id that is always the same for this phone.
func TestWorked_SnowplowSharedPhone(t *testing.T) {
	for _, rules := range []string{"snowplow", "default"} {
		under(t, rules).Grant(1, "d", 0).Core(2, "c U1").Core(3, "d U1", Worth(1)).Core(4, "d U2", Worth(2)).Page(5, "d", 1, Worth(4)).Page(6, "d", 1, Worth(8)).Tell(t).
			People("U1 c", "U2", "d").Standing("d", identity.Quarantined).Sum("U1", 1).Sum("U2", 2).Sum("nobody:d", 12)
	}
}

// Tilores, createConnectionBan: two records are parted; a later record that matches both joins one of them, never both.
func TestWorked_TiloresBanIsInheritedThroughLaterMerges(t *testing.T) {
	s := func() *Story { return under(t, "tilores").Core(1, "K p").Core(2, "U p") }
	s().Tell(t).People("K p U")
	banned := s().Act(3, identity.Ban, "K", "U")
	banned.Tell(t).People("K p", "U")
	banned.Core(4, "K m1").Core(5, "U m2").Core(6, "m1 m2").Tell(t).People("K p m1", "U m2").Edge("m1", "m2", "refused:ban")
	banned.Core(7, "K U").Tell(t).People("K p m1", "U m2").Edge("K", "U", "refused:banned") // the same link again
}

// Tilores, disassemble: what was assembled wrongly comes apart at the edge, and each keeps what is its own.
func TestWorked_TiloresDisassemble(t *testing.T) {
	under(t, "tilores").Core(1, "U1 m1", Worth(1)).Core(2, "U2 m2", Worth(2)).Core(3, "m1 m2").Act(4, identity.Ban, "m1", "m2").
		Core(5, "U2", Worth(4)).Tell(t).People("U1 m1", "U2 m2").Sum("U1", 1).Sum("U2", 6)
}

// Unomi merges at most 50 profiles at once, and which ones is arbitrary; here sixty visitors with one e-mail are one, in any order.
func TestWorked_UnomiMergesAll(t *testing.T) {
	s := under(t, "merge-by-property")
	want := []string{"m"}
	for i := range 60 {
		s.Core(int64(i), fmt.Sprintf("m c%d", i))
		want = append(want, fmt.Sprintf("c%d", i))
	}
	s.Tell(t).People(strings.Join(want, " "))
}

// Unomi's `add` and Tracardi's visits (#850: counted 2 n + 1 after a merge): merging twice and replaying gives the same sum.
func TestWorked_CountersAreNotDoubled(t *testing.T) {
	s := under(t, "merge-by-property").Core(1, "U1 m", Worth(1)).Core(2, "U1", Worth(1)).Core(3, "U2 p", Worth(1)).Core(4, "m p", Worth(1))
	s.Tell(t).People("U1 m U2 p").Sum("U1", 4)
	s.Act(5, identity.Ban, "U1", "U2").Tell(t).People("U1 m", "U2 p")
	s.Act(6, identity.Clear, "U1", "U2").Tell(t).People("U1 m U2 p").Sum("U1", 4)
}

// Tracardi #784 (history stays behind) and #892 (what was known is lost): an anonymous device logs in with the e-mail of a known person.
func TestWorked_TracardiHistoryFollows(t *testing.T) {
	s := under(t, "merge-by-property").Grant(1, "c2", 0).Core(2, "m U c1", Worth(1)).Page(3, "c2", 2-1, Worth(2))
	s.Tell(t).People("m U c1", "c2").Sum("c2", 2)
	told := s.Core(4, "c2 m", Worth(4)).Tell(t).People("m U c1 c2").Sum("U", 7)
	if told.Of("c2") != "U" {
		t.Error("the known person's id is lost")
	}
}

// Tracardi #875 (of two ways to merge only the last works): both do.
func TestWorked_TracardiMergesByEmailAndByPhone(t *testing.T) {
	under(t, "merge-by-property").Core(1, "U1 m").Core(2, "U2 p").Core(3, "c1 m").Core(4, "c2 p").Core(5, "m p").Tell(t).People("U1 m c1 U2 p c2")
	// Our default differs: two accounts are two people, whatever links their e-mail and phone.
	NewStory().Core(1, "U1 m").Core(2, "U2 p").Core(3, "m p").Tell(t).People("U1 m", "U2 p").Edge("m", "p", "refused:unique")
}
