package dnsrecords

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/terminal"
)

// Difference is how published records differ from those of a Set.
type Difference struct {
	Domain   address.Domain
	Missing  []Record // wanted, and nothing is published in their place
	Wrong    []Wrong  // something else is published
	LeftOver []Record // published, and not wanted
	Notes    []string // of the Set
}

// Wrong is a published record, and the one to publish instead.
type Wrong struct{ Want, Found Record }

// Any reports whether there is a difference.
func (d Difference) Any() bool { return len(d.Missing)+len(d.Wrong)+len(d.LeftOver) > 0 }

// Compare looks up the names of the set, and those where records may be left over
// from other settings. Times to live and the weights of SRV do not matter, and
// neither does how texts of tags are spaced. A name may have the addresses of the
// wanted target instead of a CNAME record.
func (s Set) Compare(ctx context.Context, resolver *dnslookup.Resolver) (Difference, error) {
	d := Difference{Domain: s.Domain, Notes: s.Notes}
	for _, name := range s.names() {
		if err := s.compareName(ctx, resolver, name, &d); err != nil {
			return Difference{}, err
		}
	}
	return d, nil
}

// names lists the owner names of the records in their order, then the other names
// of mail services.
func (s Set) names() []string {
	var all []string
	add := func(name string) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for _, r := range s.Records {
		add(r.Name)
	}
	for _, label := range mailLabels() {
		add(label + "." + string(s.Domain) + ".")
	}
	return all
}

// mailLabels lists the names at which a record that is not wanted leads clients to
// a wrong server: settings always have the mail services of a domain. They may
// omit others, such as a Nextcloud.
func mailLabels() []string {
	var labels []string
	for _, k := range kinds() {
		switch k.protocol {
		case settings.IMAP, settings.POP3, settings.Submission:
			labels = append(labels, k.overTLS, k.plain)
		default:
		}
	}
	return labels
}

// compareName compares the records of one name, of each group of types.
func (s Set) compareName(ctx context.Context, resolver *dnslookup.Resolver, name string, d *Difference) error {
	for _, group := range [][]Type{{CNAME, A, AAAA}, {SRV}, {TXT}} {
		var want []Record
		for _, r := range s.Records {
			if r.Name == name && slices.Contains(group, r.Type) {
				want = append(want, r)
			}
		}
		isMail := slices.Contains(mailLabels(), s.label(Record{Name: name}))
		if len(want) == 0 && (group[0] != SRV || !isMail) {
			continue
		}
		found, err := published(ctx, resolver, name, group)
		if err != nil {
			return err
		}
		if group[0] == CNAME && !same(want, found) && sameAddresses(ctx, resolver, name, want) {
			continue
		}
		d.compare(want, found)
	}
	return nil
}

// compare adds the differences between the records of one name.
func (d *Difference) compare(want, found []Record) {
	missing := without(want, found)
	extra := without(found, want)
	if len(want) == 0 {
		// Nothing is offered, and this denies it.
		extra = slices.DeleteFunc(extra, func(r Record) bool { return r.Type == SRV && r.Value == "." })
	}
	pairs := min(len(missing), len(extra))
	for i := range pairs {
		d.Wrong = append(d.Wrong, Wrong{Want: missing[i], Found: extra[i]})
	}
	d.Missing = append(d.Missing, missing[pairs:]...)
	d.LeftOver = append(d.LeftOver, extra[pairs:]...)
}

func without(records, others []Record) []Record {
	var left []Record
	for _, r := range records {
		if !slices.ContainsFunc(others, func(o Record) bool { return r.means(o) }) {
			left = append(left, r)
		}
	}
	return left
}

func same(a, b []Record) bool { return len(without(a, b))+len(without(b, a)) == 0 }

// means reports whether two records of one name say the same.
func (r Record) means(o Record) bool {
	if r.Type != o.Type || r.Priority != o.Priority || r.Port != o.Port {
		return false
	}
	switch r.Type {
	case TXT:
		return tags(r.Value) == tags(o.Value)
	case A, AAAA:
		a, _ := netip.ParseAddr(r.Value)
		b, _ := netip.ParseAddr(o.Value)
		return a == b
	case CNAME, SRV:
		return strings.EqualFold(r.Value, o.Value)
	}
	return false
}

