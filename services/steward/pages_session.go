package steward

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"

	"rcu/pkg/auth"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/page"
)

// sessionName is the cookie of a steward's session.
const sessionName = "rcu_steward"

// desk is what the pages work with: themselves, sessions, and proofs of forms.
type desk struct {
	pages    *page.Site
	sessions *page.Sessions
	forms    *vault.Tokens
}

func newDesk(cfg Config, d Deps) (desk, error) {
	var out desk
	secret, err := d.Keyring.Secret("steward session")
	if err != nil {
		return out, err //nolint:wrapcheck // says all
	}
	if out.forms, err = d.Keyring.Tokens("steward form"); err != nil {
		return out, err //nolint:wrapcheck // says all
	}
	if out.sessions, err = page.NewSessions(sessionName, secret, cfg.Session, d.Now); err != nil {
		return out, err //nolint:wrapcheck // says all
	}
	out.pages, err = newSite()
	return out, err
}

// loginBody is the page where a steward shows the key.
type loginBody struct {
	Problem string
	Ended   bool // a session was there, and has ended
}

// loginPage answers GET /steward/login.
func (s *Service) loginPage(w http.ResponseWriter, r *http.Request) {
	_, err := r.Cookie(sessionName)
	s.render(w, r, http.StatusOK, "login", "login.title", screen{Path: r.URL.Path, Body: loginBody{Ended: err == nil}})
}

// login answers POST /steward/login: who shows the key of a steward gets a session.
func (s *Service) login(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, reason string) {
		words := s.desk.pages.Words().In(page.LanguageOf(r), "problem."+reason)
		s.render(w, r, status, "login", "login.title", screen{Path: r.URL.Path, Body: loginBody{Problem: words}})
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		refuse(http.StatusBadRequest, "bad_form")
		return
	}
	key := sent(r).Get("key")
	reader, err := s.deps.Readers.Lookup(key)
	if err != nil {
		refuse(http.StatusUnauthorized, "unknown_key")
		return
	}
	q := request{action: "login", reader: reader, line: &eventpb.Audit{}}
	if reader.Role != auth.RoleSteward {
		_ = s.tell(q, outcomeDenied) // refused in any case
		refuse(http.StatusForbidden, "role")
		return
	}
	if err := s.tell(q, outcomeOK); err != nil {
		refuse(http.StatusServiceUnavailable, "unavailable")
		return
	}
	hash := auth.HashKey(key)
	s.desk.sessions.Start(w, r, string(hash[:]))
	http.Redirect(w, r, pathQueue, http.StatusSeeOther)
}

// logout answers POST /steward/logout.
func (s *Service) logout(v *visit) (*view, error) {
	return &view{to: pathLogin, ends: true}, nil
}

// reader is the steward whom the session of a request belongs to, looked up again: a key that was taken away has no session either.
func (s *Service) reader(r *http.Request) (auth.Reader, error) {
	principal, err := s.desk.sessions.Principal(r)
	if err != nil {
		return auth.Reader{}, err //nolint:wrapcheck // says all
	}
	if len(principal) != sha256.Size {
		return auth.Reader{}, page.ErrNoSession
	}
	reader, err := s.deps.Readers.ByHash(auth.Hash([]byte(principal)))
	if err == nil && reader.Role != auth.RoleSteward {
		err = page.ErrNoSession
	}
	return reader, err //nolint:wrapcheck // says all
}

// sent is the form in the body of a request.
func sent(r *http.Request) url.Values { return r.PostForm }

// formToken proves that a form was made for the session of a request.
func (s *Service) formToken(r *http.Request) (string, error) {
	sum := sessionSum(r)
	return s.desk.forms.Seal(sum[:])
}

// ours reports whether a form was made for the session that it comes with.
func (s *Service) ours(r *http.Request) bool {
	content, err := s.desk.forms.Open(sent(r).Get("token"))
	sum := sessionSum(r)
	return err == nil && subtle.ConstantTimeCompare(content, sum[:]) == 1
}

func sessionSum(r *http.Request) [sha256.Size]byte {
	c, err := r.Cookie(sessionName)
	if err != nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256([]byte(c.Value))
}

// paged checks session, form and readiness before a page is made.
func (s *Service) paged(action string, h pageHandler) http.Handler {
	return page.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reader, err := s.reader(r)
		switch {
		case err != nil && r.Method == http.MethodGet:
			http.Redirect(w, r, pathLogin, http.StatusSeeOther)
			return
		case err != nil:
			s.render(w, r, http.StatusUnauthorized, "login", "login.title", screen{Path: pathLogin, Body: loginBody{Ended: true}})
			return
		}
		v := &visit{
			request: request{action: action, reader: reader, line: &eventpb.Audit{}}, r: r, language: page.LanguageOf(r), words: s.desk.pages.Words(),
		}
		answer, err := s.visited(w, v, h) //nolint:contextcheck // the request of the visit carries it
		if err == nil && answer.ends {
			s.desk.sessions.End(w, r)
		}
		s.show(w, v, answer, err) //nolint:contextcheck // the same
	}))
}

// visited runs a handler on a visit that may go on.
func (s *Service) visited(w http.ResponseWriter, v *visit, h pageHandler) (*view, error) {
	var err error
	if v.token, err = s.formToken(v.r); err != nil {
		return nil, err
	}
	if err := s.book.ready(); err != nil {
		return nil, err
	}
	if v.r.Method == http.MethodPost {
		v.r.Body = http.MaxBytesReader(w, v.r.Body, maxBody)
		if err := v.r.ParseForm(); err != nil {
			return nil, refuse("bad_form", "", "")
		}
		v.form = sent(v.r)
		if !s.ours(v.r) {
			return nil, &refusal{http.StatusForbidden, outcomeDenied, problem{Reason: "forged_form"}}
		}
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), s.cfg.Timeout)
	defer cancel()
	ctx, err = s.deps.Whole(ctx)
	if err != nil { // half a state shows people without a part of what links and parts them
		return nil, err
	}
	v.r = v.r.WithContext(ctx)
	return h(v)
}
