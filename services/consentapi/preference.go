package consentapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
)

// Acts of the preference centre in the register.
const (
	actPreferenceLink   = "preference_link"
	actPreferenceCentre = "preference_centre"
)

// maxProved bounds the points that a session proves.
const maxProved = 8

// preferenceToken is what a link to the preference centre carries, sealed: no value of a person, only pseudonyms.
type preferenceToken struct {
	Space      string       `json:"s"`
	Controller string       `json:"c"`
	Points     []tokenPoint `json:"p"`           // whose holder opened the link: of a link the only one, of a session those that the log-in proves
	RCUID      string       `json:"r,omitempty"` // of a session: whose; empty: of a link
	Until      int64        `json:"t"`
	Source     string       `json:"o"`
}

type tokenPoint struct {
	Namespace string `json:"n"`
	Pseudonym []byte `json:"p"`
	Hint      string `json:"h,omitempty"` // by which its holder knows it; the value itself is in no token
}

// tokenPointOf is a point as a token carries it.
func tokenPointOf(x scope) tokenPoint {
	return tokenPoint{string(x.key.Namespace), x.pseudonym[:], x.hint}
}

func (t tokenPoint) key() (identifier.Key, bool) {
	p, err := identifier.ParsePseudonym(t.Pseudonym)
	return identifier.KeyOf(identifier.Namespace(t.Namespace), p), err == nil
}

// linkAnswer is a path that opens the preference centre.
type linkAnswer struct {
	Path      string `json:"path"`
	ExpiresAt string `json:"expires_at"`
}

// newPreferenceLink gives whoever sends a message the link by which its recipient opens the choices about that very point.
func (s *Service) newPreferenceLink(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	x, p := s.scopeIn(w, r, reader)
	if p != nil {
		return p
	}
	until := s.now().Add(time.Duration(s.deps.Registry.Terms["preference_link_days"].Days) * day)
	return s.sealPreference(w, preferenceToken{
		Space: x.space, Controller: x.controller, Points: []tokenPoint{tokenPointOf(x)}, Until: until.Unix(), Source: reader.Name,
	})
}

// sessionBody asks for a session of somebody who logged in at the retailer.
type sessionBody struct {
	Controller string      `json:"controller"`
	RCUID      string      `json:"rcu_id"`
	Points     []pointBody `json:"points"` // that the log-in proves to be the person's: the account, a confirmed address, this device
}

// newPreferenceSession exchanges the log-in of a retailer's site for a short session of one person on the preference centre.
func (s *Service) newPreferenceSession(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	var body sessionBody
	if p := readJSON(w, r, &body); p != nil {
		return p
	}
	if len(body.Points) == 0 || len(body.Points) > maxProved {
		return refuse(http.StatusUnprocessableEntity, "required", "/points", "send 1 to 8 points that the log-in proves to be the person's")
	}
	t := preferenceToken{
		Space: reader.Space, RCUID: body.RCUID, Source: reader.Name,
		Until: s.now().Add(time.Duration(s.deps.Registry.Terms["preference_session_seconds"].Seconds) * time.Second).Unix(),
	}
	var keys []identifier.Key
	for _, b := range body.Points {
		x, p := s.scopeOf(reader, body.Controller, &b)
		if p != nil {
			return p
		}
		t.Controller = x.controller
		t.Points = append(t.Points, tokenPointOf(x))
		keys = append(keys, x.key)
	}
	all, known, err := s.personOf(r.Context(), t, keys[0])
	switch {
	case err != nil:
		return unavailable
	case !known || slices.ContainsFunc(keys, func(k identifier.Key) bool { return !slices.Contains(all, k) }):
		return refuse(http.StatusConflict, "other_person", "/points", "send points that belong to the person of rcu_id now: look the person up again")
	}
	return s.sealPreference(w, t)
}

