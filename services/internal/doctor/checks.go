package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// States of a finding.
const (
	OK      = "ok"
	Problem = "problem"
	Unknown = "unknown"
)

// maxSkew is how far two clocks may stand apart.
const maxSkew = 2 * time.Second

// Oldest versions that RCU works with.
const (
	leastRedis      = "7.0"
	leastClickHouse = "25.3"
)

// Finding is the result of one check.
type Finding struct {
	Check string `json:"check"`
	State string `json:"state"`
	What  string `json:"what"`
	Do    string `json:"do,omitempty"`
}

// Examine runs every check.
func Examine(f Facts) []Finding {
	var out []Finding
	for _, check := range []func(Facts) []Finding{
		checkEngine, checkServers, checkVersions, checkPorts, checkTopics, checkSchema, checkSends, checkClocks, checkDisk, checkKeys, checkLag,
	} {
		out = append(out, check(f)...)
	}
	return out
}

// Healthy reports whether no finding is a problem.
func Healthy(list []Finding) bool {
	return !slices.ContainsFunc(list, func(f Finding) bool { return f.State == Problem })
}

func ok(check, format string, args ...any) []Finding {
	return []Finding{{Check: check, State: OK, What: fmt.Sprintf(format, args...)}}
}

func unknown(check, format string, args ...any) []Finding {
	return []Finding{{Check: check, State: Unknown, What: fmt.Sprintf(format, args...)}}
}

func wrong(check, what, do string) Finding {
	return Finding{Check: check, State: Problem, What: what, Do: do}
}

// orOK gives the problems found, or one finding that all is well.
func orOK(found []Finding, check, format string, args ...any) []Finding {
	if len(found) > 0 {
		return found
	}
	return ok(check, format, args...)
}

func checkEngine(f Facts) []Finding {
	var found []Finding
	if f.Engine.Needed && !f.Engine.Installed {
		what, do := "the ClickHouse engine is not installed", "run scripts/setup, or `rcu up`, which installs it; or give a server with --clickhouse URL"
		if f.Engine.Problem != "" {
			what += ": " + f.Engine.Problem
		}
		found = append(found, wrong("engine", what, do))
	}
	if f.RedisFile.Needed && !f.RedisFile.Installed {
		found = append(found, wrong("engine", "redis-server cannot be used: "+f.RedisFile.Problem,
			"run scripts/setup or `apt-get install redis-server`; or give a server with --redis HOST:PORT"))
	}
	return orOK(found, "engine", "what must be installed is installed")
}

func (f Facts) servers() map[string]Server {
	return map[string]Server{"kafka": f.Kafka, "redis": f.Redis, "clickhouse": f.ClickHouse}
}

func checkServers(f Facts) []Finding {
	var out []Finding
	servers := f.servers()
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		s := servers[name]
		switch {
		case s.Embedded && f.Crashed:
			out = append(out, wrong("server", name+" does not run: rcu up ended without being stopped", "look at the end of rcu.log and of "+name+"/"+name+".log in the data folder, then run `rcu up`"))
		case s.Addr == "", s.Embedded && !f.Running:
			out = append(out, unknown("server", "%s is not running: start it with `rcu up`", name)...)
		case s.Problem != "":
			out = append(out, wrong("server", fmt.Sprintf("%s on %s does not answer: %s", name, s.Addr, s.Problem), "start the server, or correct its address (--"+name+"), its log-in, and the firewall between"))
		case s.Refuses != "":
			out = append(out, wrong("server", fmt.Sprintf("%s on %s takes no writes: %s", name, s.Addr, s.Refuses), "make room on its disk, and see its log; it goes on by itself"))
		default:
			out = append(out, ok("server", "%s answers on %s", name, s.Addr)...)
		}
	}
	return out
}

func checkVersions(f Facts) []Finding {
	var found []Finding
	seen := 0
	for _, want := range []struct {
		name, least string
		server      Server
	}{{"redis", leastRedis, f.Redis}, {"clickhouse", leastClickHouse, f.ClickHouse}} {
		if want.server.Version == "" {
			continue
		}
		seen++
		if older(want.server.Version, want.least) {
			found = append(found, wrong("version", fmt.Sprintf("%s on %s has version %s, at least %s is needed", want.name, want.server.Addr, want.server.Version, want.least),
				"update "+want.name+", or give another server with --"+want.name))
		}
	}
	if seen == 0 {
		return unknown("version", "no server told its version")
	}
	return orOK(found, "version", "the servers are new enough")
}

// older compares dotted versions number by number.
func older(have, least string) bool {
	h, l := strings.Split(have, "."), strings.Split(least, ".")
	for i := range l {
		if i >= len(h) {
			return true
		}
		a, errA := strconv.Atoi(h[i])
		b, errB := strconv.Atoi(l[i])
		if errA != nil || errB != nil {
			return false
		}
		if a != b {
			return a < b
		}
	}
	return false
}

func checkPorts(f Facts) []Finding {
	if f.Running {
		return ok("port", "rcu up runs and holds its ports")
	}
	var found []Finding
	var held []string
	for _, p := range f.Ports {
		switch {
		case !p.Taken:
		case f.Alone:
			held = append(held, p.Name+" on "+p.Addr)
		default:
			found = append(found, wrong("port", fmt.Sprintf("%s wants to listen on %s, which another program holds", p.Name, p.Addr),
				"stop that program (`ss -ltnp` names it), or choose another address with --listen or --set"))
		}
	}
	if len(held) > 0 {
		slices.Sort(held)
		return unknown("port", "held by a program each, which is right if it is the service: %s", strings.Join(held, ", "))
	}
	return orOK(found, "port", "%d ports are free", len(f.Ports))
}

