package match

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Measures of the drawing.
const (
	barHeight = 26
	labelsTo  = 380
	drawnTo   = 860
	width     = 940
)

// Waterfall draws an explanation as SVG: one bar a step, from where the step before ended. The drawing has no script and no style
// from outside; texts are escaped.
func Waterfall(e *Explanation, lang, title string) string {
	w := languageOf(lang)
	least, greatest, at := 0.0, 0.0, 0.0
	for _, s := range e.Steps {
		at += s.Bits
		least, greatest = min(least, at), max(greatest, at)
	}
	scale := (drawnTo - labelsTo) / math.Max(greatest-least, 1)
	x := func(bits float64) float64 { return labelsTo + (bits-least)*scale }
	height := (len(e.Steps)+3)*barHeight + 10
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img"><title>%s</title>`+"\n", width, height, escaped(w.title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><text x="10" y="20" font-size="14" font-weight="bold">%s %s</text>`+"\n", width, height, escaped(w.title), escaped(title))
	fmt.Fprintf(&b, `<line x1="%.1f" y1="30" x2="%.1f" y2="%d" stroke="#888"/>`+"\n", x(0), x(0), height-barHeight)
	at = 0
	for i := range e.Steps {
		s := &e.Steps[i]
		y := (i + 1) * barHeight
		colour := "#2a7f4f"
		if s.Bits < 0 {
			colour = "#b5402f"
		}
		label := w.comparisons[s.Comparison]
		if text := w.level(s); text != "" {
			label += ": " + text
		}
		bar(&b, y, label, colour, x(min(at, at+s.Bits)), math.Abs(s.Bits)*scale, s.Bits)
		at += s.Bits
	}
	bar(&b, (len(e.Steps)+1)*barHeight, w.sum+": "+percent(e.Probability), "#345", x(min(0, e.Weight)), math.Abs(e.Weight)*scale, e.Weight)
	b.WriteString("</svg>\n")
	return b.String()
}

// bar draws one step.
func bar(b *strings.Builder, y int, label, colour string, from, length, bits float64) {
	if utf8.RuneCountInString(label) > 60 {
		label = string([]rune(label)[:59]) + "…"
	}
	fmt.Fprintf(b, `<text x="10" y="%d">%s</text><rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d">%+.1f</text>`+"\n",
		y+25, escaped(label), from, y+10, math.Max(length, 1), barHeight-6, colour, from+length+4, y+25, bits)
}

// escaped makes a text safe inside SVG.
func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(strings.ToValidUTF8(s, "?"))
}
