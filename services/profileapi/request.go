package profileapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"go.uber.org/zap"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// maxBody is the most bytes of a look-up.
const maxBody = 4 << 10

// request is who asks, for what, and for which controllers.
type request struct {
	action      string
	reader      auth.Reader
	purpose     consent.Info
	controllers []string // those asked for, all carried by the key
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
			w.Header().Set("WWW-Authenticate", `Bearer realm="rcu"`)
			httpserver.WriteProblem(w, r, http.StatusUnauthorized, httpserver.Problem{
				Reason: "unauthorized", Field: "Authorization", Fix: "send the header Authorization: Bearer with a key of a reader",
			})
			return
		}
		q := request{action: action, reader: reader, controllers: reader.Controllers, sees: accessOf(reader.Role)}
		purpose, controller := r.URL.Query().Get("purpose"), r.URL.Query().Get("controller")
		if r.Method == http.MethodPost {
			if !readLookup(w, r, &q.body) {
				return
			}
			purpose, controller = q.body.Purpose, q.body.Controller
		}
		if !q.state(w, r, purpose, controller) {
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.cfg.ReadTimeout)
		defer cancel()
		h(w, r.WithContext(ctx), q)
	})
}

// state takes the purpose and the controller of a request; it answers and returns false when they will not do.
func (q *request) state(w http.ResponseWriter, r *http.Request, purpose, controller string) bool {
	info, known := consent.PurposeOf(consent.Purpose(purpose))
	switch {
	case purpose == "":
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "purpose_missing", Field: "purpose", Fix: "say why the profile is read, for example contract or store_view_web",
		})
		return false
	case !known:
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "unknown_purpose", Field: "purpose", Fix: "use a purpose of schemas/registry.yaml",
		})
		return false
	case controller != "" && !q.reader.Reads(controller):
		httpserver.WriteProblem(w, r, http.StatusForbidden, httpserver.Problem{
			Reason: "other_controller", Field: "controller", Fix: "ask for a controller that the key carries",
		})
		return false
	}
	q.purpose = info
	if controller != "" {
		q.controllers = []string{controller}
	}
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
	if err := json.Unmarshal(body.Bytes(), into); err != nil || into.Identifier == nil {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "invalid_json", Field: "/identifier", Fix: `send {"identifier":{"namespace":"email","value":"..."},"purpose":"contract"}`,
		})
		return false
	}
	return true
}

// fail answers a read that broke. The cause is logged; it holds no value.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return // nobody waits for the answer
	}
	s.deps.Log.Error("reading a profile", zap.Error(err), zap.String("request_id", httpserver.RequestID(r.Context())))
	httpserver.WriteRetry(w, r, http.StatusServiceUnavailable, 1e9, httpserver.Problem{Reason: "unavailable", Fix: "try again"})
}

// person reads the profile of the id in the path; it answers and returns nil when there is none to show.
func (s *Service) person(w http.ResponseWriter, r *http.Request, q request) *resolve.Person {
	p, err := s.deps.Keyring.Identifier(q.reader.Space, r.PathValue("rcu_id"))
	if err != nil {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "bad_form", Field: "rcu_id", Fix: "an id has 34 lower-case hexadecimal digits; look it up by an identifier first",
		})
		return nil
	}
	person, err := s.readPerson(r.Context(), q, identifier.KeyOf("", p))
	if err != nil {
		s.fail(w, r, err)
		return nil
	}
	if person == nil {
		s.notFound(w, r, q)
	}
	return person
}

// readPerson returns the profile that holds a key, without the leaves of other controllers; nil when none are left.
func (s *Service) readPerson(ctx context.Context, q request, key identifier.Key) (*resolve.Person, error) {
	people, err := s.reader.People(ctx, q.reader.Space, []identifier.Key{key}, s.deps.Now().Unix())
	if err != nil {
		return nil, err
	}
	return q.narrow(people[0]), nil
}

// narrow takes out what the reader's controllers did not collect.
func (q *request) narrow(p *resolve.Person) *resolve.Person {
	p.Leaves = slices.DeleteFunc(p.Leaves, func(l resolve.PersonLeaf) bool { return !q.asks(l.Controller) })
	if len(p.Leaves) == 0 {
		return nil
	}
	return p
}

func (s *Service) notFound(w http.ResponseWriter, r *http.Request, q request) {
	if s.written(w, r, q, "", outcomeNotFound) {
		httpserver.WriteProblem(w, r, http.StatusNotFound, httpserver.Problem{Reason: "not_found", Fix: "nothing is known under this key for your controllers"})
	}
}

// written writes the read down; it answers and returns false when that is not possible.
func (s *Service) written(w http.ResponseWriter, r *http.Request, q request, rcuID string, outcome auditOutcome) bool {
	err := s.audit.write(r.Context(), &eventpb.Audit{
		At: s.deps.Now().UnixMicro(), Actor: q.reader.Name, Role: string(q.reader.Role), Store: q.reader.Store, Purpose: string(q.purpose.Purpose),
		Action: q.action, RcuId: rcuID, Outcome: string(outcome), Controllers: q.controllers,
	})
	if err != nil {
		s.deps.Log.Error("writing a read down", zap.Error(err))
		httpserver.WriteRetry(w, r, http.StatusServiceUnavailable, 1e9, httpserver.Problem{
			Reason: "audit_unavailable", Fix: "try again: a read that cannot be written down is not answered",
		})
		return false
	}
	return true
}