func (s *Service) sealPreference(w http.ResponseWriter, t preferenceToken) *problem {
	content, err := json.Marshal(t)
	if err != nil {
		return unavailable
	}
	token, err := s.preferences.Seal(content)
	if err != nil {
		return unavailable
	}
	w.Header().Set("Cache-Control", "no-store")
	httpserver.WriteJSON(w, http.StatusOK, linkAnswer{"/p/" + token, second(t.Until)})
	return nil
}

// personOf lists all points of the person of a session, by one of them; false where that point is another person's by now.
func (s *Service) personOf(ctx context.Context, t preferenceToken, point identifier.Key) ([]identifier.Key, bool, error) {
	id, err := s.deps.Keyring.Identifier(t.Space, t.RCUID)
	if err != nil {
		return nil, false, nil //nolint:nilerr // an id that is none names nobody
	}
	all, err := s.pointsOf(ctx, scope{space: t.Space, controller: t.Controller, key: point})
	if err != nil {
		return nil, false, err
	}
	slices.SortFunc(all, identifier.Compare)
	all = slices.Compact(all)
	known := slices.ContainsFunc(all, func(k identifier.Key) bool { return k.Value == identifier.KeyOf("", id).Value })
	return all, known, nil
}

// visit is somebody on the preference centre, and what they may decide about.
type visit struct {
	token  preferenceToken
	whole  bool             // logged in: all points of the person, else the point of the link alone
	joined bool             // of a session: the points that the log-in proves are still those of the person of its id
	points []identifier.Key // sorted
	proved []identifier.Key // on which a grant may be said
	// members are the identifiers of the person of a session now; none where the record was parted since
	members []identifier.Key
	hints   hints
}

// hints are what the points of a visit are known by to whoever has them.
type hints map[identifier.Key]string

// act is how a visitor decides.
func (v *visit) act() string {
	if v.whole {
		return actPreferenceCentre
	}
	return actPreferenceLink
}

// ref names a point of the visit in a form. Nobody reads the point back from it.
func (v *visit) ref(k identifier.Key) string {
	return subjectOf(v.token.Space, v.token.Controller, k)[:16]
}

// scope is the register of a point of the visit.
func (v *visit) scope(k identifier.Key) scope {
	p, _ := identifier.ParsePseudonym([]byte(k.Value)) // the keys of a visit are made of pseudonyms
	return scope{space: v.token.Space, controller: v.token.Controller, key: k, pseudonym: p}
}

// source is who the visitor came from, as the source of decisions.
func (v *visit) source() auth.Reader { return auth.Reader{Name: v.token.Source} }

// openPreference reads the token of a request. What was changed, is over, or is of another kind is refused.
func (s *Service) openPreference(ctx context.Context, token string) (*visit, *problem) {
	var t preferenceToken
	content, err := s.preferences.Open(token)
	if err != nil || json.Unmarshal(content, &t) != nil || len(t.Points) == 0 {
		return nil, badLink
	}
	if s.now().Unix() >= t.Until {
		return nil, overLink
	}
	v := &visit{token: t, whole: t.RCUID != "", hints: hints{}}
	for _, x := range t.Points {
		k, ok := x.key()
		if !ok {
			return nil, badLink
		}
		v.proved = append(v.proved, k)
		if x.Hint != "" {
			v.hints[k] = x.Hint
		}
	}
	if !v.whole {
		v.points = v.proved[:1]
		return v, nil
	}
	all, known, err := s.personOf(ctx, t, v.proved[0])
	if err != nil {
		return nil, unavailable
	}
	// what the log-in proves stays the visitor's, also where the record was parted since: by an objection on this very page, or by a steward
	v.points, v.joined = slices.Clone(v.proved), known
	if known {
		v.members = all
		v.points = append(v.points, all...)
	}
	slices.SortFunc(v.points, identifier.Compare)
	v.points = slices.DeleteFunc(slices.Compact(v.points), func(k identifier.Key) bool { return !k.Namespace.Links() })
	return v, nil
}

// tokenPrint names a token in the counts of the throttle.
func tokenPrint(v *visit) string {
	var b []byte
	for _, k := range v.proved {
		b = append(b, k.Value...)
	}
	return hex.EncodeToString(b[:min(len(b), 17)])
}
