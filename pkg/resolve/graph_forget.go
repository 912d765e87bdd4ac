package resolve

// Forget drops what was kept of the state: the rules of spaces are read again.
func (g *Graph) Forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.rules)
}
