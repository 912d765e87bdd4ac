package consent_test

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

func laid(o consent.Overlay, at, until int64) ev { return lay(o, consent.Object, at, until) }
func lifted(o consent.Overlay, at int64) ev      { return lay(o, consent.Grant, at, 0) }

func lay(o consent.Overlay, dec consent.Dec, at, until int64) ev {
	return ev{Topic: consent.PurposeChannel{Purpose: o.Purpose()}, Decision: consent.Decision{Dec: dec, At: at, Expires: until, ID: fmt.Sprint(o, dec, at, until)}}
}

func said(p consent.Purpose, channel string, dec consent.Dec, at int64) ev {
	return ev{Topic: consent.PurposeChannel{Purpose: p, Channel: channel}, Decision: consent.Decision{Dec: dec, At: at, ID: fmt.Sprint(p, dec, at)}}
}

func registerOf(es ...ev) (r consent.Register) {
	for _, e := range es {
		r, _ = r.Join(e.Topic, e.Decision)
	}
	return r
}

func TestOverlays_byExample(t *testing.T) {
	mail := said(consent.Marketing, consent.ChannelEmail, consent.Grant, 10)
	browse := said(consent.UnifyBehaviour, "", consent.Grant, 10)
	joint := said(consent.UnifyBehaviour, "", consent.Grant, 12)
	joint.Joint = true
	for name, c := range map[string]struct {
		es      []ev
		p       consent.Purpose
		channel string
		t, now  int64
		want    bool
	}{
		"nothing lies":                               {[]ev{mail}, consent.Marketing, "email", 20, 20, true},
		"restricted for a time":                      {[]ev{laid(consent.Restricted, 15, 30)}, consent.UnifyCore, "", 20, 30, true},
		"lifted when it was laid":                    {[]ev{laid(consent.Restricted, 15, 30), lifted(consent.Restricted, 15)}, consent.UnifyCore, "", 20, 20, false},
		"lifting is never a grant":                   {[]ev{lifted(consent.Restricted, 15)}, consent.Marketing, "email", 20, 20, false},
		"restricted":                                 {[]ev{laid(consent.Restricted, 15, 0)}, consent.UnifyCore, "", 20, 20, false},
		"restricted: an order is delivered":          {[]ev{laid(consent.Restricted, 15, 0)}, consent.Contract, "", 20, 20, true},
		"no longer restricted":                       {[]ev{laid(consent.Restricted, 15, 0), lifted(consent.Restricted, 30)}, consent.UnifyCore, "", 20, 40, true},
		"deceased":                                   {[]ev{mail, laid(consent.Deceased, 15, 0)}, consent.Marketing, "email", 20, 20, false},
		"deceased: an order is delivered":            {[]ev{laid(consent.Deceased, 15, 0)}, consent.Contract, "", 20, 20, true},
		"15 to 17: no profile for offers":            {[]ev{said(consent.Profiling, "", consent.Grant, 10), laid(consent.Adolescent, 5, 50)}, consent.Profiling, "", 20, 20, false},
		"15 to 17: grown up":                         {[]ev{said(consent.Profiling, "", consent.Grant, 10), laid(consent.Adolescent, 5, 50)}, consent.Profiling, "", 20, 60, true},
		"15 to 17: the rest holds":                   {[]ev{mail, laid(consent.Adolescent, 5, 50)}, consent.Marketing, "email", 20, 20, true},
		"erased":                                     {[]ev{laid(consent.Erased, 15, 0)}, consent.UnifyCore, "", 20, 20, false},
		"erased and back: what was before stays out": {[]ev{laid(consent.Erased, 15, 0), lifted(consent.Erased, 16)}, consent.UnifyCore, "", 14, 20, false},
		"erased and back: what comes now counts":     {[]ev{laid(consent.Erased, 15, 0), lifted(consent.Erased, 16)}, consent.UnifyCore, "", 18, 20, true},
		"erased and back: an old grant is none":      {[]ev{mail, laid(consent.Erased, 15, 0), lifted(consent.Erased, 16)}, consent.Marketing, "email", 18, 20, false},
		"erased and back: a new grant counts":        {[]ev{mail, laid(consent.Erased, 15, 0), lifted(consent.Erased, 16), said(consent.Marketing, "email", consent.Grant, 17)}, consent.Marketing, "email", 18, 20, true},
		"a minor's own grant":                        {[]ev{laid(consent.Minor, 5, 50), browse}, consent.UnifyBehaviour, "", 20, 20, false},
		"a minor, another purpose is joint":          {[]ev{laid(consent.Minor, 5, 50), mail, joint}, consent.Marketing, "email", 20, 20, false},
		"a minor with joint consent":                 {[]ev{laid(consent.Minor, 5, 50), browse, joint}, consent.UnifyBehaviour, "", 20, 20, true},
		"before the joint consent":                   {[]ev{laid(consent.Minor, 5, 50), browse, joint}, consent.UnifyBehaviour, "", 11, 20, false},
		"grown up: nothing is granted by itself":     {[]ev{laid(consent.Minor, 5, 50), browse}, consent.UnifyBehaviour, "", 60, 60, false},
		"grown up: joint consent ends too":           {[]ev{laid(consent.Minor, 5, 50), browse, joint}, consent.UnifyBehaviour, "", 60, 60, false},
		"grown up: asked anew":                       {[]ev{laid(consent.Minor, 5, 50), browse, said(consent.UnifyBehaviour, "", consent.Grant, 55)}, consent.UnifyBehaviour, "", 60, 60, true},
		"learned late: an earlier grant of a minor":  {[]ev{browse, laid(consent.Minor, 15, 50)}, consent.UnifyBehaviour, "", 60, 60, false},
		"a minor's orders go on":                     {[]ev{laid(consent.Minor, 5, 50)}, consent.UnifyCore, "", 20, 20, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, registerOf(c.es...).Allowed(c.p, c.channel, c.t, c.now))
			slices.Reverse(c.es)
			require.Equal(t, c.want, registerOf(c.es...).Allowed(c.p, c.channel, c.t, c.now), "in another order")
		})
	}
}

