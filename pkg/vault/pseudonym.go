package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"

	"rcu/pkg/identifier"
)

// pepper is one version of the secret that pseudonyms are made with.
type pepper struct {
	version uint8
	macs    sync.Pool // of *mac
}

type mac struct {
	hash.Hash
	in  []byte
	sum []byte
}

func newPepper(version uint8, secret []byte) *pepper {
	p := &pepper{version: version}
	p.macs.New = func() any {
		return &mac{Hash: hmac.New(sha256.New, secret), sum: make([]byte, 0, sha256.Size)}
	}
	return p
}

// digest is HMAC-SHA-256 over the parts, each prefixed by its length so that no two lists of parts read the same.
func (p *pepper) digest(domain byte, parts [3]string) [sha256.Size]byte {
	m := p.macs.Get().(*mac) //nolint:forcetypeassert,errcheck // the pool holds nothing else
	defer p.macs.Put(m)
	m.in = append(m.in[:0], domain)
	for _, part := range parts {
		m.in = binary.AppendUvarint(m.in, uint64(len(part)))
		m.in = append(m.in, part...)
	}
	m.Reset()
	_, _ = m.Write(m.in)
	m.sum = m.Sum(m.sum[:0])
	clear(m.in)
	return [sha256.Size]byte(m.sum)
}

// Domains keep the uses of one pepper apart.
const (
	domainPseudonym byte = 1
	domainClaim     byte = 2
	domainContent   byte = 3
)

func (k *Keyring) current() *pepper { return k.peppers[len(k.peppers)-1] }

// Pseudonym returns the pseudonym of a normalised value under the current pepper.
func (k *Keyring) Pseudonym(space string, ns identifier.Namespace, value string) identifier.Pseudonym {
	p := k.current()
	sum := p.digest(domainPseudonym, [3]string{space, string(ns), value})
	var out identifier.Pseudonym
	out[0] = p.version
	copy(out[1:], sum[:])
	return out
}

// Digest16 returns 16 bits that can only be compared: a key of a claim (kernel.md 1). Never 0, which means none.
func (k *Keyring) Digest16(space, kind, text string) uint16 {
	sum := k.current().digest(domainClaim, [3]string{space, kind, text})
	if d := binary.BigEndian.Uint16(sum[:]); d != 0 {
		return d
	}
	return 1
}

// Digest64 returns 8 bytes over content that may be personal, so that two contents can be compared and none guessed.
func (k *Keyring) Digest64(space, kind, content string) [8]byte {
	sum := k.current().digest(domainContent, [3]string{space, kind, content})
	return [8]byte(sum[:8])
}
