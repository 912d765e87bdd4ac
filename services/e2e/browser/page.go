package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// Page is one page in one browser. Every step waits until the page has what it needs, and ends the test when it never does.
type Page struct {
	t   testing.TB
	ctx context.Context //nolint:containedctx // chromedp keeps the browser in it
	axe string
}

// Keys that are pressed by name.
const (
	Tab   = kb.Tab
	Enter = kb.Enter
	Space = " "
	Down  = kb.ArrowDown
	Up    = kb.ArrowUp
	Esc   = kb.Escape
)

func (p *Page) run(doing string, actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, stepLimit)
	defer cancel()
	require.NoError(p.t, chromedp.Run(ctx, actions...), doing)
}

// Go opens an address.
func (p *Page) Go(address string) {
	p.t.Helper()
	p.run("opening "+address, chromedp.Navigate(address), chromedp.WaitReady("body"))
}

// Submit clicks and waits for the page that follows.
func (p *Page) Submit(selector string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, stepLimit)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
	require.NoError(p.t, err, "submitting "+selector)
}

// Fill puts a text into a field that was empty or not.
func (p *Page) Fill(selector, text string) {
	p.t.Helper()
	p.run("filling "+selector, chromedp.WaitVisible(selector, chromedp.ByQuery),
		chromedp.Evaluate(fmt.Sprintf("void (document.querySelector(%q).value = '')", selector), nil), // SetValue takes no empty text
		chromedp.SendKeys(selector, text, chromedp.ByQuery))
}

// Press presses keys one after the other, wherever the focus is.
func (p *Page) Press(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		p.run("pressing a key", chromedp.KeyEvent(k))
	}
}

// PressAndFollow presses a key and waits for the page that follows.
func (p *Page) PressAndFollow(key string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, stepLimit)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(key))
	require.NoError(p.t, err, "pressing a key and waiting for the next page")
}

// TabTo presses Tab until what the selector finds has the focus, at most limit times, and returns how often.
func (p *Page) TabTo(selector string, limit int) int {
	p.t.Helper()
	for i := range limit + 1 {
		var there bool
		p.run("looking for the focus", chromedp.Evaluate("document.activeElement !== null && document.activeElement.matches("+quote(selector)+")", &there))
		if there {
			return i
		}
		p.Press(Tab)
	}
	require.Fail(p.t, "the focus never came to "+selector)
	return 0
}

// See waits until what the selector finds is visible and returns its text.
func (p *Page) See(selector string) string {
	p.t.Helper()
	var text string
	p.run("waiting for "+selector, chromedp.Text(selector, &text, chromedp.ByQuery, chromedp.NodeVisible))
	return text
}

// Count is how many elements a selector finds now.
func (p *Page) Count(selector string) int {
	p.t.Helper()
	var n int
	p.Eval("document.querySelectorAll("+quote(selector)+").length", &n)
	return n
}

// Eval evaluates an expression of JavaScript into a Go value.
func (p *Page) Eval(expression string, into any) {
	p.t.Helper()
	p.run("evaluating", chromedp.Evaluate(expression, into))
}

// Screenshot keeps a picture of the whole page under a name, and returns where.
func (p *Page) Screenshot(name string) string {
	p.t.Helper()
	var png []byte
	p.run("taking a screenshot", chromedp.FullScreenshot(&png, 100))
	folder := os.Getenv("RCU_SCREENSHOTS")
	if folder == "" {
		folder = p.t.ArtifactDir()
	}
	require.NoError(p.t, os.MkdirAll(folder, 0o750))
	at := filepath.Join(folder, name+".png")
	require.NoError(p.t, os.WriteFile(at, png, 0o600))
	return at
}
