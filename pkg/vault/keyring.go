package vault

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"rcu/pkg/wholefile"
	eventpb "rcu/schemas/event"
)

const (
	fileVersion = 1
	secretSize  = 32
)

// Keyring holds the secrets of one installation in memory. It is safe for concurrent use.
type Keyring struct {
	kek     tink.AEAD
	peppers []*pepper // by version; the last one is current
	names   []byte
	spaces  spaceCache
	print   string
}

// keyFile is the form of the key file. Secrets are base64, 32 bytes each.
type keyFile struct {
	Version           int          `json:"version"`
	KeyEncryptionKey  []byte       `json:"key_encryption_key"`
	NamesSecret       []byte       `json:"names_secret"`
	Peppers           []pepperFile `json:"peppers"`
	WhatHappensIfLost string       `json:"if_this_file_is_lost"`
}

type pepperFile struct {
	Version uint8  `json:"version"`
	Secret  []byte `json:"secret"` //nolint:gosec // G117: this is the file of secrets
}

// Create writes a new key file with fresh secrets, readable by its owner alone. An existing file is never overwritten: the error is fs.ErrExist then.
func Create(path string) error {
	f := keyFile{
		Version:           fileVersion,
		KeyEncryptionKey:  randomBytes(secretSize),
		NamesSecret:       randomBytes(secretSize),
		Peppers:           []pepperFile{{Version: 1, Secret: randomBytes(secretSize)}},
		WhatHappensIfLost: "personal values cannot be read any more and customers cannot be looked up; keep a copy apart from the data",
	}
	body, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the key file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("creating the folder of the key file: %w", err)
	}
	if err := wholefile.Create(path, append(body, '\n')); err != nil {
		return fmt.Errorf("creating the key file: %w", err)
	}
	return nil
}

// Load reads a key file. All problems of the file are reported at once.
func Load(path string) (*Keyring, error) {
	body, err := os.ReadFile(path) //nolint:gosec // G304: the path is the operator's own setting
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	k, err := parse(body)
	if err != nil {
		return nil, fmt.Errorf("reading the key file %s: %w", path, err)
	}
	return k, nil
}

// LoadOrCreate loads the key file of path; where there is none it creates one and reports created. Processes that begin at once share one.
func LoadOrCreate(path string) (ring *Keyring, created bool, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		switch err := Create(path); {
		case err == nil:
			created = true
		case !errors.Is(err, fs.ErrExist): // then somebody else was first
			return nil, false, err
		}
	}
	ring, err = Load(path)
	return ring, created, err
}

func parse(body []byte) (*Keyring, error) {
	var f keyFile
	if err := json.Unmarshal(body, &f); err != nil {
		return nil, errors.New("is no JSON key file") // the decoder's text could quote a secret
	}
	if err := f.validate(); err != nil {
		return nil, err
	}
	kek, err := subtle.NewAESGCM(f.KeyEncryptionKey)
	if err != nil {
		return nil, fmt.Errorf("preparing the key-encryption key: %w", err)
	}
	k := &Keyring{kek: kek, names: f.NamesSecret}
	for _, p := range f.Peppers {
		k.peppers = append(k.peppers, newPepper(p.Version, p.Secret))
	}
	k.print = k.fingerprint()
	return k, nil
}

func (f keyFile) validate() error {
	var problems []error
	if f.Version != fileVersion {
		problems = append(problems, fmt.Errorf("version: is %d, this program reads %d", f.Version, fileVersion))
	}
	check := func(name string, secret []byte) {
		if len(secret) != secretSize {
			problems = append(problems, fmt.Errorf("%s: has %d bytes, want %d", name, len(secret), secretSize))
		}
	}
	check("key_encryption_key", f.KeyEncryptionKey)
	check("names_secret", f.NamesSecret)
	if len(f.Peppers) == 0 {
		problems = append(problems, errors.New("peppers: at least one is required"))
	}
	for i, p := range f.Peppers {
		check(fmt.Sprintf("peppers[%d].secret", i), p.Secret)
		if p.Version == 0 || (i > 0 && p.Version <= f.Peppers[i-1].Version) {
			problems = append(problems, fmt.Errorf("peppers[%d].version: versions start at 1 and grow", i))
		}
	}
	return errors.Join(problems...)
}

// Fingerprint tells two key files apart without showing anything of them: 16 hexadecimal digits.
func (k *Keyring) Fingerprint() string { return k.print }

func (k *Keyring) fingerprint() string {
	p := k.Pseudonym("", "", "fingerprint of the key file")
	name := k.Name("", p)
	return hex.EncodeToString(p[1:5]) + name[2:10]
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}

// Unwraps reports whether a wrapped key, of a day or of a subject, was wrapped with this key file.
func (k *Keyring) Unwraps(w *eventpb.WrappedKey) bool {
	if w.GetSubject() != "" {
		_, err := k.SubjectKey(w.GetController(), w.GetSubject(), w.GetWrapped())
		return err == nil
	}
	return NewDaily(k, nil).Learn(w) == nil
}
