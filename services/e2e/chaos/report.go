package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"rcu/services/e2e/chaos/judge"
	"rcu/services/internal/boot"
)

// report is what a run says in the end.
type report struct {
	Seed    uint64         `json:"seed"`
	Broker  string         `json:"broker"`
	Rate    float64        `json:"rate"`
	Seconds float64        `json:"seconds"`
	Kills   int            `json:"kills"`
	Killed  map[string]int `json:"killed"` // processes, by kind
	Cuts    int            `json:"cuts"`
	Moves   int            `json:"moves"` // members that joined or left
	// Losses are the kills of Redis that took what it wrote last, and Forgotten the bytes that this was.
	Losses    int   `json:"losses"`
	Forgotten int64 `json:"bytes_forgotten"`
	// Pauses are those of processes that went on behind them, and Paused how long that was. Outlasted are the pauses of members that were longer
	// than their session, and Slain the processes that were killed while they stood still.
	Pauses    int     `json:"pauses"`
	Paused    float64 `json:"paused_seconds"`
	Outlasted int     `json:"pauses_beyond_the_session"`
	Slain     int     `json:"killed_in_a_pause"`
	// Connections that cuts met, and Rebalances that members of each group lived through: what cuts, kills and moves came to.
	Connections int            `json:"connections_cut"`
	Rebalances  map[string]int `json:"rebalances"`
	Retries     int64          `json:"requests_sent_again"`
	Ended       map[string]int `json:"ended_by_themselves,omitempty"` // services, by name
	Settled     float64        `json:"settled_seconds"`               // from the end of the load
	Timeline    []happening    `json:"timeline"`
	Verdict     *judge.Verdict `json:"verdict"`
	Folder      string         `json:"folder,omitempty"` // kept
	Again       string         `json:"-"`                // how the same is asked for once more

	mu sync.Mutex
}

// happening is one line of the timeline.
type happening struct {
	Second   float64 `json:"second"`
	What     string  `json:"what"`
	Accepted int     `json:"accepted"`
}

func (r *report) happened(began time.Time, accepted int, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Timeline = append(r.Timeline, happening{time.Since(began).Seconds(), what, accepted})
}

func (r *report) ended(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Ended == nil {
		r.Ended = map[string]int{}
	}
	r.Ended[name]++
}

// paused notes a pause that is over.
func (r *report) paused(v victim, still, session time.Duration, lives bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !lives {
		r.Slain++
		return
	}
	r.Pauses++
	r.Paused += still.Seconds()
	if members[v.Kind] > 0 && still > session {
		r.Outlasted++
	}
}

// outcome is an error, told already, unless the run came to its end and nothing was found.
func (r *report) outcome(failed error) error {
	if failed != nil || !r.clean() {
		return &boot.Silent{Code: boot.ExitError}
	}
	return nil
}

func (r *report) clean() bool { return r.Verdict != nil && r.Verdict.Clean() }

// idle finds a run that disturbed less than it says: cuts that met no connection, members that came and went without a rebalance, losses of
// power that took nothing.
func (r *report) idle() error {
	if r.Cuts > 0 && r.Connections == 0 {
		return fmt.Errorf("%d cuts: %w", r.Cuts, errNothingCut)
	}
	changes, seen := r.Killed["resolver"]+r.Killed["sink"]+r.Moves, r.Rebalances["resolver"]+r.Rebalances["sink"]
	if seen < changes/2 { // two changes may share one, and a member that is killed in it says nothing
		return fmt.Errorf("%d changes of members, %d members gave partitions back: %w", changes, seen, errNoRebalance)
	}
	if r.Pauses >= manyPauses && r.Outlasted == 0 {
		return fmt.Errorf("%d pauses: %w", r.Pauses, errNoneOutlasted)
	}
	if r.Losses > 0 && r.Forgotten == 0 {
		return fmt.Errorf("%d losses of power: %w", r.Losses, errNothingForgotten)
	}
	return nil
}

// manyPauses of all kinds of processes have one of a member among them that outlasts its session.
const manyPauses = 20

var (
	errNoneOutlasted    = errors.New("none of a member was longer than its session")
	errNothingForgotten = errors.New("redis had written nothing that they could take")
	errNothingCut       = errors.New("no connection was open where they cut")
	errNoRebalance      = errors.New("the groups were not rebalanced")
)

// tell prints what a person needs: on a failure how to repeat it, what happened when, and where to look.
func (r *report) tell(stdout, stderr io.Writer, failed error) error {
	lost, doubled, different := 0, 0, 0
	if r.Verdict != nil {
		lost, doubled, different = r.Verdict.Lost, r.Verdict.Doubled, r.Verdict.Different
		_, _ = fmt.Fprintf(stderr, "chaos: %s\n", r.Verdict)
		_, _ = fmt.Fprintf(stderr, "chaos: killed %v, %d connections met by %d cuts, %d members came or went, rebalances %v, redis lost %d bytes %d times\n",
			r.Killed, r.Connections, r.Cuts, r.Moves, r.Rebalances, r.Forgotten, r.Losses)
		_, _ = fmt.Fprintf(stderr, "chaos: %d processes stood still, %.0f s together, %d members for longer than a session; %d more were killed meanwhile\n",
			r.Pauses, r.Paused, r.Outlasted, r.Slain)
	}
	if failed != nil || !r.clean() {
		_, _ = fmt.Fprintf(stderr, "chaos: timeline\n")
		for _, h := range r.Timeline {
			_, _ = fmt.Fprintf(stderr, "  %6.1fs %7d accepted  %s\n", h.Second, h.Accepted, h.What)
		}
		_, _ = fmt.Fprintf(stderr, "chaos: data and logs are in %s; again: %s\n", r.Folder, r.Again)
	}
	if failed != nil {
		_, _ = fmt.Fprintf(stderr, "chaos: %v\n", failed)
	}
	if different > 0 {
		_, _ = fmt.Fprintf(stdout, "differences %d\n", different)
	}
	_, err := fmt.Fprintf(stdout, "kills %d, lost %d, doubled %d\n", r.Kills, lost, doubled)
	if err != nil {
		return fmt.Errorf("printing the last line: %w", err)
	}
	return nil
}
