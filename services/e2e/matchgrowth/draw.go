package main

import (
	"fmt"
	"math"
	"strings"
)

// Measures of the drawing.
const (
	width, height            = 640, 420
	left, right, top, bottom = 70, 30, 40, 50
)

// scales place a measurement in the drawing.
type scales struct{ fromX, toX, fromY, toY float64 }

func (s scales) at(records, seconds float64) (x, y float64) {
	x = left + (math.Log10(records)-s.fromX)/(s.toX-s.fromX)*(width-left-right)
	y = height - bottom - (math.Log10(seconds)-s.fromY)/(s.toY-s.fromY)*(height-top-bottom)
	return x, y
}

// draw draws points, the smallest first.
func draw(points []point) string {
	first, last := points[0], points[len(points)-1]
	proportional := first.seconds * float64(last.records) / float64(first.records)
	s := scales{
		math.Log10(float64(first.records)), math.Log10(float64(last.records)),
		math.Floor(math.Log10(first.seconds)), math.Ceil(math.Log10(max(last.seconds, proportional))),
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img">`+"\n", width, height)
	const title = "Seconds of rcu match by records, both scales logarithmic"
	fmt.Fprintf(&b, `<title>%s</title><rect width="%d" height="%d" fill="#fff"/><text x="%d" y="20" font-size="14" font-weight="bold">%s</text>`+"\n", title, width, height, left, title)
	for e := s.fromY; e <= s.toY; e++ {
		_, y := s.at(float64(first.records), math.Pow(10, e))
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g s</text>`+"\n", left, y, width-right, y, left-8, y+4, math.Pow(10, e))
	}
	x0, y0 := s.at(float64(first.records), first.seconds)
	x1, y1 := s.at(float64(last.records), proportional)
	fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#999" stroke-dasharray="5 4"/><text x="%.1f" y="%.1f" text-anchor="end" fill="#666">in proportion</text>`+"\n", x0, y0, x1, y1, x1-60, y1+4)
	line := make([]string, len(points))
	for i, p := range points {
		x, y := s.at(float64(p.records), p.seconds)
		line[i] = fmt.Sprintf("%.1f,%.1f", x, y)
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="4" fill="#2a7f4f"/><text x="%.1f" y="%.1f" text-anchor="middle">%.1f s</text><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x, y, x, y-12, p.seconds, x, height-bottom+20, short(p.records))
	}
	fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="#2a7f4f" stroke-width="2"/>`+"\n</svg>\n", strings.Join(line, " "))
	return b.String()
}

// short is a number of records in few letters.
func short(n int) string {
	if n >= 999_500 {
		return fmt.Sprintf("%.0f M", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f k", float64(n)/1e3)
}
