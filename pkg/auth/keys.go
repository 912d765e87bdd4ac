package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Why a request has no principal.
var (
	ErrNoKey      = errors.New("no bearer key")
	ErrUnknownKey = errors.New("unknown bearer key")
)

// maxKeyLength bounds what is hashed for a caller who has not shown anything yet.
const maxKeyLength = 512

// Hash is the SHA-256 of a bearer key.
type Hash [sha256.Size]byte

// HashKey returns the hash of a key.
func HashKey(key string) Hash { return sha256.Sum256([]byte(key)) }

// ParseHash reads 64 hexadecimal digits.
func ParseHash(s string) (Hash, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != sha256.Size {
		return Hash{}, errors.New("want the 64 hexadecimal digits of a SHA-256")
	}
	return Hash(b), nil
}

// String returns the 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// NewKey makes a random key of 256 bits and its hash.
func NewKey() (string, Hash, error) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", Hash{}, fmt.Errorf("making a key: %w", err)
	}
	key := "rcu_" + base64.RawURLEncoding.EncodeToString(b[:])
	return key, HashKey(key), nil
}

// Entry binds the hash of a key to its principal.
type Entry[P any] struct {
	Hash      Hash
	Principal P
	Until     time.Time // from then on the key is not known any more; zero: for ever
}

// Keys finds the principal of a bearer key. It is immutable and safe for concurrent use.
type Keys[P any] struct {
	byPrefix map[uint64][]Entry[P]
	size     int
}

// NewKeys returns the keys of entries; two entries with one hash are an error.
func NewKeys[P any](entries []Entry[P]) (*Keys[P], error) {
	k := &Keys[P]{byPrefix: make(map[uint64][]Entry[P], len(entries)), size: len(entries)}
	for i, e := range entries {
		p := prefix(e.Hash)
		for _, other := range k.byPrefix[p] {
			if other.Hash == e.Hash {
				return nil, fmt.Errorf("entry %d: its key belongs to an earlier entry", i)
			}
		}
		k.byPrefix[p] = append(k.byPrefix[p], e)
	}
	return k, nil
}

func prefix(h Hash) uint64 { return binary.BigEndian.Uint64(h[:8]) }

// Len is the number of keys.
func (k *Keys[P]) Len() int { return k.size }

// Lookup returns the principal of a key. The prefix of the hash picks the candidates, so what time can tell is a
// property of the hash of the guess; the whole hash is compared in constant time.
func (k *Keys[P]) Lookup(key string) (P, error) {
	var none P
	if key == "" {
		return none, ErrNoKey
	}
	if len(key) > maxKeyLength {
		return none, ErrUnknownKey
	}
	return k.ByHash(HashKey(key))
}

// ByHash returns the principal of the key that has a hash: for who showed the key before, and may have lost it since.
func (k *Keys[P]) ByHash(h Hash) (P, error) {
	for _, e := range k.byPrefix[prefix(h)] {
		if subtle.ConstantTimeCompare(e.Hash[:], h[:]) == 1 && (e.Until.IsZero() || time.Now().Before(e.Until)) {
			return e.Principal, nil
		}
	}
	var none P
	return none, ErrUnknownKey
}

// Authenticate returns the principal of the header `Authorization: Bearer KEY`.
func (k *Keys[P]) Authenticate(r *http.Request) (P, error) {
	var none P
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return none, ErrNoKey
	}
	scheme, key, found := strings.Cut(values[0], " ")
	if !found || !strings.EqualFold(scheme, "bearer") {
		return none, ErrNoKey
	}
	return k.Lookup(strings.TrimSpace(key))
}
