package vault

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	eventpb "rcu/schemas/event"
)

// ErrUnknownKey is returned for what was sealed under a key that is not known: not yet seen, or destroyed.
var ErrUnknownKey = errors.New("sealed under a key that is not known here")

// keyID names a data key: 4 bytes of day, 12 of random.
type keyID [16]byte

// Daily seals the personal fields of raw events under random keys of a controller and a day. Every process that seals has
// keys of its own, and gives each away, wrapped, before it uses it; a process that opens learns them from rcu.keys.
type Daily struct {
	ring    *Keyring
	publish func(context.Context, *eventpb.WrappedKey) error

	mu      sync.Mutex
	current map[string]dailyKey // by controller
	known   map[keyID]tink.AEAD
}

type dailyKey struct {
	id   keyID
	day  int64
	aead tink.AEAD
}

// NewDaily returns a Daily. publish stores a wrapped key durably before it returns; nil for a process that only opens.
func NewDaily(ring *Keyring, publish func(context.Context, *eventpb.WrappedKey) error) *Daily {
	return &Daily{ring: ring, publish: publish, current: map[string]dailyKey{}, known: map[keyID]tink.AEAD{}}
}

// Seal encrypts plaintext under the key of the controller for the day of at.
func (d *Daily) Seal(ctx context.Context, controller string, at time.Time, plaintext []byte) (*eventpb.Sealed, error) {
	key, err := d.keyFor(ctx, controller, at.Unix()/86400)
	if err != nil {
		return nil, err
	}
	sealed, err := key.aead.Encrypt(plaintext, key.id[:])
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return &eventpb.Sealed{KeyId: append([]byte(nil), key.id[:]...), Ciphertext: sealed}, nil
}

// Open decrypts what Seal made here or, once its key was learned, in another process.
func (d *Daily) Open(s *eventpb.Sealed) ([]byte, error) {
	if len(s.GetKeyId()) != len(keyID{}) {
		return nil, ErrUnknownKey
	}
	id := keyID(s.GetKeyId())
	d.mu.Lock()
	aead, ok := d.known[id]
	d.mu.Unlock()
	if !ok {
		return nil, ErrUnknownKey
	}
	plain, err := aead.Decrypt(s.GetCiphertext(), id[:])
	if err != nil {
		return nil, errors.New("opening sealed data: it was changed or belongs to another key")
	}
	return plain, nil
}

// Learn takes in a wrapped key from rcu.keys. Keys of subjects are ignored.
func (d *Daily) Learn(w *eventpb.WrappedKey) error {
	if w.GetSubject() != "" {
		return nil
	}
	if len(w.GetId()) != len(keyID{}) {
		return errors.New("learning a daily key: its id has not 16 bytes")
	}
	id := keyID(w.GetId())
	secret, err := d.ring.kek.Decrypt(w.GetWrapped(), wrapContext(id, w.GetController()))
	if err != nil {
		return errors.New("learning a daily key: the key file is not the one it was wrapped with")
	}
	aead, err := subtle.NewAESGCM(secret)
	if err != nil {
		return fmt.Errorf("learning a daily key: %w", err)
	}
	d.mu.Lock()
	d.known[id] = aead
	d.mu.Unlock()
	return nil
}

// Forget drops a key whose record on rcu.keys is gone: what it sealed can never be opened again.
func (d *Daily) Forget(id []byte) {
	if len(id) != len(keyID{}) {
		return
	}
	d.mu.Lock()
	delete(d.known, keyID(id))
	d.mu.Unlock()
}

func (d *Daily) keyFor(ctx context.Context, controller string, day int64) (dailyKey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if key, ok := d.current[controller]; ok && key.day == day {
		return key, nil
	}
	key, err := d.newKey(ctx, controller, day)
	if err != nil {
		return dailyKey{}, err
	}
	d.current[controller] = key
	d.known[key.id] = key.aead
	return key, nil
}

func (d *Daily) newKey(ctx context.Context, controller string, day int64) (dailyKey, error) {
	if d.publish == nil {
		return dailyKey{}, errors.New("sealing: this process may only open")
	}
	key := dailyKey{id: keyID(randomBytes(16)), day: day}
	binary.BigEndian.PutUint32(key.id[:4], uint32(day)) //nolint:gosec // G115: days since 1970 fit
	secret := randomBytes(secretSize)
	var err error
	if key.aead, err = subtle.NewAESGCM(secret); err != nil {
		return dailyKey{}, fmt.Errorf("making a daily key: %w", err)
	}
	wrapped, err := d.ring.kek.Encrypt(secret, wrapContext(key.id, controller))
	if err != nil {
		return dailyKey{}, fmt.Errorf("wrapping a daily key: %w", err)
	}
	record := &eventpb.WrappedKey{Id: key.id[:], Controller: controller, Day: day, Wrapped: wrapped}
	if err := d.publish(ctx, record); err != nil {
		return dailyKey{}, fmt.Errorf("storing a daily key: %w", err)
	}
	return key, nil
}

func wrapContext(id keyID, controller string) []byte {
	return append(append([]byte("daily/"), id[:]...), controller...)
}

// DailyRecordKey is the key of a daily key's record on rcu.keys: "day/" and the hexadecimal digits of its id.
func DailyRecordKey(id []byte) []byte { return []byte("day/" + hex.EncodeToString(id)) }

// ParseDailyRecordKey reads what DailyRecordKey wrote; nil for any other key.
func ParseDailyRecordKey(key []byte) []byte {
	digits, ok := strings.CutPrefix(string(key), "day/")
	if !ok {
		return nil
	}
	id, err := hex.DecodeString(digits)
	if err != nil {
		return nil
	}
	return id
}
