package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/tcf"
	eventpb "rcu/schemas/event"
)

// Reasons of signals that were not taken. The event itself goes on, as if everything optional had been refused.
const (
	reasonTCFUnreadable  = "tcf_unreadable"
	reasonTCFFuture      = "tcf_in_future"
	reasonTCFExpired     = "tcf_expired"
	reasonTCFPolicy      = "tcf_old_policy"
	reasonTCFDisclosed   = "tcf_no_vendors"
	reasonTCFNoPublisher = "tcf_no_publisher"
	reasonTCFDevices     = "tcf_devices"
)

const fieldTCF = "/signals/tcf"

// SignalProblem says why a consent string of an event was not taken; nothing was granted.
type SignalProblem struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Fix    string `json:"fix"`
}

// tcfProblems tells what to do about each error of a string.
var tcfProblems = []struct {
	err    error
	reason string
	fix    string
}{
	{tcf.ErrFuture, reasonTCFFuture, "check the clock of the device: the choice lies in the future"},
	{tcf.ErrExpired, reasonTCFExpired, "ask the person again: the choice is too old to count"},
	{tcf.ErrPolicy, reasonTCFPolicy, "update the consent platform: the string is of an older policy"},
	{tcf.ErrDisclosed, reasonTCFDisclosed, "send the segment of disclosed vendors too: it is mandatory"},
	{tcf.ErrNoPublisher, reasonTCFNoPublisher, "let the consent platform write the publisher segment, or set ingest.tcf.read to core"},
}

func tcfProblem(err error) *SignalProblem {
	for _, x := range tcfProblems {
		if errors.Is(err, x.err) {
			return &SignalProblem{fieldTCF, x.reason, x.fix}
		}
	}
	return &SignalProblem{fieldTCF, reasonTCFUnreadable, "send the consent string whole and unchanged, version 2"}
}

// heard is what the signals of an event come to.
type heard struct {
	decisions []*eventpb.Decision
	muted     bool // a string came that cannot be counted: the event is judged as if everything optional had been refused
	problem   *SignalProblem
}

// signalReader reads the signals of events.
type signalReader struct {
	mapping    tcf.Mapping
	registered []consent.Purpose // advertising and sharing with the recipients of the register
}

func newSignalReader(mapping tcf.Mapping, decoder *event.Decoder) signalReader {
	r := signalReader{mapping: mapping}
	for _, base := range []consent.Purpose{consent.AdsCustomAudience, consent.SharePartner} {
		for _, recipient := range decoder.Recipients(string(base)) {
			r.registered = append(r.registered, base+":"+consent.Purpose(recipient))
		}
	}
	return r
}

// hear decides what the signals of an event mean for its devices. What their registers know already is not decided again; where they cannot
// be read, everything is. The decisions count in the views of the points at once.
func (r signalReader) hear(d *event.Draft, gpc bool, ps points) heard {
	signals := d.Signals()
	if signals.TCF == "" && !signals.GPC && !gpc {
		return heard{}
	}
	devices := devicesOf(d)
	var out heard
	if signals.TCF != "" {
		out = r.hearString(d, signals.TCF, devices, ps)
	}
	if signals.GPC || gpc {
		for _, k := range devices {
			for _, purpose := range ps.view(k).Signalled(r.registered) {
				m := decisionOf(d, k, "gpc", purpose, consent.Refuse, d.OccurredAt())
				m.Act = "gpc"
				out.take(ps, k, m)
			}
		}
	}
	return out
}

