package explain

import "fmt"

// Draw draws a scene as SVG. What links are is told by line, mark and text, never by colour alone; the same scene always gives the same
// bytes. id tells two drawings on one page apart.
func (s *Scene) Draw(lang, id string) []byte {
	l := s.lay(languageTag(lang))
	d := &canvas{layout: l}
	d.head(s, id)
	for _, f := range l.frames {
		d.frame(f)
	}
	met := map[int]int{}
	for _, x := range s.strands(l) {
		d.strand(x, met[x.to])
		met[x.to]++
	}
	for i := range l.boxes {
		d.box(&l.boxes[i], s.standing(l, i))
	}
	d.put("</svg>\n")
	return d.out
}

// standing is what stands at the right end of a box; nothing where the identifier stands for its person.
func (s *Scene) standing(l *layout, i int) string {
	if l.boxes[i].many {
		return ""
	}
	for _, n := range s.Groups[l.boxes[i].group].Identifiers {
		if at, known := l.at[n.LinkEnd]; known && at == i && n.Standing != "clean" && n.Standing != "" {
			return l.language.StandingWord(n.Standing)
		}
	}
	return ""
}

// canvas writes a laid out scene.
type canvas struct {
	*layout

	out []byte
}

func (c *canvas) put(format string, args ...any) { c.out = fmt.Appendf(c.out, format, args...) }

func (c *canvas) head(s *Scene, id string) {
	refused := 0
	for i := range s.Links {
		if s.Links[i].Outcome == "refused" {
			refused++
		}
	}
	title := c.language.say("Who hangs together, and what was refused", "Qui tient ensemble, et ce qui a été refusé")
	desc := fmt.Sprintf(c.language.say("%d people or values, %d links that hold, %d refused. The table below says the same.",
		"%d personnes ou valeurs, %d liens qui tiennent, %d refusés. Le tableau plus bas dit la même chose."), len(s.Groups), len(s.Links)-refused, refused)
	c.put(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t %s-d" lang="%s" font-family="sans-serif" font-size="13">`+"\n",
		sceneWidth, c.height, sceneWidth, c.height, escaped(id), escaped(id), c.language)
	c.put("<title id=\"%s-t\">%s</title>\n<desc id=\"%s-d\">%s</desc>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", escaped(id), escaped(title), escaped(id), escaped(desc))
}

func (c *canvas) frame(f frame) {
	c.put(`<rect x="%d" y="%d" width="%d" height="%d" rx="8" fill="#f4f5f7" stroke="#8a919c"/><text x="%d" y="%d" font-weight="bold" fill="#14181f">%s</text>`+"\n",
		f.x, f.y, sceneFrame, f.height, f.x+sceneInset, f.y+20, escaped(f.title))
}

func (c *canvas) box(b *box, standing string) {
	line := ` stroke="#222"`
	if b.many {
		line = ` stroke="#222" stroke-dasharray="2 3"`
	}
	c.put(`<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="6" fill="#fff"%s/><text x="%d" y="%d" fill="#14181f">%s</text>`,
		escaped(b.title), b.x, b.y, sceneBox, sceneTall, line, b.x+10, b.y+sceneTall/2+5, escaped(b.text))
	if standing != "" {
		c.put(`<text x="%d" y="%d" text-anchor="end" font-size="11" fill="#7a4a00">%s</text>`, b.x+sceneBox-8, b.y+sceneTall/2+4, escaped(standing))
	}
	c.put("</g>\n")
}

// strand draws what lies between two boxes: thick where it joins, thin where it confirms, broken with a cross and the rule where it is
// refused. Within a person it is an arc beside the boxes.
func (c *canvas) strand(x strand, earlier int) {
	a, b := c.boxes[x.from], c.boxes[x.to]
	ay, by := a.y+sceneTall/2, b.y+sceneTall/2
	style := `stroke="#222" stroke-width="3"`
	switch x.outcome {
	case "confirms":
		style = `stroke="#222" stroke-width="1"`
	case "refused":
		style = `stroke="#555" stroke-width="1.5" stroke-dasharray="6 4"`
	}
	c.put(`<g><title>%s</title>`, escaped(x.title))
	if a.group == b.group {
		side, reach := a.x, -14-min(sceneArc-22, 12*abs(ay-by)/sceneRow)
		if a.group > 0 {
			side, reach = a.x+sceneBox, -reach
		}
		c.put(`<path d="M%d %d C%d %d %d %d %d %d" fill="none" %s/></g>`+"\n", side, ay, side+reach*4/3, ay, side+reach*4/3, by, side, by, style)
		return
	}
	ax, bx, bend := a.x+sceneBox, b.x, 0
	if a.group > 0 { // both on the right: an arc on the inner side
		ax, bend = a.x, -60
	}
	c.put(`<path d="M%d %d C%d %d %d %d %d %d" fill="none" %s/>`, ax, ay, ax+bend, ay, bx+bend, by, bx, by, style)
	if x.outcome == "refused" {
		t := []int{62, 40, 80}[earlier%maxBetween]
		mx, my := ax+(bx-ax)*t/100+bend*3/4, ay+(by-ay)*t/100
		text := "× " + c.language.Rule(x.reason)
		if x.count > 1 {
			text += fmt.Sprintf(" (%d)", x.count)
		}
		c.put(`<text x="%d" y="%d" text-anchor="middle" fill="#14181f" stroke="#fff" stroke-width="4" paint-order="stroke">%s</text>`, mx, my-4, escaped(text))
	}
	c.put("</g>\n")
}
