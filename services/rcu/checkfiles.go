package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"rcu/pkg/auth"
	"rcu/pkg/config"
	"rcu/pkg/vault"
	"rcu/services/ingest"
	"rcu/services/privacy"
)

// checkFiles opens what the settings name and Validate has not read: certificates, passwords, lists, keys and the ledger. It makes nothing, so what
// the first start makes by itself may be missing.
func (s *settings) checkFiles(h home) error {
	var p config.Problems
	p.Under("kafka", s.Kafka.CheckFiles())
	problems := s.Redis.files().Problems(func(field string) string { return "redis.tls_" + field })
	for _, path := range slices.Sorted(maps.Keys(problems)) {
		p.Under(path, problems[path])
	}
	check := func(path, given, standard string, read func(string) error) {
		err := read(orPath(given, standard))
		if given == "" && errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			p.Add(path, "%s", err.Error())
		}
	}
	check("sources", s.Sources, h.path("sources.yaml"), func(file string) error { _, err := ingest.LoadSources(file); return err })
	check("readers", s.Readers, h.path("readers.yaml"), func(file string) error { _, err := auth.LoadReaders(file); return err })
	if err := checkKeys(orPath(s.Keys, h.path("keys.json")), h); err != nil {
		p.Under("keys", err)
	}
	if _, err := privacy.ReadLedger(h.ledgerFile(s)); err != nil {
		p.Under("privacy.ledger", err)
	}
	return p.Err()
}

// checkKeys reads the key file. It is missing before the first start alone, and then its folder is there.
func checkKeys(file string, h home) error {
	_, err := vault.Load(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return err //nolint:wrapcheck // nil, or says all
	}
	if _, noted := os.Stat(h.path("keys.fingerprint")); noted == nil {
		return fmt.Errorf("%s is missing, and this installation had keys: put the copy of it back", file)
	}
	folder := filepath.Dir(file)
	if _, err := os.Stat(folder); err != nil && folder != filepath.Clean(h.path("")) {
		return fmt.Errorf("looking where the key file will be made: %w", err)
	}
	return nil
}