// hearString decides what a consent string means for the one device that it comes from.
func (r signalReader) hearString(d *event.Draft, text string, devices []identifier.Key, ps points) heard {
	read, decided, problem := r.read(d, text, devices)
	if problem != nil {
		return heard{muted: true, problem: problem}
	}
	var out heard
	k, digest := devices[0], sha256.Sum256([]byte(text))
	for _, x := range decided {
		m := decisionOf(d, k, "tcf:"+text, x.Purpose, x.Dec, tcf.ChosenAt(x.DecidedAt, d.OccurredAt()))
		m.Act, m.ProofType, m.ProofSha256 = "banner", "tc_string", digest[:]
		m.NoticeId, m.NoticeLanguage = "tcf", strings.ToLower(read.Language)
		m.NoticeVersion = fmt.Sprintf("cmp %d.%d screen %d list %d policy %d", read.CMP, read.CMPVersion, read.Screen, read.VendorListVersion, read.PolicyVersion)
		if info, ok := consent.PurposeOf(x.Purpose); ok && x.Dec == consent.Grant {
			m.ExpiresAt = info.EndOn("", m.GetDecidedAt(), x.ExpiresAt.Unix())
		}
		if len(out.decisions) == 0 {
			m.TcString = text
		}
		out.take(ps, k, m)
	}
	return out
}

// read reads a consent string as of its arrival, or says why it cannot be counted.
func (r signalReader) read(d *event.Draft, text string, devices []identifier.Key) (*tcf.String, []tcf.Decision, *SignalProblem) {
	read, err := tcf.Decode(text)
	if err != nil {
		return nil, nil, tcfProblem(err)
	}
	decided, err := r.mapping.DecideString(read, d.ReceivedAt())
	switch {
	case err != nil:
		return nil, nil, tcfProblem(err)
	case len(devices) != 1:
		return nil, nil, &SignalProblem{fieldTCF, reasonTCFDevices, "send the string with exactly one device: a string is about one browser or app"}
	}
	return read, decided, nil
}

// take adds a decision unless the register of its point has it already; one of a register that is damaged is left out.
func (h *heard) take(ps points, k identifier.Key, m *eventpb.Decision) {
	p := ps[k]
	switch {
	case p == nil:
	case p.unreadable, known(p.view, m):
		return
	default:
		p.view, _ = p.view.JoinAll(m)
	}
	h.decisions = append(h.decisions, m)
}

// known reports whether a register has the decision of this signal already, for the time that it is about.
func known(r consent.Register, m *eventpb.Decision) bool {
	for _, d := range r.History(consent.Purpose(m.GetPurpose()), "").Said {
		if d.ID == m.GetId() && (d.Denies() || d.At <= m.GetDecidedAt()) {
			return true
		}
	}
	return false
}

// view is the register of a point with what the request decides; empty where it could not be read.
func (ps points) view(k identifier.Key) consent.Register {
	if p := ps[k]; p != nil {
		return p.view
	}
	return consent.Register{}
}

var decisionWords = map[consent.Dec]string{consent.Grant: decisionGrant, consent.Refuse: "refuse"}

const decisionGrant = "grant"

// decisionOf is a decision that a signal of an event makes. The same signal has the same id on the same device, whatever event brings it.
func decisionOf(d *event.Draft, k identifier.Key, signal string, purpose consent.Purpose, dec consent.Dec, at time.Time) *eventpb.Decision {
	o := d.Origin()
	sum := sha256.Sum256([]byte(signal + "\x00" + k.Value + "\x00" + string(purpose)))
	if limit := d.ReceivedAt(); at.After(limit) {
		at = limit
	}
	return &eventpb.Decision{
		Space: o.Space, Controller: o.Controller, Source: o.Source, Id: "signal:" + hex.EncodeToString(sum[:12]),
		Point:   &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)},
		Purpose: string(purpose), Decision: decisionWords[dec], DecidedAt: at.Unix(), ReceivedAt: d.ReceivedAt().UnixMicro(), CollectedOn: o.Channel,
	}
}

func devicesOf(d *event.Draft) []identifier.Key {
	var out []identifier.Key
	for _, k := range d.Keys() {
		if k.Namespace.Kind() == identifier.KindDevice {
			out = append(out, k)
		}
	}
	return out
}
