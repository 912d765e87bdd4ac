package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"rcu/pkg/embedded"
	"rcu/services/e2e/resp"
	"rcu/services/internal/boot"
)

// The files of a filled index that is kept: the keys that seal it, the folder of its Redis, and how many people are in it, which is written last.
const (
	indexKeys   = "keys.json"
	indexRedis  = "redis"
	indexPeople = "people"
)

// runSuggestIndex fills an index and keeps it in a folder, so that no measurement has to wait for it. One that is there already is left.
func runSuggestIndex(ctx context.Context, world boot.IO, args []string) error {
	runtime.LockOSThread() // children end with the thread that started them
	f := flag.NewFlagSet("bench suggest-index", flag.ContinueOnError)
	f.SetOutput(world.Stderr)
	people := f.Int("stored", 1_000_000, "people in the index")
	dir := f.String("index", "", "folder to keep it in")
	if err := boot.ParseFlags(f, args); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if *dir == "" || *people < 1 {
		return &boot.UsageError{Err: errors.New("--index must name a folder, and --stored be at least 1")}
	}
	say := telling(world)
	if held, err := peopleIn(*dir); err == nil && held == *people {
		say("%d people are in the index of %s", held, *dir)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(120+*people/500)*time.Second)
	defer cancel()
	return keepIndex(ctx, *dir, *people, say)
}

// peopleIn tells how many people are in an index that is kept.
func peopleIn(dir string) (int, error) {
	raw, err := os.ReadFile(filepath.Join(dir, indexPeople)) //nolint:gosec // the operator names the folder
	if err != nil {
		return 0, fmt.Errorf("reading how many people are in the index: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0, fmt.Errorf("reading how many people are in the index: %w", err)
	}
	return n, nil
}

// keepIndex fills an index in an empty folder.
func keepIndex(ctx context.Context, dir string, people int, say func(string, ...any)) error {
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, indexRedis)), os.RemoveAll(filepath.Join(dir, indexPeople)), os.MkdirAll(dir, 0o700)); err != nil {
		return fmt.Errorf("making the folder of the index: %w", err)
	}
	server, err := embedded.StartRedis(ctx, embedded.RedisConfig{Dir: filepath.Join(dir, indexRedis)})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer server.Kill()
	began := time.Now()
	if err := fillIndex(ctx, dir, server.Addr(), people, say); err != nil {
		return err
	}
	if err := rewritten(ctx, server.Addr()); err != nil {
		return err
	}
	if err := server.Stop(ctx); err != nil {
		return err //nolint:wrapcheck // says all
	}
	say("filled in %.0f s", time.Since(began).Seconds())
	if err := os.Remove(filepath.Join(dir, indexRedis, "dump.rdb")); err != nil && !errors.Is(err, os.ErrNotExist) { // written at the stop, and as large as the other
		return fmt.Errorf("removing the second copy of the index: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, indexPeople), []byte(strconv.Itoa(people)+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing how many people are in the index: %w", err)
	}
	return nil
}

// rewritten has a Redis write its append-only file anew, so that it is read quickly.
func rewritten(ctx context.Context, addr string) error {
	conn, err := resp.Dial(ctx, addr)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer conn.Close()
	err = poll(ctx, probePoll, func() (bool, error) {
		_, err := conn.Do("BGREWRITEAOF")
		if err != nil && strings.Contains(err.Error(), "already in progress") {
			return false, nil // it began one by itself, which lacks what came since
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("writing the append-only file anew: %w", err)
	}
	return poll(ctx, probePoll, func() (bool, error) {
		info, err := conn.Do("INFO", "persistence")
		if err != nil {
			return false, fmt.Errorf("writing the append-only file anew: %w", err)
		}
		text := fmt.Sprint(info)
		return strings.Contains(text, "aof_rewrite_in_progress:0") && strings.Contains(text, "aof_rewrite_scheduled:0"), nil
	})
}

// beginWith copies an index that is kept into the folder of a stack that was not started yet.
func beginWith(index, dir string) error {
	keys, err := os.ReadFile(filepath.Join(index, indexKeys)) //nolint:gosec // the operator names the folder
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "keys.json"), keys, 0o600)
	}
	if err == nil {
		err = os.CopyFS(filepath.Join(dir, "redis"), os.DirFS(filepath.Join(index, indexRedis)))
	}
	if err != nil {
		return fmt.Errorf("copying the index: %w", err)
	}
	return nil
}
