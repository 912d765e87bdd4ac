package backup

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Kind says what an archive holds.
type Kind string

// The kinds of archive.
const (
	Data Kind = "data" // logs, tables and settings, no keys
	Keys Kind = "keys" // the key file, keys of sources and readers, and rcu.keys
)

// Names of what lies in a data folder.
const (
	keyFile     = "keys.json"
	fingerprint = "keys.fingerprint"
	partitions  = "kafka/data/partitions"
	keysTopic   = "rcu.keys-"
	journal     = "denials.journal" // denials that Kafka or Redis does not have yet
)

// secrets are files of keys at the top of a data folder.
var secrets = []string{keyFile, fingerprint, "source-keys.json", "reader-keys.json"}

// kindOf says which archive a file of a data folder belongs to; empty: none. name has slashes.
func kindOf(name string) Kind {
	dir, base := path.Split(name)
	switch {
	case slices.Contains(secrets, name):
		return Keys
	case strings.HasPrefix(name, partitions+"/"+keysTopic):
		return Keys
	case strings.HasPrefix(name, "kafka/data/"):
		return Data
	case strings.HasPrefix(name, "clickhouse/data/"):
		return ofClickHouse(name, base)
	case dir == "" && (strings.HasSuffix(base, ".yaml") || base == "demo.done" || base == journal):
		return Data
	case strings.HasPrefix(name, "imports/"):
		return Data
	}
	return ""
}

// ofClickHouse leaves out what holds passwords, which every installation makes for itself: the settings, and the dictionary, which is made
// anew at each start.
func ofClickHouse(name, base string) Kind {
	switch {
	case strings.HasPrefix(name, "clickhouse/data/preprocessed_configs/"), strings.HasPrefix(name, "clickhouse/data/tmp/"):
		return ""
	case base == "leaf_owner_overrides.sql", base == "status":
		return ""
	}
	return Data
}

// file is one file of an archive.
type file struct {
	Path   string `json:"path"` // in the data folder, with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Link   string `json:"link,omitempty"` // of a symbolic link
}

// list finds the files of a kind, and their sizes together.
func list(dir string, kind Kind) (files []file, total int64, err error) {
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		f := file{Path: filepath.ToSlash(rel)}
		if kindOf(f.Path) != kind {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			if f.Link, err = os.Readlink(p); err != nil {
				return err
			}
			if filepath.IsAbs(f.Link) { // a table of clickhouse points into its own store
				if f.Link, err = filepath.Rel(filepath.Dir(p), f.Link); err != nil {
					return err
				}
			}
		case info.Mode().IsRegular():
			f.Size = info.Size()
		default:
			return nil
		}
		files, total = append(files, f), total+f.Size
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("listing the data folder: %w", err)
	}
	return files, total, nil
}
