package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
	"time"
)

// ErrNoSession says that a request carries no session that holds: none, one that was changed, or one that has ended.
var ErrNoSession = errors.New("no session")

// leastSecret is the least length of the secret of sessions, in bytes.
const leastSecret = 32

// Sessions signs who logged in into a cookie: no state on the server, so every process that knows the secret accepts it. A principal whose
// key was taken away must be refused by the caller, who looks it up again at each request.
type Sessions struct {
	name   string // of the cookie, part of what is signed
	secret []byte
	ttl    time.Duration
	now    func() time.Time
}

// NewSessions returns sessions that last ttl. The secret has at least 32 bytes.
func NewSessions(name string, secret []byte, ttl time.Duration, now func() time.Time) (*Sessions, error) {
	if len(secret) < leastSecret {
		return nil, errors.New("making sessions: the secret is shorter than 32 bytes")
	}
	if name == "" || ttl <= 0 {
		return nil, errors.New("making sessions: a name and a time to live are needed")
	}
	return &Sessions{name: name, secret: secret, ttl: ttl, now: now}, nil
}

// Start gives the browser a session of the principal.
func (s *Sessions) Start(w http.ResponseWriter, r *http.Request, principal string) {
	body := binary.BigEndian.AppendUint64(nil, uint64(s.now().Add(s.ttl).Unix())) //nolint:gosec // after 1970
	body = append(body, principal...)
	value := base64.RawURLEncoding.EncodeToString(body) + "." + base64.RawURLEncoding.EncodeToString(s.sign(body))
	http.SetCookie(w, s.cookie(r, value, int(s.ttl/time.Second)))
}

// End takes the session away from the browser.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, s.cookie(r, "", -1))
}

// Principal is who a request's session belongs to, or ErrNoSession.
func (s *Sessions) Principal(r *http.Request) (string, error) {
	c, err := r.Cookie(s.name)
	if err != nil {
		return "", ErrNoSession
	}
	left, right, both := strings.Cut(c.Value, ".")
	body, err := base64.RawURLEncoding.Strict().DecodeString(left)
	sum, err2 := base64.RawURLEncoding.Strict().DecodeString(right)
	if !both || err != nil || err2 != nil || len(body) < 8 || !hmac.Equal(sum, s.sign(body)) {
		return "", ErrNoSession
	}
	if ends := int64(binary.BigEndian.Uint64(body)); s.now().Unix() >= ends { //nolint:gosec // signed by us
		return "", ErrNoSession
	}
	return string(body[8:]), nil
}

func (s *Sessions) sign(body []byte) []byte {
	m := hmac.New(sha256.New, s.secret)
	_, _ = m.Write([]byte(s.name))
	_, _ = m.Write([]byte{0})
	_, _ = m.Write(body)
	return m.Sum(nil)
}

func (s *Sessions) cookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{Name: s.name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteStrictMode}
}
