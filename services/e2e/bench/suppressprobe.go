package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/identifier"
	"rcu/pkg/vault"
	"rcu/services/internal/demo"
)

// suppressed is the topic that people do not want to hear of, and unwelcome its wish.
const (
	suppressed = "baby"
	unwelcome  = "wish:topic:" + suppressed
)

// suppressor makes people suppress a topic and watches whoever might speak of it.
type suppressor struct {
	*meter
	centre string    // where people choose
	api    string    // where tablets and sites read
	desks  [2]string // where senders ask before a contact
	source demo.Source
	people int
	ring   *vault.Keyring
	effects
}

func quietAddress(n int) string { return fmt.Sprintf("quiet.%06d@example.com", n) }

func queued(n int) string { return fmt.Sprintf("queued-%06d", n) }

// step asks before a message about the topic; the reason is empty where it may be sent.
func (p *suppressor) step(ctx context.Context, desk, name, id string, n int) (reason string, err error) {
	status, raw, err := p.post(ctx, desk+"/v1/contacts/"+name, "application/json", fmt.Sprintf(
		`{"id":%q,"controller":%q,"point":{"namespace":"email","value":%q},"channel":"email","purpose":"marketing","topic":%q}`,
		id, p.source.Controller, quietAddress(n), suppressed))
	var a struct {
		Allowed bool
		Reason  string
	}
	switch {
	case err != nil:
		return "", err
	case status != http.StatusOK:
		return "", fmt.Errorf("%s: status %d", name, status)
	}
	if err := json.Unmarshal(raw, &a); err != nil || !a.Allowed && a.Reason == "" {
		return "", fmt.Errorf("%s: unreadable answer: %w", name, err)
	}
	return a.Reason, nil
}

// agree has everybody log in and agree to messages, and reserves one about the topic for each: it waits in a queue.
func (p *suppressor) agree(ctx context.Context) error {
	at := time.Now().Add(-time.Hour)
	var body []byte
	for n := range p.people {
		body = append(body, envelope(fmt.Sprintf("quiet-grant-%06d", n), "consent.decided", at, fmt.Sprintf(
			`"consent":[{"point":{"namespace":"email","value":%q},"purpose":"marketing","channel":"email","decision":"grant","act":"banner","notice":{"id":"n1","version":"1","language":"fr"}}]`,
			quietAddress(n)))...)
		body = append(body, envelope(fmt.Sprintf("quiet-login-%06d", n), "account.logged_in", at, ids("customer", fmt.Sprintf("Q%06d", n), "email", quietAddress(n))+`,"data":{"method":"password"}`)...)
	}
	var answered sent
	if err := p.send.one(ctx, &request{channel: p.source.Channel, source: p.source.Name, body: body, events: 2 * p.people}, &answered); err != nil {
		return fmt.Errorf("agreeing: %w", err)
	}
	for n := range p.people {
		reason := ""
		err := poll(ctx, probePoll, func() (ok bool, err error) {
			reason, err = p.step(ctx, p.desks[0], "reserve", queued(n), n)
			return reason == "", err
		})
		if err != nil {
			return fmt.Errorf("reserving a message (%s): %w", reason, err)
		}
		if err := poll(ctx, probePoll, func() (bool, error) { return p.told(ctx, n, false) }); err != nil {
			return fmt.Errorf("reading a person: %w", err)
		}
	}
	return p.quiet(ctx)
}

// told reports whether the profile API knows somebody and says of the topic what it should.
func (p *suppressor) told(ctx context.Context, n int, silent bool) (bool, error) {
	a, err := p.lookup(ctx, p.api, "email", quietAddress(n), "contract")
	return a != nil && slices.Contains(a.Topics, suppressed) == silent, err
}

// one suppresses the topic on the page of a link, and watches whoever might speak of it.
func (p *suppressor) one(ctx context.Context, n int) error {
	status, raw, err := p.post(ctx, p.centre+"/v1/preference-links", "application/json", fmt.Sprintf(
		`{"controller":%q,"point":{"namespace":"email","value":%q}}`, p.source.Controller, quietAddress(n)))
	var link struct{ Path string }
	if err != nil || status != http.StatusOK || json.Unmarshal(raw, &link) != nil {
		return fmt.Errorf("asking for a link: status %d: %w", status, err)
	}
	began := time.Now()
	p.waits("rows", p.point(n), began)
	status, _, err = p.post(ctx, p.centre+link.Path, "application/x-www-form-urlencoded", "do=topic&topic="+suppressed+"&decision=deny")
	if err != nil || status >= http.StatusBadRequest {
		return fmt.Errorf("suppressing a topic: status %d: %w", status, err)
	}
	p.add("answered", time.Since(began))
	g, ctx := errgroup.WithContext(ctx)
	for effect, there := range map[string]func() (bool, error){
		"reserved": func() (bool, error) { return p.refused(ctx, p.desks[0], "reserve", fmt.Sprintf("new-0-%06d", n), n) },
		"beside":   func() (bool, error) { return p.refused(ctx, p.desks[1], "reserve", fmt.Sprintf("new-1-%06d", n), n) },
		"queued":   func() (bool, error) { return p.refused(ctx, p.desks[1], "confirm", queued(n), n) },
		"read":     func() (bool, error) { return p.told(ctx, n, true) },
	} {
		g.Go(func() error {
			if err := pollSlower(ctx, there); err != nil {
				return fmt.Errorf("waiting for a topic at %s: %w", effect, err)
			}
			p.add(effect, time.Since(began))
			return nil
		})
	}
	return g.Wait() //nolint:wrapcheck // of ours
}

// refused reports whether a step is refused for the topic. A message that is handed over after the wish was answered is an error.
func (p *suppressor) refused(ctx context.Context, desk, step, id string, n int) (bool, error) {
	reason, err := p.step(ctx, desk, step, id, n)
	if err == nil && reason == "" {
		err = fmt.Errorf("%s: a message about the topic was let through", step)
	}
	return reason == "topic_suppressed", err
}

// point is the contact point of somebody, as ClickHouse shows it.
func (p *suppressor) point(n int) string {
	pseudonym := p.ring.Pseudonym(demo.Space, identifier.Email, quietAddress(n))
	return hex.EncodeToString(pseudonym[:])
}

// watch asks ClickHouse who has suppressed the topic, until all have.
func (p *suppressor) watch(ctx context.Context) error {
	done := 0
	err := poll(ctx, probeRows, func() (bool, error) {
		text, err := p.stack.ask(ctx, "SELECT point FROM consents WHERE purpose = '"+unwelcome+"'")
		if err != nil {
			return false, err
		}
		for point := range strings.FieldsSeq(text) {
			if p.ended("rows", point) {
				done++
			}
		}
		return done == p.people, nil
	})
	if err != nil {
		return fmt.Errorf("%d of %d wishes are in clickhouse: %w", done, p.people, err)
	}
	return nil
}