// model answers from a bare list of decisions, as consent.md has it: no register, no codec.
type model struct {
	es    []ev
	fault string
}

func (m model) lies(o consent.Overlay, t int64) bool {
	last := int64(-1)
	for _, e := range m.es {
		if e.Topic.Purpose == o.Purpose() && e.At <= t {
			last = max(last, e.At)
		}
	}
	return slices.ContainsFunc(m.es, func(e ev) bool {
		return e.Topic.Purpose == o.Purpose() && e.At == last && e.Denies() && (e.Expires == 0 || e.Expires > t)
	})
}

// decided finds what the person decided last about a purpose, the protective one of equal instants.
func (m model) decided(p consent.Purpose, t int64) (consent.Decision, bool) {
	var best consent.Decision
	found := false
	for _, e := range m.es {
		better := e.At > best.At || e.At == best.At && (e.Dec > best.Dec || e.Dec == best.Dec && best.Joint && !e.Joint)
		if e.Topic.Purpose == p && e.At <= t && (!found || better) {
			best, found = e.Decision, true
		}
	}
	return best, found
}

// granted asks for a grant of an optional purpose at t that still counts now.
func (m model) granted(p consent.Purpose, t, now int64) bool {
	d, ok := m.decided(p, t)
	if !ok || d.Dec != consent.Grant {
		return false
	}
	for _, e := range m.es {
		if e.At > now || !e.Denies() {
			continue
		}
		switch e.Topic.Purpose {
		case consent.Erased.Purpose():
			if (d.At <= e.At || t <= e.At) && m.fault != "an erasure is forgotten" {
				return false
			}
		case consent.Minor.Purpose():
			end := e.Expires
			if end == 0 {
				end = 1 << 62
			}
			for _, x := range m.es {
				if x.Topic == e.Topic && !x.Denies() && x.At > e.At && x.At <= now {
					end = min(end, x.At)
				}
			}
			if d.At < end && (now >= end || !d.Joint) && m.fault != "a minor's grant grows up" {
				return false
			}
		}
	}
	return true
}

func (m model) allowed(p consent.Purpose, t, now int64) bool {
	for _, o := range []consent.Overlay{consent.Restricted, consent.Erased, consent.Deceased} {
		if m.lies(o, now) && (m.fault != "deceased people agree" || o != consent.Deceased) {
			return false
		}
	}
	if d, _ := m.decided(p, now); m.lies(consent.Minor, now) && !d.Joint {
		return false
	}
	return m.granted(p, t, now) && m.granted(p, now, now)
}

func overlayEvents(t *rapid.T) []ev {
	var es []ev
	for i := range rapid.IntRange(0, 7).Draw(t, "n") {
		at := rapid.Int64Range(0, 12).Draw(t, "at")
		dec := rapid.SampledFrom([]consent.Dec{consent.Grant, consent.Grant, consent.Object}).Draw(t, "dec")
		var e ev
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			e = said(consent.Marketing, consent.ChannelEmail, dec, at)
		case 1:
			e = said(consent.UnifyBehaviour, "", dec, at)
		case 2:
			e = said(consent.UnifyBehaviour, "", dec, at)
			e.Joint = true
		default:
			until := int64(0)
			if dec != consent.Grant && rapid.Bool().Draw(t, "ends") {
				until = at + rapid.Int64Range(1, 6).Draw(t, "for")
			}
			e = lay(rapid.SampledFrom(consent.Overlays()).Draw(t, "overlay"), dec, at, until)
		}
		e.ID += fmt.Sprint("-", i)
		es = append(es, e)
	}
	return es
}

