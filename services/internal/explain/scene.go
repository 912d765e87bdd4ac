package explain

import (
	"fmt"
	"slices"
)

// Limits of a drawn scene. What lies beyond is summarised in boxes that say how many they stand for.
const (
	MaxGroups  = 8 // people beside the first
	maxOfKind  = 5 // identifiers of one namespace in one person
	maxBoxes   = 6 // identifiers of a person beside the first
	maxBetween = 3 // labels next to each other on the way to one box
)

// Group is one person of a scene, or a value that identifies nobody.
type Group struct {
	Title       string
	Identifiers []Node
}

// Node is an identifier of a scene, with its masked value where the reader may see one.
type Node struct {
	LinkEnd
	Value    string
	Standing string
}

// Scene is what a component is drawn from: the person asked for first, then those that refused links lead to.
type Scene struct {
	Groups []Group
	Links  []Link
	Beyond int // people who are not among the groups
}

// Summarised counts what a drawing of the scene does not show one by one.
func (s *Scene) Summarised() int {
	l := s.lay(English)
	return l.folded
}

// box is a drawn identifier, or several of one namespace that are drawn as one.
type box struct {
	x, y  int
	group int
	text  string
	title string
	many  bool
}

// layout places boxes: the first person on the left, the others below each other on the right.
type layout struct {
	language Language
	boxes    []box
	at       map[LinkEnd]int // index of the box of an identifier
	frames   []frame
	folded   int
	height   int
}

type frame struct {
	x, y, height int
	title        string
}

// Sizes of a scene, in CSS pixels.
const (
	sceneRow   = 44
	sceneBox   = 250
	sceneTall  = 30
	sceneArc   = 84 // beside a person, for the links within
	sceneGap   = 260
	sceneInset = 12
	sceneTitle = 30
	sceneFrame = sceneBox + 2*sceneInset
	sceneWidth = 2*sceneArc + 2*sceneFrame + sceneGap
)

func (s *Scene) lay(l Language) *layout {
	out := &layout{language: l, at: map[LinkEnd]int{}}
	left := 8
	for i, g := range s.Groups {
		x, y := sceneArc+sceneFrame+sceneGap, left
		if i == 0 {
			x, y = sceneArc, 8
		}
		end := out.place(s, i, g, x, y)
		if i > 0 {
			left = end + 16
		}
		out.height = max(out.height, end+8)
	}
	return out
}

// place puts the boxes of a person below each other and returns where its frame ends.
func (l *layout) place(s *Scene, i int, g Group, x, y int) int {
	shown, folds := s.choose(i, g)
	row := y + sceneTitle
	for _, n := range shown {
		l.at[n.LinkEnd] = len(l.boxes)
		l.boxes = append(l.boxes, box{x + sceneInset, row, i, l.language.label(n), n.Namespace + " " + n.Name, false})
		row += sceneRow
	}
	for _, f := range folds {
		for _, n := range f {
			l.at[n.LinkEnd] = len(l.boxes)
		}
		text := fmt.Sprintf("%s × %d", l.language.namespace(f[0].Namespace), len(f))
		l.boxes = append(l.boxes, box{x + sceneInset, row, i, text, text, true})
		l.folded += len(f)
		row += sceneRow
	}
	l.frames = append(l.frames, frame{x, y, row - y, g.Title})
	return row
}

// choose says which identifiers of a person are drawn, and which are drawn as one box of their namespace. Those that a refused link ends at
// come first: they are what a scene is looked at for.
func (s *Scene) choose(i int, g Group) (shown []Node, folds [][]Node) {
	most := maxBoxes
	if i == 0 {
		most = len(g.Identifiers)
	}
	refused := map[LinkEnd]bool{}
	for k := range s.Links {
		if l := &s.Links[k]; l.Outcome == "refused" {
			refused[l.A], refused[l.B] = true, true
		}
	}
	kinds, byKind := []string{}, map[string][]Node{}
	for _, n := range g.Identifiers {
		if byKind[n.Namespace] == nil {
			kinds = append(kinds, n.Namespace)
		}
		byKind[n.Namespace] = append(byKind[n.Namespace], n)
	}
	for _, kind := range kinds {
		all := byKind[kind]
		slices.SortStableFunc(all, func(a, b Node) int {
			switch {
			case refused[a.LinkEnd] == refused[b.LinkEnd]:
				return 0
			case refused[a.LinkEnd]:
				return -1
			default:
				return 1
			}
		})
		keep := len(all)
		if room := max(0, most-len(shown)); keep > min(maxOfKind, room) {
			keep = min(maxOfKind-1, max(0, room-1))
		}
		shown = append(shown, all[:keep]...)
		if keep < len(all) {
			folds = append(folds, all[keep:])
		}
	}
	return shown, folds
}

// strand is what is drawn between two boxes: one link, or several of one kind.
type strand struct {
	from, to        int
	outcome, reason string
	count           int
	title           string
}

// strands are the links of a scene between boxes, those of one kind between the same two as one.
func (s *Scene) strands(l *layout) []strand {
	var out []strand
	for i := range s.Links {
		x := &s.Links[i]
		from, known := l.at[x.A]
		to, also := l.at[x.B]
		if !known || !also || from == to {
			continue
		}
		if from > to {
			from, to = to, from
		}
		same := slices.IndexFunc(out, func(o strand) bool {
			return o.from == from && o.to == to && o.outcome == x.Outcome && o.reason == x.Reason
		})
		if same >= 0 {
			out[same].count++
			continue
		}
		title := l.boxes[from].text + " – " + l.boxes[to].text + ": " + x.Words
		out = append(out, strand{from, to, x.Outcome, x.Reason, 1, title})
	}
	return out
}

// label is an identifier as a box says it.
func (l Language) label(n Node) string {
	text := l.namespace(n.Namespace) + " "
	if n.Value != "" {
		text += n.Value
	} else {
		text += n.Name[:min(8, len(n.Name))]
	}
	const most = 30
	if r := []rune(text); len(r) > most {
		text = string(r[:most-1]) + "…"
	}
	return text
}
