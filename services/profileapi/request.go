package profileapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/httpserver"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// maxBody is the most bytes of a look-up.
const maxBody = 4 << 10

// retryAfter is when a read that could not be answered may be tried again.
const retryAfter = time.Second

// request is who asks, for what, and for which controllers.
type request struct {
	action      string
	reader      auth.Reader
	purpose     consent.Info
	stated      consent.Purpose // the purpose with its parameter
	controllers []string        // those asked for, all carried by the key
	name        string          // the id in the path
	body        lookupBody
	sees        access
}

// lookupBody is the body of a look-up.
type lookupBody struct {
	Identifier *lookupIdentifier `json:"identifier"`
	Purpose    string            `json:"purpose"`
	Controller string            `json:"controller"`
}

type lookupIdentifier struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
	Scope     string `json:"scope"`
	Country   string `json:"country"`
}

// authenticated checks key, purpose and controller before a handler runs.
func (s *Service) authenticated(action string, h func(http.ResponseWriter, *http.Request, request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reader, err := s.deps.Readers.Authenticate(r)
		if err != nil {
			httpserver.WriteUnauthorized(w, r, errors.Is(err, auth.ErrNoKey))
			return
		}
		q := request{action: action, reader: reader, controllers: reader.Controllers, name: r.PathValue("rcu_id"), sees: accessOf(reader.Role)}
		if _, err := s.deps.Keyring.Identifier(reader.Space, q.name); err != nil {
			q.name = "" // it stands on no line of the audit
		}
		purpose, controller, ok := q.read(w, r)
		if !ok || !q.state(w, r, purpose) || !s.carried(w, r, &q, controller) {
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.cfg.ReadTimeout)
		defer cancel()
		// Half a state would show a person without the refusals and restrictions that are not there yet.
		ctx, err = s.deps.Whole(ctx)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		h(w, r.WithContext(ctx), q)
	})
}

// read takes purpose and controller from the body of a look-up, else from the query; it answers and returns false when they are
// not to be read. Nothing but them may stand in a query: URLs end up in logs of others.
func (q *request) read(w http.ResponseWriter, r *http.Request) (purpose, controller string, ok bool) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	for name, list := range values {
		if name != "purpose" && name != "controller" || len(list) != 1 || r.Method == http.MethodPost {
			err = errQuery
		}
	}
	if err != nil {
		fix := "send nothing but purpose and controller in the query, each once"
		if r.Method == http.MethodPost {
			fix = "send everything in the body: a value of a customer never stands in a URL"
		}
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{Reason: "query_not_allowed", Field: "query", Fix: fix})
		return "", "", false
	}
	if r.Method != http.MethodPost {
		return values.Get("purpose"), values.Get("controller"), true
	}
	if !readLookup(w, r, &q.body) {
		return "", "", false
	}
	return q.body.Purpose, q.body.Controller, true
}

var errQuery = errors.New("query is not allowed")

// parameter is the form of what stands behind the colon of a purpose.
var parameter = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// state takes the purpose of a request; it answers and returns false when that is none.
func (q *request) state(w http.ResponseWriter, r *http.Request, purpose string) bool {
	if purpose == "" {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "purpose_missing", Field: "purpose", Fix: "say why the profile is read, for example contract or store_view_web",
		})
		return false
	}
	info, known := consent.PurposeOf(consent.Purpose(purpose))
	if _, text, has := strings.Cut(purpose, ":"); !known || has && !parameter.MatchString(text) {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "unknown_purpose", Field: "purpose", Fix: "use a purpose of schemas/registry.yaml",
		})
		return false
	}
	q.purpose, q.stated = info, consent.Purpose(purpose)
	return true
}

// carried narrows a request to the controller asked for; it answers and returns false when the key does not carry that.
func (s *Service) carried(w http.ResponseWriter, r *http.Request, q *request, controller string) bool {
	if controller == "" {
		return true
	}
	if !q.reader.Reads(controller) {
		s.deny(w, r, *q, httpserver.Problem{Reason: "other_controller", Field: "controller", Fix: "ask for a controller that the key carries"})
		return false
	}
	q.controllers = []string{controller}
	return true
}

// asks reports whether the answer may hold leaves of a controller.
func (q *request) asks(controller string) bool { return slices.Contains(q.controllers, controller) }

func readLookup(w http.ResponseWriter, r *http.Request, into *lookupBody) bool {
	body, err := httpserver.ReadBody(w, r, maxBody)
	if err != nil {
		httpserver.WriteBodyProblem(w, r, err, maxBody)
		return false
	}
	defer body.Release()
	p := httpserver.DecodeObject(body.Bytes(), into,
		`send {"identifier":{"namespace":"email","value":"..."},"purpose":"contract"}; beside these scope and country of the identifier, and controller`)
	if p != nil {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, *p)
	}
	return p == nil
}

// fail answers a read that broke. The cause is logged; it holds no value.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, context.Canceled) { // then nobody waits for the answer
		s.deps.Log.Error("reading a profile", zap.Error(err), zap.String("request_id", httpserver.RequestID(r.Context())))
	}
	httpserver.WriteRetry(w, r, http.StatusServiceUnavailable, retryAfter, httpserver.Problem{Reason: "unavailable", Fix: "try again"})
}

// notFound answers that there is nothing for this reader. What others know of an id makes no difference.
func (s *Service) notFound(w http.ResponseWriter, r *http.Request, q request) {
	if s.written(w, r, q, q.name, outcomeNotFound) {
		httpserver.WriteProblem(w, r, http.StatusNotFound, httpserver.Problem{Reason: "not_found", Fix: "nothing is known under this key for your controllers"})
	}
}

// deny answers that a reader may not have what was asked.
func (s *Service) deny(w http.ResponseWriter, r *http.Request, q request, p httpserver.Problem) {
	if s.written(w, r, q, q.name, outcomeDenied) {
		httpserver.WriteProblem(w, r, http.StatusForbidden, p)
	}
}

// written writes the read down; it answers and returns false when that is not possible.
func (s *Service) written(w http.ResponseWriter, r *http.Request, q request, rcuID string, outcome auditOutcome) bool {
	err := s.trail.Write(&eventpb.Audit{
		At: s.deps.Now().UnixMicro(), Actor: q.reader.Name, Role: string(q.reader.Role), Store: q.reader.Store, Purpose: string(q.stated),
		Action: q.action, RcuId: rcuID, Outcome: string(outcome), Controllers: q.controllers,
	})
	if err != nil {
		httpserver.WriteRetry(w, r, http.StatusServiceUnavailable, retryAfter, httpserver.Problem{
			Reason: "audit_unavailable", Fix: "try again: a read that cannot be written down is not answered",
		})
		return false
	}
	return true
}

// narrow takes out what was not collected by a controller asked for; nil when none of the rest belongs to the person.
func (q *request) narrow(p *resolve.Person) *resolve.Person {
	p.Leaves = slices.DeleteFunc(p.Leaves, func(l resolve.PersonLeaf) bool { return !q.asks(l.Controller) })
	if !slices.ContainsFunc(p.Leaves, func(l resolve.PersonLeaf) bool { return l.Owned }) {
		return nil
	}
	return p
}
