package explain

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
)

// PictureType is the media type of a picture.
const PictureType = "image/svg+xml"

// Sizes of the picture.
const (
	rowHeight = 56
	boxWidth  = 220
	boxHeight = 32
	gapWidth  = 300
	margin    = 24
)

// drawing lays an explanation out: the identifiers of the person below each other on the left, on the right those that refused links
// lead to. The same explanation always gives the same bytes.
type drawing struct {
	out      []byte
	language Language
	place    map[LinkEnd]int // row, counted from 0
	left     map[LinkEnd]bool
}

// Picture draws an explanation as SVG. What links are is told by line, mark and text, never by colour alone.
func Picture(x *Explanation, lang string) []byte {
	d := &drawing{language: languageTag(lang), place: map[LinkEnd]int{}, left: map[LinkEnd]bool{}}
	var outside []LinkEnd
	for _, i := range x.Identifiers {
		d.place[i.LinkEnd], d.left[i.LinkEnd] = len(d.place), true
	}
	for i := range x.Links {
		for _, e := range [...]LinkEnd{x.Links[i].A, x.Links[i].B} {
			if !d.left[e] && !slices.Contains(outside, e) {
				outside = append(outside, e)
			}
		}
	}
	slices.SortFunc(outside, compareEnds)
	for i, e := range outside {
		d.place[e] = i
	}
	rows := max(len(x.Identifiers), len(outside), 1)
	width, height := 2*margin+2*boxWidth+gapWidth, 2*margin+rows*rowHeight
	d.head(x, width, height)
	for i := range x.Links {
		d.link(&x.Links[i])
	}
	for _, i := range x.Identifiers {
		d.box(i.LinkEnd, i.Standing)
	}
	for _, e := range outside {
		d.box(e, "")
	}
	d.put("</svg>\n")
	return d.out
}

// put adds to the drawing.
func (d *drawing) put(format string, args ...any) { d.out = fmt.Appendf(d.out, format, args...) }

func languageTag(tag string) Language {
	if Language(tag) == French {
		return French
	}
	return English
}

func (d *drawing) head(x *Explanation, width, height int) {
	joined, refused := 0, 0
	for _, l := range x.Links {
		if l.Outcome == "refused" {
			refused++
		} else {
			joined++
		}
	}
	title := d.language.say("Who this customer is recognised by", "Par quoi ce client est reconnu")
	desc := fmt.Sprintf(d.language.say("%d identifiers, %d links that hold, %d refused.", "%d identifiants, %d liens qui tiennent, %d refusés."), len(x.Identifiers), joined, refused)
	d.put(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="t d" lang="%s" font-family="sans-serif" font-size="13">`+"\n",
		width, height, width, height, d.language)
	d.put("<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", escaped(title), escaped(desc))
}

func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}

// corner is the upper left corner of an identifier's box.
func (d *drawing) corner(e LinkEnd) (x, y int) {
	x, y = margin, margin+d.place[e]*rowHeight
	if !d.left[e] {
		x += boxWidth + gapWidth
	}
	return x, y
}

func (d *drawing) box(e LinkEnd, standing string) {
	x, y := d.corner(e)
	text := d.language.End(e)
	if standing != "" && standing != "clean" {
		text += " (" + standing + ")"
	}
	line := ""
	if !d.left[e] {
		line = ` stroke-dasharray="4 3"`
	}
	d.put(`<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="6" fill="#f4f4f4" stroke="#222"%s/><text x="%d" y="%d">%s</text></g>`+"\n",
		escaped(e.Namespace+" "+e.Name), x, y, boxWidth, boxHeight, line, x+10, y+boxHeight/2+5, escaped(text))
}

// link draws a line: thick where it joins, thin where it confirms, broken with a cross and the reason where it is refused.
func (d *drawing) link(l *Link) {
	ax, ay := d.corner(l.A)
	bx, by := d.corner(l.B)
	if !d.left[l.A] {
		ax, ay, bx, by = bx, by, ax, ay
	}
	ay, by = ay+boxHeight/2, by+boxHeight/2
	style := `stroke="#222" stroke-width="3"`
	switch l.Outcome {
	case "confirms":
		style = `stroke="#222" stroke-width="1"`
	case "refused":
		style = `stroke="#555" stroke-width="1.5" stroke-dasharray="6 4"`
	}
	ax += boxWidth
	var path string
	mx, my := (ax+bx)/2, (ay+by)/2
	if d.left[l.A] && d.left[l.B] { // within the person: an arc beside the boxes, the wider the further apart
		reach := 30 + 18*min(6, abs(d.place[l.A]-d.place[l.B]))
		bx += boxWidth
		path = fmt.Sprintf("M%d %d C%d %d %d %d %d %d", ax, ay, ax+reach, ay, bx+reach, by, bx, by)
		mx = ax + reach*3/4
	} else {
		path = fmt.Sprintf("M%d %d L%d %d", ax, ay, bx, by)
	}
	d.put(`<g><title>%s</title><path d="%s" fill="none" %s/>`, escaped(d.language.End(l.A)+" – "+d.language.End(l.B)+": "+l.Words), path, style)
	if l.Outcome == "refused" {
		d.put(`<text x="%d" y="%d" text-anchor="middle" fill="#222">× %s</text>`, mx, my-4, escaped(d.language.Rule(l.Reason)))
	}
	d.put("</g>\n")
}

func abs(n int) int { return max(n, -n) }