// oneEnd leaves out histories in which a minor is laid more than once: the model asks each, the register asks the longest.
func oneEnd(es []ev) bool {
	n := 0
	for _, e := range es {
		if e.Topic.Purpose == consent.Minor.Purpose() && e.Denies() {
			n++
		}
	}
	return n <= 1
}

func overlayLaw(t *rapid.T, fault string) error {
	es := overlayEvents(t)
	if !oneEnd(es) {
		return nil
	}
	r := registerOf(es...)
	mixed := rapid.Permutation(es).Draw(t, "order")
	if got := registerOf(slices.Concat(mixed, es)...); string(got.Encode()) != string(r.Encode()) {
		return fmt.Errorf("order and repetition matter: %v", es)
	}
	back, err := consent.DecodeRegister(r.Encode())
	if err != nil {
		return fmt.Errorf("%v: %w", es, err)
	}
	bare := registerOf(slices.DeleteFunc(slices.Clone(es), func(e ev) bool { return strings.HasPrefix(string(e.Topic.Purpose), "overlay:") })...)
	at, now := rapid.Int64Range(0, 20).Draw(t, "t"), rapid.Int64Range(0, 20).Draw(t, "now")
	at = min(at, now)
	for _, pc := range []consent.PurposeChannel{{Purpose: consent.Marketing, Channel: consent.ChannelEmail}, {Purpose: consent.UnifyBehaviour}} {
		got := back.Allowed(pc.Purpose, pc.Channel, at, now)
		if got && !bare.Allowed(pc.Purpose, pc.Channel, at, now) {
			return fmt.Errorf("an overlay gave a permission: %v", es)
		}
		if want := (model{es, fault}).allowed(pc.Purpose, at, now); got != want {
			return fmt.Errorf("%s at %d now %d: got %v: %v", pc.Purpose, at, now, got, es)
		}
	}
	return nil
}

func TestOverlays_law(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if err := overlayLaw(t, ""); err != nil {
			t.Fatal(err)
		}
	})
}

// Each fault in the reading of overlays is told from the code.
func TestOverlays_plantedFaults(t *testing.T) {
	for _, fault := range []string{"an erasure is forgotten", "a minor's grant grows up", "deceased people agree"} {
		caught := false
		for seed := 0; seed < 20_000 && !caught; seed++ {
			caught = rapid.Custom(func(t *rapid.T) bool { return overlayLaw(t, fault) != nil }).Example(seed)
		}
		require.True(t, caught, fault)
	}
}

func TestOverlays_ofAPerson(t *testing.T) {
	grant := said(consent.Marketing, consent.ChannelEmail, consent.Grant, 10)
	card := identifier.Key{Namespace: identifier.Card, Value: "c"}
	mail := identifier.Key{Namespace: identifier.Email, Value: "e"}
	mask := func(onCard ...ev) consent.Mask {
		return consent.Permissions([]consent.Point{{Key: mail, Register: registerOf(grant)}, {Key: card, Register: registerOf(onCard...)}}, 20)
	}
	require.True(t, mask().HasOn(consent.Marketing, consent.ChannelEmail))
	for _, o := range []consent.Overlay{consent.Restricted, consent.Erased, consent.Deceased, consent.Minor} {
		m := mask(laid(o, 15, 0))
		require.False(t, m.HasOn(consent.Marketing, consent.ChannelEmail), o)
		require.True(t, m.Has(consent.Contract), o)
		require.Equal(t, o == consent.Minor, m.Has(consent.UnifyCore), o)
	}
	joint := grant
	joint.Joint = true
	both := []consent.Point{{Key: mail, Register: registerOf(joint)}, {Key: card, Register: registerOf(laid(consent.Minor, 5, 0))}}
	require.True(t, consent.Permissions(both, 20).HasOn(consent.Marketing, consent.ChannelEmail), "joint consent about the address")
	points := []consent.Point{{Key: mail}, {Key: card, Register: registerOf(laid(consent.Restricted, 15, 18))}}
	require.Equal(t, consent.Restricted, consent.Closed(points, 16))
	require.Empty(t, consent.Closed(points, 20), "lifted by date")
}

