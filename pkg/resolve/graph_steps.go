package resolve

import (
	"context"

	"rcu/pkg/identity"
)

// A commit is one function of the store, which does nothing else meanwhile. What it takes grows with the keys it names and the bytes it
// writes, so both are bounded where a plan can be made in steps: a value that many facts of a batch speak of makes one commit of all of
// them until it is full. One fact alone touches MaxDegree records for each identifier that it fills, and is never divided.
const (
	MaxCommitKeys  = 512       // pointers checked and moved, records checked and written
	MaxCommitBytes = 512 << 10 // of records and of the entry of the outbox
)

// wide reports whether the commit would hold the store up too long.
func (c *planned) wide() bool {
	if faults.wideCommits {
		return false
	}
	keys, size := c.Extent()
	return keys > MaxCommitKeys || size > MaxCommitBytes
}

// Extent says how many keys a commit names, and how many bytes it writes.
func (c *GraphCommit) Extent() (keys, size int) {
	keys, size = len(c.Pointers)+len(c.Records)+len(c.Writes), len(c.Outbox)
	for i := range c.Writes {
		keys += len(c.Writes[i].Moved)
		size += len(c.Writes[i].Value)
	}
	return keys, size
}

// divisible reports whether the job can be stored in steps.
func (job *graphJob) divisible() bool { return len(job.steps()) > 0 }

// steps divides the job: its facts, else its components, else the identifiers that it reads. Each step is smaller than the job; none is
// what cannot be divided.
func (job *graphJob) steps() []*graphJob {
	switch facts, components, keys := job.facts, job.components, job.keys; {
	case len(facts) > 1:
		half := len(facts) / 2
		return []*graphJob{ofFacts(facts[:half]), ofFacts(facts[half:])}
	case len(facts) == 1:
		if alone := ofFacts(facts); len(alone.keys) < len(keys) {
			return []*graphJob{alone}
		}
		return nil
	case len(components) > 1:
		half := len(components) / 2
		return []*graphJob{{components: components[:half]}, {components: components[half:]}}
	case len(components) == 0 && len(keys) > 1:
		half := len(keys) / 2
		return []*graphJob{{keys: keys[:half], erases: job.erases, beside: job.beside}, {keys: keys[half:], erases: job.erases, beside: job.beside}}
	}
	return nil
}

func ofFacts(facts []identity.Fact) *graphJob {
	return &graphJob{facts: facts, keys: named(facts, nil)}
}

// inSteps stores what was left of a job in steps, if it still can be divided. What it shows is read again behind them.
func (g *Graph) inSteps(ctx context.Context, space string, now int64, job *graphJob) error {
	job.wide = false
	steps := job.steps()
	if len(steps) == 0 {
		return nil
	}
	for _, step := range steps {
		if err := g.do(ctx, space, now, step); err != nil {
			return err
		}
	}
	job.facts, job.components = nil, nil
	return nil
}