// tags removes what does not matter in a list of tags such as "v=STSv1; id=1":
// spaces around semicolons, the last semicolon, and the order.
func tags(text string) string {
	var all []string
	for tag := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(tag, "=")
		if tag = strings.TrimSpace(name) + "=" + strings.TrimSpace(value); tag != "=" {
			all = append(all, tag)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// published looks up the records of a name. Texts that other things need at the
// same name are left out.
func published(ctx context.Context, resolver *dnslookup.Resolver, name string, types []Type) ([]Record, error) {
	var all []Record
	for _, t := range types {
		answer, err := resolver.Lookup(ctx, name, dnslookup.Type(t))
		if err != nil {
			return nil, err
		}
		for _, r := range answer.Records {
			record := Record{Name: name, Type: t, Priority: r.Priority, Weight: r.Weight, Port: r.Port}
			switch t {
			case A, AAAA:
				record.Value = r.Address.String()
			case CNAME, SRV:
				record.Value = strings.TrimSuffix(r.Target, ".") + "."
			case TXT:
				record.Value = r.Text
			}
			if t != TXT || isOurs(record.Value) {
				all = append(all, record)
			}
		}
		if t == CNAME && len(all) > 0 {
			break // the addresses are those of another name
		}
	}
	return all, nil
}

// isOurs reports whether a text is of a kind that Waymark publishes.
func isOurs(text string) bool {
	text = strings.ReplaceAll(strings.ToLower(text), " ", "")
	return slices.ContainsFunc([]string{"path=", "v=uaac1", "v=stsv1", "v=tlsrptv1"}, func(prefix string) bool { return strings.HasPrefix(text, prefix) })
}

// sameAddresses reports whether a name has exactly the addresses that the wanted
// records lead to. DNS providers resolve an alias themselves on request.
func sameAddresses(ctx context.Context, resolver *dnslookup.Resolver, name string, want []Record) bool {
	some := false
	for _, t := range []Type{A, AAAA} {
		have, err := resolver.Lookup(ctx, name, dnslookup.Type(t))
		if err != nil {
			return false // a server without recursion may not know the target of an alias
		}
		var wanted []netip.Addr
		for _, r := range want {
			switch r.Type {
			case CNAME:
				if target, err := resolver.Lookup(ctx, r.Value, dnslookup.Type(t)); err == nil {
					wanted = append(wanted, target.Addresses()...)
				}
			case t:
				if a, err := netip.ParseAddr(r.Value); err == nil {
					wanted = append(wanted, a)
				}
			default:
			}
		}
		if !slices.Equal(ordered(have.Addresses()), ordered(wanted)) {
			return false
		}
		some = some || len(wanted) > 0
	}
	return some
}

func ordered(addresses []netip.Addr) []netip.Addr {
	return slices.SortedFunc(slices.Values(addresses), netip.Addr.Compare)
}

// line returns the record as in a zone file, without its time to live.
func (r Record) line() string {
	rr, err := r.rr()
	if err != nil {
		return r.Name + " " + string(r.Type) // no such type is compared
	}
	fields := strings.SplitN(rr.String(), "\t", 5)
	return fields[0] + " " + strings.Join(fields[3:], " ")
}

// Text prints a line for each difference.
func (d Difference) Text() string {
	var b strings.Builder
	line := func(what string, r Record) {
		fmt.Fprintf(&b, "%-9s  %s\n", what, terminal.Line(r.line()))
	}
	for _, r := range d.Missing {
		line("missing", r)
	}
	for _, w := range d.Wrong {
		line("wrong", w.Found)
		line("  instead", w.Want)
	}
	for _, r := range d.LeftOver {
		line("left over", r)
	}
	return b.String()
}

// JSON returns what -o json prints.
func (d Difference) JSON() any {
	list := func(records []Record) []jsonRecord {
		all := []jsonRecord{}
		for _, r := range records {
			all = append(all, r.json())
		}
		return all
	}
	wrong := []jsonWrong{}
	for _, w := range d.Wrong {
		wrong = append(wrong, jsonWrong{w.Want.json(), w.Found.json()})
	}
	return jsonDifference{string(d.Domain), list(d.Missing), wrong, list(d.LeftOver), append([]string{}, d.Notes...)}
}

type jsonDifference struct {
	Domain   string       `json:"domain"`
	Missing  []jsonRecord `json:"missing"`
	Wrong    []jsonWrong  `json:"wrong"`
	LeftOver []jsonRecord `json:"left_over"`
	Notes    []string     `json:"notes"`
}

type jsonWrong struct {
	Want  jsonRecord `json:"want"`
	Found jsonRecord `json:"found"`
}