// What only a minor's overlay leaves: a grant that somebody with parental authority gave, too, lifts no other overlay, wherever the two lie.
func TestOverlays_ofAPerson_jointConsentLiftsAMinorsAlone(t *testing.T) {
	for _, purpose := range []ev{said(consent.Marketing, consent.ChannelEmail, consent.Grant, 10), said(consent.Profiling, "", consent.Grant, 10)} {
		purpose.Joint = true
		for _, o := range consent.Overlays() {
			for _, apart := range []bool{true, false} {
				points := []consent.Point{{Key: identifier.Key{Namespace: identifier.Email, Value: "e"}, Register: registerOf(purpose)}, {Key: identifier.Key{Namespace: identifier.Card, Value: "c"}}}
				if apart {
					points[1].Register = registerOf(laid(o, 5, 0))
				} else {
					points[0].Register = registerOf(purpose, laid(o, 5, 0))
				}
				info, _ := consent.PurposeOf(purpose.Topic.Purpose)
				want := o == consent.Minor || !o.Masks(info)
				require.Equal(t, want, consent.Permissions(points, 20).HasOn(purpose.Topic.Purpose, purpose.Topic.Channel), "%s on %v, apart: %v", purpose.Topic.Purpose, o, apart)
			}
		}
	}
}

// A grant of before an erasure, and one that a minor gave alone, never count again in the mask either, for the point and for the person, also once the overlay was lifted.
func TestOverlays_ofAPerson_whatTheyLeaveWhenLifted(t *testing.T) {
	mask := func(es ...ev) (m consent.Mask) {
		return consent.Permissions([]consent.Point{{Key: identifier.Key{Namespace: identifier.Email, Value: "e"}, Register: registerOf(es...)}}, 20)
	}
	for _, g := range []ev{said(consent.Marketing, consent.ChannelEmail, consent.Grant, 4), said(consent.Profiling, "", consent.Grant, 4), said(consent.StoreViewWeb, "", consent.Grant, 4)} {
		has := func(m consent.Mask) bool { return m.HasOn(g.Topic.Purpose, g.Topic.Channel) }
		require.True(t, has(mask(g)))
		for _, o := range consent.Overlays() {
			forGood := o == consent.Erased || o == consent.Minor
			require.Equal(t, !forGood, has(mask(g, laid(o, 5, 0), lifted(o, 10))), "%s after %s", g.Topic.Purpose, o)
			again := g
			again.At, again.ID = 12, "again"
			require.True(t, has(mask(g, laid(o, 5, 0), lifted(o, 10), again)), "who agrees again")
		}
	}
}

// Nothing that a caller can name pushes an overlay out of a register.
func TestOverlays_areNeverPushedOut(t *testing.T) {
	var es []ev
	for i := range 2 * consent.MaxHistories {
		es = append(es, said(consent.SharePartner+consent.Purpose(fmt.Sprintf(":a%03d", i)), "", consent.Grant, 10))
	}
	r := registerOf(append(es, laid(consent.Erased, 15, 0))...)
	require.True(t, r.On(consent.Erased, 20))
	require.Len(t, r.All(), consent.MaxHistories-1)
}

// Registers as they were stored before there were overlays, and with them: neither form changes.
func TestRegister_goldenBytes(t *testing.T) {
	before := registerOf(said(consent.Marketing, consent.ChannelEmail, consent.Grant, 1000), said(consent.UnifyCore, "", consent.Object, 2000),
		said(consent.SharePartner+":parcel-co", "", consent.Grant, 3000))
	joint := said(consent.Profiling, "", consent.Grant, 2500)
	joint.Joint = true
	with := registerOf(joint, said(consent.UnifyCore, "", consent.Object, 2000), laid(consent.Minor, 1000, 5000), laid(consent.Restricted, 1500, 0), lifted(consent.Restricted, 1600))
	for name, c := range map[string]struct {
		register consent.Register
		golden   string
	}{
		"before overlays": {before, goldenBefore},
		"with overlays":   {with, goldenWith},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.golden, hex.EncodeToString(c.register.Encode()))
			b, err := hex.DecodeString(c.golden)
			require.NoError(t, err)
			r, err := consent.DecodeRegister(b)
			require.NoError(t, err)
			require.Equal(t, c.register, r)
		})
	}
}

const (
	goldenBefore = "0103096d61726b6574696e6705656d61696c010001d00f000f6d61726b6574696e673120313030300a756e6966795f636f726500010004a01f0010756e6966795f636f72653420323030301773686172655f706172746e65723a70617263656c2d636f00010001f02e001d73686172655f706172746e65723a70617263656c2d636f312033303030"
	goldenWith   = "01040d6f7665726c61793a6d696e6f7200010004d00f904e106d696e6f723420313030302035303030126f7665726c61793a7265737472696374656400020004b817001272657374726963746564342031353030203001c80100127265737472696374656431203136303020300970726f66696c696e67000100818827000f70726f66696c696e673120323530300a756e6966795f636f726500010004a01f0010756e6966795f636f7265342032303030"
)
