package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// ContactCap is how many contacts of a person the rules of a chaos installation allow.
const ContactCap = 3

// ContactRules are the rules of the choices: a cap and nothing else that refuses.
const ContactRules = `{"caps":[{"most":3,"hours":168,"source":"chaos"}],"hours":[],"silences":[],"ages":[]}`

// How the people of the choices choose: so many at once, and each a little later than the last answer, since decisions of one second are one
// instant and the denial among them wins.
const (
	choosers    = 4
	peopleEach  = 6
	contactsAll = 8 // that are asked for of each person: more than the cap
	choosePause = 1100 * time.Millisecond
)

// Chosen is what one person decided about offers by e-mail, and who was let through to them.
type Chosen struct {
	Address   string
	Decisions []Decided       // in their order; the last one was answered
	Made      map[string]bool // ids of contacts that an answer made
}

// Decided is one decision that got its 200.
type Decided struct {
	ID    string
	Grant bool
}

// Choices are what people decide while the installation is disturbed, and what contacts they let through. Safe for concurrent use.
type Choices struct {
	mu     sync.Mutex
	people []*Chosen
	wrong  []string // what a caller saw that must never be seen
}

// People gives everything that was chosen. Nobody chooses any more.
func (c *Choices) People() []*Chosen { return c.people }

// Wrong lists what was seen while it went on: an offer let through after a denial had its 200, or over the cap.
func (c *Choices) Wrong() []string { return c.wrong }

// Decisions is how many decisions got their 200.
func (c *Choices) Decisions() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, p := range c.people {
		n += len(p.Decisions)
	}
	return n
}

func (c *Choices) saw(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func (c *Choices) join(people []*Chosen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people = append(c.people, people...)
}

func (c *Choices) decided(p *Chosen, d Decided) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.Decisions = append(p.Decisions, d)
}

// ChooserConfig says whom a chooser asks.
type ChooserConfig struct {
	Consent, Contacts string // addresses
	Key               string // bearer key
	Controller        string
	Seed              uint64
	People            int           // of each of the four who choose; default: 6
	Pause             time.Duration // between two decisions of one person; default: more than a second
}

// Chooser decides for people whom no event names, and asks before it contacts them, until each step has its answer.
type Chooser struct {
	cfg    ChooserConfig
	client *http.Client
	into   *Choices
}

// NewChooser chooses for a ledger.
func NewChooser(cfg ChooserConfig, l *Ledger) *Chooser {
	if cfg.Pause == 0 {
		cfg.Pause = choosePause
	}
	if cfg.People == 0 {
		cfg.People = peopleEach
	}
	return &Chooser{cfg: cfg, client: &http.Client{Timeout: 30 * time.Second}, into: &l.choices}
}

// Run chooses until stop is closed, and returns when every step that began has its answer.
func (c *Chooser) Run(ctx context.Context, stop <-chan struct{}) error {
	g, ctx := errgroup.WithContext(ctx)
	for n := range choosers {
		mine := make([]*Chosen, c.cfg.People)
		for i := range mine {
			mine[i] = &Chosen{Address: fmt.Sprintf("chosen.%d.%d.%d@example.com", c.cfg.Seed, n, i), Made: map[string]bool{}}
		}
		c.into.join(mine)
		r := rand.New(rand.NewPCG(c.cfg.Seed, uint64(100+n)))
		g.Go(func() error { return c.choose(ctx, r, mine, stop) })
	}
	return g.Wait() //nolint:wrapcheck // of ours
}

// choose lets some people decide and be contacted in turn.
func (c *Chooser) choose(ctx context.Context, r *rand.Rand, people []*Chosen, stop <-chan struct{}) error {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // of the one that failed
		case <-time.After(c.cfg.Pause / time.Duration(len(people)-1)):
		}
		p := people[n%len(people)]
		grant := len(p.Decisions)%2 == 0
		d := Decided{ID: fmt.Sprintf("%s/%d", p.Address, n), Grant: grant}
		if err := c.decide(ctx, r, p, d); err != nil {
			return err
		}
		c.into.decided(p, d)
		if err := c.contact(ctx, r, p, n); err != nil {
			return err
		}
	}
}

// decide says a decision until it is answered.
func (c *Chooser) decide(ctx context.Context, r *rand.Rand, p *Chosen, d Decided) error {
	body := map[string]any{
		"id": d.ID, "controller": c.cfg.Controller, "point": map[string]string{"namespace": "email", "value": p.Address},
		"purpose": "marketing", "channel": "email", "decision": "withdraw",
	}
	if d.Grant {
		body["decision"], body["act"] = "grant", "store_tablet_signed"
		body["notice"] = map[string]string{"id": "marketing", "version": "1", "language": "fr"}
		body["proof"] = map[string]string{"type": "signature", "sha256": strings.Repeat("ab", 32)}
	}
	return c.post(ctx, r, c.cfg.Consent+"/v1/consents", body, nil)
}

// contact asks for a contact: after a denial, which nobody may let through, or a new one as long as there are some to ask for.
func (c *Chooser) contact(ctx context.Context, r *rand.Rand, p *Chosen, n int) error {
	denied := !p.Decisions[len(p.Decisions)-1].Grant
	if !denied && len(p.Made) >= contactsAll {
		return nil
	}
	id := fmt.Sprintf("contact-%s-%d", p.Address, n)
	body := map[string]any{
		"id": id, "controller": c.cfg.Controller, "point": map[string]string{"namespace": "email", "value": p.Address}, "channel": "email", "purpose": "marketing",
	}
	var a struct {
		Allowed bool `json:"allowed"`
	}
	for _, step := range []string{"reserve", "confirm"} {
		if err := c.post(ctx, r, c.cfg.Contacts+"/v1/contacts/"+step, body, &a); err != nil || !a.Allowed {
			return err
		}
		if denied {
			c.into.saw("%s: a contact of %s was let through after a denial had its 200", step, id)
		}
	}
	if p.Made[id] = true; len(p.Made) > ContactCap {
		c.into.saw("%s was made over the cap of %d", id, ContactCap)
	}
	return nil
}

// post sends one step until it has its 200.
func (c *Chooser) post(ctx context.Context, r *rand.Rand, url string, body any, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("writing a step: %w", err)
	}
	for {
		answer, err := c.once(ctx, url, raw)
		var wrong *refusedError
		switch {
		case errors.As(err, &wrong):
			return err
		case err == nil && into == nil:
			return nil
		case err == nil:
			if err := json.Unmarshal(answer, into); err != nil {
				return &refusedError{"the answer is none: " + string(answer[:min(len(answer), 300)])}
			}
			return nil
		}
		pause(ctx, retryPause+time.Duration(r.Int64N(int64(retryPause))))
		if ctx.Err() != nil {
			return fmt.Errorf("choosing: %w", ctx.Err())
		}
	}
}

func (c *Chooser) once(ctx context.Context, url string, raw []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("posting a step: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.cfg.Key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("posting a step: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading an answer: %w", err)
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusInternalServerError:
		return nil, fmt.Errorf("posting a step: %w", errors.New(resp.Status))
	case resp.StatusCode != http.StatusOK:
		return nil, &refusedError{resp.Status + " " + string(answer[:min(len(answer), 300)])}
	}
	return answer, nil
}
