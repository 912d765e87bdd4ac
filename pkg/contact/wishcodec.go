package contact

import (
	"bytes"
	"fmt"

	"rcu/pkg/internal/pack"
)

// bookVersion is the first byte of every packed book of wishes.
const bookVersion = 1

// wishWide is the bit of a wish that counts at every point of the person.
const wishWide = 0x80

// Encode returns the packed book; nil where nothing was wished.
//
// version, number of wishes, each: kind with the bit of wide ones, what it is about, when it was said, value.
func (b Book) Encode() []byte {
	if len(b.wishes) == 0 {
		return nil
	}
	out := pack.Uint([]byte{bookVersion}, uint64(len(b.wishes)))
	for _, w := range b.wishes {
		head := byte(w.Kind)
		if w.Wide {
			head |= wishWide
		}
		out = pack.Int(pack.Int(pack.Text(append(out, head), w.About), w.At), w.Value)
	}
	return out
}

// DecodeBook reads a packed book; no bytes are an empty one. It refuses whatever Encode would not have written: what a person wished is not
// known then, and no optional contact is made.
func DecodeBook(raw []byte) (Book, error) {
	if len(raw) == 0 {
		return Book{}, nil
	}
	r := pack.Read(string(raw[1:]))
	n := r.Count()
	if raw[0] != bookVersion || n == 0 || n > MaxWishes {
		return Book{}, fmt.Errorf("reading wishes of %d bytes of version %d: %w", len(raw), raw[0], ErrCorrupt)
	}
	var b Book
	for range n {
		head := r.Byte()
		w := Wish{Kind: WishKind(head &^ wishWide), Wide: head&wishWide != 0, About: r.Text(), At: r.Int(), Value: r.Int()}
		b, _ = b.Join(w)
	}
	if r.Done() != nil || len(b.wishes) != n || !bytes.Equal(b.Encode(), raw) {
		return Book{}, fmt.Errorf("reading wishes of %d bytes: %w", len(raw), ErrCorrupt)
	}
	return b, nil
}
