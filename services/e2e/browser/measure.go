package browser

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Violation is a barrier that axe-core found.
type Violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		Target []string `json:"target"`
		HTML   string   `json:"html"`
	} `json:"nodes"`
}

// axeTags are the rules that are held: WCAG 2.0 to 2.2, A and AA, and good practice.
var axeTags = []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}

// Violations asks axe-core for the barriers of the page as it is now.
func (p *Page) Violations() []Violation {
	p.t.Helper()
	tags, err := json.Marshal(axeTags)
	require.NoError(p.t, err)
	var loaded bool
	p.run("loading axe-core", chromedp.Evaluate(p.axe+"\n;true", &loaded))
	var raw string
	ask := fmt.Sprintf(`axe.run(document, {runOnly: {type: "tag", values: %s}}).then(r => JSON.stringify(r.violations))`, tags)
	p.run("asking axe-core", chromedp.Evaluate(ask, &raw, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
	var out []Violation
	require.NoError(p.t, json.Unmarshal([]byte(raw), &out))
	return out
}

// NoBarriers fails the test when axe-core finds one.
func (p *Page) NoBarriers() {
	p.t.Helper()
	var told strings.Builder
	found := p.Violations()
	for _, v := range found {
		fmt.Fprintf(&told, "\n%s (%s): %s", v.ID, v.Impact, v.Help)
		for _, n := range v.Nodes {
			fmt.Fprintf(&told, "\n  %s  %s", strings.Join(n.Target, " "), n.HTML)
		}
	}
	require.Empty(p.t, found, told.String())
}

// Box is where an element lies, in CSS pixels.
type Box struct{ X, Y, Width, Height float64 }

// Box measures what the selector finds first.
func (p *Page) Box(selector string) Box {
	p.t.Helper()
	var b Box
	p.Eval(fmt.Sprintf(`(() => { const r = document.querySelector(%s).getBoundingClientRect(); return {X: r.x, Y: r.y, Width: r.width, Height: r.height} })()`,
		quote(selector)), &b)
	return b
}

// contrastScript computes the contrast of WCAG between the colour of an element's text and what lies behind it.
const contrastScript = `(selector => {
  const parse = c => c.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => { const f = v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }; return .2126 * f(r) + .7152 * f(g) + .0722 * f(b) };
  const e = document.querySelector(selector);
  let behind = e, ground = [255, 255, 255];
  while (behind) { const c = parse(getComputedStyle(behind).backgroundColor); if (c.length < 4 || c[3] === 1) { ground = c; break } behind = behind.parentElement }
  const a = light(parse(getComputedStyle(e).color)), b = light(ground);
  return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
})`

// Contrast is the contrast between the text of what the selector finds first and its ground: 1 to 21.
func (p *Page) Contrast(selector string) float64 {
	p.t.Helper()
	var ratio float64
	p.Eval(contrastScript+"("+quote(selector)+")", &ratio)
	return ratio
}

func quote(text string) string {
	raw, _ := json.Marshal(text) //nolint:errchkjson // a string always has a JSON form
	return string(raw)
}
