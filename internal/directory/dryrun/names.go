package dryrun

import (
	"cmp"
	"errors"
	"hash/maphash"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/waymark-mail/waymark/internal/address"
)

// names are many domains in little memory: about 40 octets each.
type names struct {
	seed    maphash.Seed
	text    []byte // each domain after an octet with its length
	entries []entry
}

// entry is a domain.
type entry struct {
	folded uint64 // hash of the folded name
	at     uint32 // its place in the text
}

func newNames() *names { return &names{seed: maphash.MakeSeed()} }

// errTooMany is for more names than the places in the text can count: about 200
// million.
var errTooMany = errors.New("lists too many domains")

func (n *names) add(d address.Domain) error {
	if len(n.text) > math.MaxUint32 {
		return errTooMany
	}
	n.entries = append(n.entries, entry{maphash.String(n.seed, fold(d)), uint32(len(n.text))}) //nolint:gosec // checked above
	n.text = append(append(n.text, byte(len(d))), d...)                                        //nolint:gosec // a domain has at most 253 octets
	return nil
}

// bytes returns the name of an entry.
func (n *names) bytes(e entry) []byte {
	from := int(e.at) + 1
	return n.text[from : from+int(n.text[e.at])]
}

// sort puts look-alikes beside each other and removes duplicates.
func (n *names) sort() {
	slices.SortFunc(n.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.folded, b.folded), slices.Compare(n.bytes(a), n.bytes(b)))
	})
	n.entries = slices.CompactFunc(n.entries, func(a, b entry) bool { return slices.Equal(n.bytes(a), n.bytes(b)) })
}

// all returns the sorted names.
func (n *names) all() iter.Seq[address.Domain] {
	return func(yield func(address.Domain) bool) {
		for _, e := range n.entries {
			if !yield(address.Domain(n.bytes(e))) {
				return
			}
		}
	}
}

// maxAlike bounds the names of one group of look-alikes.
const maxAlike = 5

// alike returns the groups of sorted names that look alike, each with at most
// maxAlike names. Two names with one hash by chance are as rare as 1 in 10 million
// among a million names.
func (n *names) alike() iter.Seq[[]address.Domain] {
	return func(yield func([]address.Domain) bool) {
		for i := 0; i < len(n.entries); {
			next := i + 1
			for next < len(n.entries) && n.entries[next].folded == n.entries[i].folded {
				next++
			}
			if next > i+1 {
				var group []address.Domain
				for _, e := range n.entries[i:min(next, i+maxAlike)] {
					group = append(group, address.Domain(n.bytes(e)))
				}
				if !yield(group) {
					return
				}
			}
			i = next
		}
	}
}

// fold returns what is left of a name for a database or a registry that ignores
// accents and forms of letters. Names in ASCII are left as they are.
func fold(d address.Domain) string {
	if !strings.Contains(string(d), "xn--") {
		return string(d)
	}
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) { // accents, joiners
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(d.Unicode()))
	return whole.Replace(plain)
}

// whole replaces letters that Unicode does not decompose, as the collations of MySQL
// and IDNA 2003 compare them.
var whole = strings.NewReplacer("ß", "ss", "ς", "σ", "ı", "i", "ø", "o", "ł", "l", "đ", "d", "æ", "ae", "œ", "oe")
