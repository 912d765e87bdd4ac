package httpserver

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// HeaderRequestID carries the id that the server gave a request. What a client sends there is ignored.
const HeaderRequestID = "X-Request-Id"

// Router serves routes by pattern (net/http.ServeMux) with a request id, recovery and metrics around each of them.
type Router struct {
	mux      *http.ServeMux
	log      *zap.Logger
	duration *prometheus.HistogramVec
	requests *prometheus.CounterVec
	inFlight prometheus.Gauge
	panics   prometheus.Counter
	other    http.Handler
	prefix   string
	next     atomic.Uint64
}

// NewRouter returns a router whose metrics are named rcu_<component>_request...
func NewRouter(component string, reg prometheus.Registerer, log *zap.Logger) (*Router, error) {
	if reg == nil || log == nil {
		return nil, errors.New("http router needs a registerer and a logger")
	}
	name := func(s string) string { return prometheus.BuildFQName("rcu", component, s) }
	rt := &Router{mux: http.NewServeMux(), log: log}
	rt.duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name("request_duration_seconds"), Help: "Time to answer a request, by route and outcome.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"route", "outcome"})
	rt.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: name("requests_total"), Help: "Requests answered, by route and status.",
	}, []string{"route", "status"})
	rt.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{Name: name("requests_in_flight"), Help: "Requests being answered."})
	rt.panics = prometheus.NewCounter(prometheus.CounterOpts{Name: name("request_panics_total"), Help: "Requests that ended in a recovered panic."})
	for _, c := range []prometheus.Collector{rt.duration, rt.requests, rt.inFlight, rt.panics} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("registering http metrics: %w", err)
		}
	}
	var seed [6]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, fmt.Errorf("making a seed of request ids: %w", err)
	}
	rt.prefix = hex.EncodeToString(seed[:]) + "-"
	rt.other = rt.wrap("other", http.HandlerFunc(rt.unmatched))
	return rt, nil
}

// Handle serves a pattern under the name of its route, which stands in logs and metrics instead of the path.
func (rt *Router) Handle(pattern, route string, h http.Handler) {
	rt.mux.Handle(pattern, rt.wrap(route, h))
}

// Bare serves a pattern without metrics and logs: probes and the metrics page.
func (rt *Router) Bare(pattern string, h http.Handler) { rt.mux.Handle(pattern, h) }

// ServeHTTP implements http.Handler. Paths that ServeMux would redirect are not found: a redirect repeats the path.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := rt.mux.Handler(r); pattern == "" || unclean(r.URL.Path) {
		rt.other.ServeHTTP(w, r)
		return
	}
	rt.mux.ServeHTTP(w, r)
}

func unclean(path string) bool {
	return path == "" || path[0] != '/' || strings.Contains(path, "//") || strings.Contains(path, "/.")
}

// unmatched answers what no pattern matches: 405 where the path has other methods, else 404.
func (rt *Router) unmatched(w http.ResponseWriter, r *http.Request) {
	probe := &headerOnly{header: http.Header{}}
	if h, pattern := rt.mux.Handler(r); pattern == "" {
		h.ServeHTTP(probe, r)
	}
	if probe.code == http.StatusMethodNotAllowed {
		allow := probe.header.Get("Allow")
		w.Header().Set("Allow", allow)
		WriteProblem(w, r, http.StatusMethodNotAllowed, Problem{Reason: "method_not_allowed", Fix: "use " + allow})
		return
	}
	WriteProblem(w, r, http.StatusNotFound, Problem{Reason: "not_found", Fix: "check the path"})
}

// headerOnly takes the answer of ServeMux to learn its status and header.
type headerOnly struct {
	header http.Header
	code   int
}

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) WriteHeader(code int)        { h.code = code }
func (h *headerOnly) Write(b []byte) (int, error) { return len(b), nil }

func (rt *Router) wrap(route string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := rt.prefix + strconv.FormatUint(rt.next.Add(1), 16)
		w.Header().Set(HeaderRequestID, id)
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		rec := &recorder{ResponseWriter: w}
		rt.inFlight.Inc()
		defer func() {
			rt.inFlight.Dec()
			status := rec.status()
			rt.duration.WithLabelValues(route, outcomeOf(status)).Observe(time.Since(start).Seconds())
			rt.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
		}()
		defer func() {
			if p := recover(); p != nil {
				rt.recovered(rec, r, route, p)
			}
		}()
		h.ServeHTTP(rec, r)
	})
}

// recovered logs where a panic came from, never what it said.
func (rt *Router) recovered(rec *recorder, r *http.Request, route string, p any) {
	rt.panics.Inc()
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		rec.code = cmp.Or(rec.code, http.StatusInternalServerError)
		panic(p)
	}
	rt.log.Error("request ended in a panic", zap.String("route", route), zap.String("request_id", RequestID(r.Context())),
		zap.String("panic_type", fmt.Sprintf("%T", p)), zap.Strings("frames", frames()))
	if rec.code == 0 {
		WriteProblem(rec, r, http.StatusInternalServerError, Problem{Reason: "internal", Fix: "try again; if it happens again give the request id to the operator"})
	}
}

func frames() []string {
	pcs := make([]uintptr, 24)
	it := runtime.CallersFrames(pcs[:runtime.Callers(5, pcs)])
	var out []string
	for {
		f, more := it.Next()
		out = append(out, f.Function+":"+strconv.Itoa(f.Line))
		if !more {
			return out
		}
	}
}

// outcomeOf folds statuses into a closed set of labels.
func outcomeOf(status int) string {
	switch {
	case status < 400:
		return "ok"
	case status == http.StatusTooManyRequests:
		return "limited"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "denied"
	case status < 500:
		return "invalid"
	case status == http.StatusServiceUnavailable:
		return "unavailable"
	default:
		return "error"
	}
}

type requestIDKey struct{}

// RequestID is the id the router gave the request of ctx; empty outside a router.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	if r.code == 0 {
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.code == 0 {
		r.code = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) status() int {
	if r.code == 0 {
		return http.StatusOK
	}
	return r.code
}
