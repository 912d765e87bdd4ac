package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"rcu/pkg/identifier"
	"rcu/services/internal/boot"
	"rcu/services/steward"
)

// Exit codes of the commands that read profiles, besides those of every command.
const (
	exitUnknown = 3 // nothing is known
	exitRefused = 4 // the key may not see it, the customer has not agreed, or the record is closed
	exitMoved   = 5 // somebody else decided meanwhile
)

// readFlags say what is read, why and with whose key.
type readFlags struct {
	Who        string `arg:"" optional:"" name:"identifier" help:"namespace:value (email:marie@example.org, card:2990001234567, order:W-1001 ...), or an id."`
	Purpose    string `name:"purpose" default:"contract" help:"Why the record is read; it stands in the audit." placeholder:"PURPOSE"`
	Scope      string `name:"scope" help:"Whose number it is: the brand of an order or case, store/source/day of a ticket." placeholder:"SCOPE"`
	Country    string `name:"country" help:"Country of a national phone number." placeholder:"FR"`
	Controller string `name:"controller" help:"One of the controllers that the key carries." placeholder:"NAME"`
	Reader     string `name:"reader" default:"cli" help:"Reader of this installation whose key is used." placeholder:"NAME"`
	Key        string `name:"key" env:"RCU_READER_KEY" help:"Key of a reader, where the installation keeps none." placeholder:"KEY"`
	URL        string `name:"url" help:"Address of the profile API (default: the one of rcu up)." placeholder:"URL"`
}

const exitHelp = "Exit codes: 0 answered, 1 trouble, 2 wrong call, 3 nothing known, 4 refused."

var idForm = regexp.MustCompile(`^[0-9a-f]{34}$`)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 16 << 20

// profileClient asks a profile API, or the steward's service.
type profileClient struct {
	what     string // it asks
	url, key string
	language string // of words in answers; empty: English
	http     *http.Client
}

// connection says which service is asked, where and as whom.
type connection struct {
	service, what, usual string // its name, what it is called, and its usual address
	url, key, reader     string // as given
}

// client finds the running service and a key for it.
func (x *connection) client(h home) (*profileClient, error) {
	c := &profileClient{what: x.what, url: strings.TrimSuffix(x.url, "/"), key: x.key, http: &http.Client{Timeout: 15 * time.Second}}
	if c.url == "" {
		c.url = x.usual
		in, _, err := h.readInstance()
		if err != nil {
			return nil, err
		}
		if addr := in.Services[x.service]; addr != "" {
			c.url = "http://" + addr
		}
	}
	if c.key != "" {
		return c, nil
	}
	keys, err := h.readerKeys()
	if err != nil {
		return nil, err
	}
	if c.key = keys[x.reader]; c.key == "" {
		return nil, &boot.UsageError{Err: fmt.Errorf("there is no key of a reader %q in %s: start rcu up with the same --data first, or give --key", x.reader, h.path(readerKeysFile))}
	}
	return c, nil
}

// client finds the running profile API and a key for it.
func (f *readFlags) client(h home) (*profileClient, error) {
	x := connection{service: "profile-api", what: "the profile API", usual: "http://127.0.0.1:8080", url: f.URL, key: f.Key, reader: f.Reader}
	return x.client(h)
}

// apiProblem is an answer that is none.
type apiProblem struct {
	Status    int    `json:"status"`
	Reason    string `json:"reason"`
	Field     string `json:"field,omitempty"`
	Fix       string `json:"fix"`
	RequestID string `json:"request_id,omitempty"`
	// Held is the act that holds, where another one was refused for it.
	Held *steward.Held `json:"held,omitempty"`
}

func (p *apiProblem) Error() string {
	text := fmt.Sprintf("%s: %s", p.Reason, p.Fix)
	if p.Field != "" {
		text = fmt.Sprintf("%s (%s): %s", p.Reason, p.Field, p.Fix)
	}
	if p.Held != nil {
		text += " (" + heldWords(p.Held) + ")"
	}
	if p.Status >= http.StatusInternalServerError && p.RequestID != "" {
		text += " (request " + p.RequestID + ")"
	}
	return text
}

// find returns the record of whom the flags name, as the API sent it.
func (f *readFlags) find(ctx context.Context, c *profileClient) ([]byte, error) {
	if idForm.MatchString(f.Who) {
		return c.read(ctx, f.Who, "", f)
	}
	namespace, value, ok := strings.Cut(f.Who, ":")
	if !ok || !identifier.Namespace(namespace).Known() || value == "" {
		return nil, &boot.UsageError{Err: errors.New("name the customer as namespace:value, for example email:marie@example.org, or by an id of 34 digits")}
	}
	body, err := json.Marshal(map[string]any{
		"identifier": map[string]string{"namespace": namespace, "value": value, "scope": f.Scope, "country": f.Country},
		"purpose":    f.Purpose, "controller": f.Controller,
	})
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	return c.do(ctx, http.MethodPost, "/v1/profiles/lookup", body)
}

// read asks for a profile, or a detail of it, by its id.
func (c *profileClient) read(ctx context.Context, id, detail string, f *readFlags) ([]byte, error) {
	query := url.Values{"purpose": {f.Purpose}}
	if f.Controller != "" {
		query.Set("controller", f.Controller)
	}
	return c.do(ctx, http.MethodGet, "/v1/profiles/"+id+detail+"?"+query.Encode(), nil)
}

func (c *profileClient) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, &boot.UsageError{Err: fmt.Errorf("reading --url: want an address such as http://127.0.0.1:8080")}
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if c.language != "" {
		req.Header.Set("Accept-Language", c.language)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w (is rcu up running? name a service of its own with --url)", c.what, cause(err))
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", c.what, cause(err))
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusAccepted {
		return raw, nil
	}
	p := &apiProblem{Status: resp.StatusCode}
	if json.Unmarshal(raw, p) != nil || p.Reason == "" {
		p.Reason, p.Fix = "http_"+strings.ReplaceAll(strings.ToLower(http.StatusText(resp.StatusCode)), " ", "_"), "check that --url is the address of "+c.what
	}
	p.Status = resp.StatusCode
	return nil, p
}

// cause drops the URL that errors of net/http repeat.
func cause(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// exit tells a person of a problem and gives it its exit code; with --json the problem is the answer.
func (a *app) exit(err error) error {
	var p *apiProblem
	if !errors.As(err, &p) {
		return err
	}
	code := boot.ExitError
	switch {
	case p.Status == http.StatusNotFound && (p.Reason == "not_found" || strings.HasPrefix(p.Reason, "unknown_")):
		code = exitUnknown
	case p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden || p.Status == http.StatusLocked:
		code = exitRefused
	case p.Status == http.StatusConflict:
		code = exitMoved
	case p.Status == http.StatusBadRequest:
		code = boot.ExitUsage
	}
	if a.json {
		if err := a.answer(p, nil); err != nil {
			return err
		}
	} else {
		_, _ = fmt.Fprintf(a.world.Stderr, "rcu: %s\n", p)
	}
	return &boot.Silent{Code: code}
}

// listQuery asks for so many items of a list, of those that the given fields choose.
func listQuery(limit int, fields map[string]string) url.Values {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	for name, value := range fields {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}