func checkTopics(f Facts) []Finding {
	t := f.Topics
	switch {
	case !t.Asked:
		return unknown("topics", "kafka was not asked")
	case t.Problem != "":
		return unknown("topics", "kafka did not list its topics: %s", t.Problem)
	}
	var found []Finding
	if len(t.Missing) > 0 {
		found = append(found, wrong("topics", "missing on kafka: "+strings.Join(t.Missing, ", "), "start a service (`rcu up` or `rcu run`), which makes them, or let an administrator make them"))
	}
	if len(t.Unlike) > 0 {
		found = append(found, wrong("topics", "not as they must be: "+strings.Join(t.Unlike, "; "), "correct kafka.partitions in the configuration, or make the topic anew"))
	}
	return orOK(found, "topics", "all %d topics stand", t.Expected)
}

func checkSchema(f Facts) []Finding {
	s := f.Schema
	switch {
	case !s.Asked:
		return unknown("schema", "clickhouse was not asked")
	case s.Problem != "":
		return unknown("schema", "clickhouse did not tell the version of its tables: %s", s.Problem)
	case s.Current < s.Target:
		return []Finding{wrong("schema", fmt.Sprintf("the tables have version %d, this program wants %d", s.Current, s.Target), "start a service (`rcu up` or `rcu run`), which migrates them")}
	case s.Current > s.Target:
		return []Finding{wrong("schema", fmt.Sprintf("the tables have version %d, this program knows %d", s.Current, s.Target), "update this program: a newer one has migrated the tables")}
	default:
		return ok("schema", "the tables have version %d", s.Current)
	}
}

// checkSends looks at the standing control over contacts.
func checkSends(f Facts) []Finding {
	s := f.Schema
	switch {
	case !s.Asked || s.Problem != "" || s.Current != s.Target:
		return unknown("sends", "it is not known whether people were contacted without permission: clickhouse was not asked")
	case s.SendsProblem != "":
		return unknown("sends", "it is not known whether people were contacted without permission: %s", s.SendsProblem)
	case s.Sends > 0:
		return []Finding{wrong("sends", fmt.Sprintf("%d contacts of the last %d days had no valid permission", s.Sends, controlDays),
			"stop the sender, and look at them with `rcu sql \"SELECT * FROM sends_without_permission ORDER BY sent_at\"`; docs/operations.md says what each verdict means")}
	default:
		return ok("sends", "every contact of the last %d days was permitted when it was made", controlDays)
	}
}

func checkClocks(f Facts) []Finding {
	var found []Finding
	seen := 0
	servers := f.servers()
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		s := servers[name]
		if !s.HasClock {
			continue
		}
		seen++
		if s.Skew.Abs() > maxSkew {
			found = append(found, wrong("clock", fmt.Sprintf("the clock of %s on %s differs from this machine's by %s", name, s.Addr, s.Skew.Round(100*time.Millisecond)), "let NTP set both clocks (`timedatectl status`)"))
		}
	}
	if seen == 0 {
		return unknown("clock", "no server told its time")
	}
	return orOK(found, "clock", "the clocks agree")
}

func checkDisk(f Facts) []Finding {
	var out []Finding
	for _, d := range f.Disks {
		switch {
		case d.Problem != "":
			out = append(out, unknown("disk", "the room in %s is not known: %s", d.Path, d.Problem)...)
		case d.Free < d.Least:
			out = append(out, wrong("disk", fmt.Sprintf("%s has %s free, at least %s is needed; on a full disk nothing is taken in, and nothing that was is lost", d.Path, bytes(d.Free), bytes(d.Least)),
				"make room, or move the data folder to a larger disk and give it with --data"))
		default:
			out = append(out, ok("disk", "%s has %s free", d.Path, bytes(d.Free))...)
		}
	}
	return out
}

// bytes writes an amount in GiB, or a small one in MiB.
func bytes(n uint64) string {
	if n < 1<<30 {
		return strconv.FormatUint(n>>20, 10) + " MiB"
	}
	return strconv.FormatFloat(float64(n)/(1<<30), 'f', 1, 64) + " GiB"
}

func checkKeys(f Facts) []Finding {
	k := f.Keys
	switch {
	case k.Known == "" && k.Fingerprint == "":
		return unknown("keys", "there is no key file yet: the first start makes it")
	case k.Problem != "":
		return []Finding{wrong("keys", "the key file cannot be used: "+k.Problem, "put the key file of this installation back from its copy; without it customers cannot be looked up")}
	case k.Known != "" && k.Known != k.Fingerprint:
		return []Finding{wrong("keys", fmt.Sprintf("%s is another installation's key file (fingerprint %s, the data were made with %s)", k.Path, k.Fingerprint, k.Known), "give the right file with --set keys=FILE; with a wrong one every customer would get another id")}
	case k.Foreign:
		return []Finding{wrong("keys", k.Path+" is not the key file with which the keys in kafka were wrapped", "copy keys.json of the installation there and remove keys.fingerprint in the data folder; with a wrong one every customer would get another id")}
	default:
		return ok("keys", "%s is the key file of this installation", k.Path)
	}
}

func checkLag(f Facts) []Finding {
	l := f.Lags
	switch {
	case !l.Asked:
		return unknown("lag", "kafka was not asked")
	case l.Problem != "":
		return unknown("lag", "kafka did not tell the offsets: %s", l.Problem)
	}
	var found []Finding
	for _, group := range slices.Sorted(maps.Keys(l.Groups)) {
		if l.Groups[group] > l.Most {
			found = append(found, wrong("lag", fmt.Sprintf("%s is %d records behind, more than %d", group, l.Groups[group], l.Most),
				"see whether the service runs and what its log says; start more of it if it only is slow"))
		}
	}
	return orOK(found, "lag", "%d groups keep up", len(l.Groups))
}
