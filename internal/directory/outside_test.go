package directory

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// fake is a source that says what a test wants, and keeps what it was asked.
type fake struct {
	domains   map[address.Domain]source.Record
	mailboxes map[string]source.Record
	err       error

	mu    sync.Mutex
	asked []string
}

func (f *fake) Domain(_ context.Context, d address.Domain) (source.Record, error) {
	r, ok := f.domains[d]
	return f.say(string(d), r, ok)
}

func (f *fake) Mailbox(_ context.Context, a address.Address) (source.Record, error) {
	r, ok := f.mailboxes[a.String()]
	return f.say(a.String(), r, ok)
}

func (f *fake) say(asked string, r source.Record, ok bool) (source.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, asked)
	switch {
	case f.err != nil:
		return source.Record{}, f.err
	case !ok:
		return source.Record{}, source.ErrNotFound
	}
	return r, nil
}

func services() []settings.Service {
	auth := []settings.Auth{settings.OAuth2, settings.Password}
	return []settings.Service{
		{Protocol: settings.IMAP, Host: "imap.hoster.example", Port: 993, Security: settings.TLS, Login: "{address}", Auth: auth},
		{Protocol: settings.IMAP, Host: "imap.hoster.example", Port: 143, Security: settings.STARTTLS, Login: "{address}", Auth: auth},
		{Protocol: settings.Submission, Host: "smtp.hoster.example", Port: 465, Security: settings.TLS, Login: "{address}", Auth: auth},
		{Protocol: settings.Submission, Host: "smtp.hoster.example", Port: 587, Security: settings.STARTTLS, Login: "{address}", Auth: auth},
		{Protocol: settings.CalDAV, URL: "https://dav.hoster.example/", Login: "{address}", Auth: auth},
	}
}

// town is a file with two providers, and two sources: customers, which has
// mailboxes and the provider hoster, and resellers without a provider.
type town struct {
	*Directory
	hoster, other        *settings.Provider
	customers, resellers *fake
	counts               map[string]int
}

func newTown(t testing.TB, listed map[address.Domain]settings.Domain, catchAll *settings.Provider, customers, resellers *fake) *town {
	t.Helper()
	w := &town{
		hoster:    &settings.Provider{ID: "hoster", Name: "Hoster", ShortName: "Hoster", Names: map[string]string{"de": "Wirt"}, Subaddress: "+", Services: services()},
		other:     &settings.Provider{ID: "other", Name: "Other", ShortName: "Other", Services: services()},
		customers: customers, resellers: resellers, counts: make(map[string]int),
	}
	l := lookup.New(lookup.Options{Sources: []lookup.Named{
		{Name: "customers", Source: customers, Mailboxes: true},
		{Name: "resellers", Source: resellers},
	}})
	t.Cleanup(l.Close)
	w.Directory = New(listed, nil, catchAll).With(Outside{
		Lookup:    l,
		Providers: map[string]*settings.Provider{"hoster": w.hoster, "other": w.other},
		Defaults:  map[string]*settings.Provider{"customers": w.hoster},
		Count:     func(source, result string) { w.counts[source+" "+result]++ },
	})
	return w
}

// outcome is "provider domain canonical" of what a query gets, or the error.
func outcome(s settings.Settings, err error) string {
	var e *settings.Error
	switch {
	case err == nil:
		return fmt.Sprint(s.Provider.ID, " ", s.Domain, " ", s.Canonical)
	case errors.As(err, &e) && e.Cause != nil:
		return e.Cause.Error()
	}
	return err.Error()
}

const unknownDomain = "this server does not answer for that domain"

func TestResolveOutside(t *testing.T) {
	listedProvider := &settings.Provider{ID: "listed"}
	listed := map[address.Domain]settings.Domain{
		"listed.example": {Provider: listedProvider, Canonical: "listed.example"},
		"both.example":   {Provider: listedProvider, Canonical: "both.example"},
		"moved.example":  {Moved: &settings.MovedError{To: settings.Redirect{Domain: "elsewhere.example"}}},

		"moved-here.example": {Moved: &settings.MovedError{To: settings.Redirect{Domain: "a.example"}}},
	}
	for _, tc := range []struct {
		name     string
		query    settings.Query
		catchAll bool
		want     string
		asked    []string // of the first source
	}{
		{name: "the file goes first", query: settings.Query{Domain: "both.example"},
			want: "listed both.example both.example"},
		{name: "of a domain that moved, it is asked where to", query: settings.Query{Domain: "moved.example"},
			want: "the domain moved to elsewhere.example", asked: []string{"elsewhere.example"}},
		{name: "a domain that moved to a customer", query: settings.Query{Domain: "moved-here.example"},
			want: "hoster moved-here.example a.example", asked: []string{"a.example"}},
		{name: "a customer with the provider of the source", query: settings.Query{Domain: "a.example"},
			want: "hoster a.example a.example", asked: []string{"a.example"}},
		{name: "a customer with a provider by name", query: settings.Query{Domain: "b.example"},
			want: "other b.example b.example", asked: []string{"b.example"}},
		{name: "an alias", query: settings.Query{Domain: "alias.example"},
			want: "hoster alias.example a.example", asked: []string{"alias.example"}},
		{name: "the second source", query: settings.Query{Domain: "r.example"},
			want: "other r.example r.example", asked: []string{"r.example"}},
		{name: "a domain goes before the host name", query: settings.Query{Domain: "a.example", Host: "listed.example"}, catchAll: true,
			want: "hoster a.example a.example", asked: []string{"a.example"}},
		{name: "the host name in the file", query: settings.Query{Domain: "nobody.example", Host: "mx.listed.example"},
			want: "listed listed.example listed.example", asked: []string{"nobody.example"}},
		{name: "the host name outside", query: settings.Query{Domain: "nobody.example", Host: "a.example"}, catchAll: true,
			want: "hoster a.example a.example", asked: []string{"nobody.example", "a.example"}},
		{name: "a host name below a customer's domain", query: settings.Query{Host: "mx.a.example"}, catchAll: true,
			want: "hoster a.example a.example", asked: []string{"mx.a.example", "a.example"}},
		{name: "two names are tried at most", query: settings.Query{Host: "x.mx.a.example"},
			want: unknownDomain, asked: []string{"x.mx.a.example", "mx.a.example"}},
		{name: "a domain is one of them", query: settings.Query{Domain: "nobody.example", Host: "mx.a.example"},
			want: unknownDomain, asked: []string{"nobody.example", "mx.a.example"}},
		{name: "nobody asks about a top-level domain", query: settings.Query{Host: "nobody.example"},
			want: unknownDomain, asked: []string{"nobody.example"}},
		{name: "nor about a host name without a dot", query: settings.Query{Host: "localhost"}, catchAll: true,
			want: "other localhost localhost"},
		{name: "the catch-all", query: settings.Query{Domain: "nobody.example"}, catchAll: true,
			want: "other nobody.example nobody.example", asked: []string{"nobody.example"}},
		{name: "switched off, and nobody else is asked", query: settings.Query{Domain: "off.example", Host: "listed.example"}, catchAll: true,
			want: unknownDomain, asked: []string{"off.example"}},
		{name: "a host name that is switched off", query: settings.Query{Host: "mx.off.example"}, catchAll: true,
			want: unknownDomain, asked: []string{"mx.off.example", "off.example"}},
		{name: "an empty query", query: settings.Query{}, catchAll: true, want: unknownDomain},
		{name: "a provider that is not in the file", query: settings.Query{Domain: "wrong.example", Host: "listed.example"}, catchAll: true,
			want: `source customers: wrong.example: column provider: unknown provider "gone"`, asked: []string{"wrong.example"}},
		{name: "no provider at all", query: settings.Query{Domain: "none.example"},
			want: "source resellers: none.example: column provider: is empty, and the source has no default provider", asked: []string{"none.example"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			customers := &fake{domains: map[address.Domain]source.Record{
				"a.example": {}, "both.example": {}, "moved.example": {}, "b.example": {Provider: "other"}, "alias.example": {Canonical: "a.example"},
				"off.example": {Disabled: true}, "wrong.example": {Provider: "gone"},
				// Nobody may come as far as to ask about these.
				"example": {}, "localhost": {}, "": {},
			}}
			resellers := &fake{domains: map[address.Domain]source.Record{"r.example": {Provider: "other"}, "off.example": {Provider: "other"}, "none.example": {}}}
			w := newTown(t, listed, nil, customers, resellers)
			if tc.catchAll {
				w.catchAll = w.other
			}
			for range 2 { // the second time from memory
				got, err := w.Resolve(t.Context(), tc.query)
				if outcome(got, err) != tc.want {
					t.Errorf("got %s, want %s", outcome(got, err), tc.want)
				}
			}
			if !reflect.DeepEqual(customers.asked, tc.asked) {
				t.Errorf("asked about %q, want %q", customers.asked, tc.asked)
			}
		})
	}
}

func TestNobodyAnswersWhenASourceCannotTell(t *testing.T) {
	hoster := &settings.Provider{ID: "hoster"}
	listed := map[address.Domain]settings.Domain{"hoster.example": {Provider: hoster, Canonical: "hoster.example"}}
	for name, q := range map[string]settings.Query{
		"the catch-all could be wrong":        {Domain: "a.example"},
		"the host name could be wrong":        {Domain: "a.example", Host: "hoster.example"},
		"the parent of a host could be wrong": {Host: "mx.a.example"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, listed, hoster, &fake{err: errors.New("connection refused")}, &fake{})
			_, err := w.Resolve(t.Context(), q)
			if settings.KindOf(err) != settings.Unavailable || outcome(settings.Settings{}, err) != "source customers: connection refused" {
				t.Errorf("got %v", err)
			}
			if got, err := w.Resolve(t.Context(), settings.Query{Domain: "hoster.example"}); err != nil || got.Provider != hoster {
				t.Errorf("the file does not answer: %v, %v", got, err)
			}
		})
	}
}

func TestWhatIsCounted(t *testing.T) {
	for _, tc := range []struct {
		query settings.Query
		want  string
	}{
		{settings.Query{Domain: "listed.example"}, "map[file found:1]"},
		{settings.Query{Host: "mx.listed.example"}, "map[file found:1]"},
		{settings.Query{Domain: "a.example"}, "map[file unknown:1]"},
		{settings.Query{Host: "mx.a.example"}, "map[file unknown:1]"},
		{settings.Query{Domain: "nobody.example"}, "map[file unknown:1]"},
		{settings.Query{Domain: "wrong.example"}, "map[customers error:1 file unknown:1]"},
		{settings.Query{}, "map[file unknown:1]"},
	} {
		listed := map[address.Domain]settings.Domain{"listed.example": {Provider: &settings.Provider{}}}
		w := newTown(t, listed, nil, &fake{domains: map[address.Domain]source.Record{"a.example": {}, "wrong.example": {Provider: "gone"}}}, &fake{})
		_, _ = w.Resolve(t.Context(), tc.query)
		if got := fmt.Sprint(w.counts); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.query, got, tc.want)
		}
	}
	w := newTown(t, nil, &settings.Provider{}, &fake{}, &fake{})
	_, _ = w.Resolve(t.Context(), settings.Query{Domain: "a.example"})
	if got := fmt.Sprint(w.counts); got != "map[file found:1]" {
		t.Errorf("the catch-all is of the file: %s", got)
	}
}

func TestLoginOfAMailbox(t *testing.T) {
	for _, tc := range []struct {
		name, address string
		mailbox       source.Record
		err           error
		want, asked   string
		unusable      string // what the operator learns
	}{
		{name: "its own", address: "anna@a.example", mailbox: source.Record{Login: "web1p1"}, want: "web1p1", asked: "anna@a.example"},
		{name: "none of its own", address: "anna@a.example", want: "anna@a.example", asked: "anna@a.example"},
		{name: "one that does not exist", address: "otto@a.example", want: "otto@a.example", asked: "otto@a.example"},
		{name: "one that is switched off", address: "anna@a.example", mailbox: source.Record{Login: "web1p1", Disabled: true}, want: "anna@a.example", asked: "anna@a.example"},
		{name: "a sub-address is its mailbox", address: "anna+news@a.example", mailbox: source.Record{Login: "web1p1"}, want: "web1p1", asked: "anna@a.example"},
		{name: "the source of the domain has no mailboxes", address: "anna@r.example", want: "anna@r.example"},
		{name: "a placeholder", address: "anna@a.example", mailbox: source.Record{Login: "{local}"},
			want: "anna@a.example", unusable: "a.example: column login of the mailbox query: must not contain { or }", asked: "anna@a.example"},
		{name: "a line break", address: "anna@a.example", mailbox: source.Record{Login: "web1\np1"},
			want: "anna@a.example", unusable: "a.example: column login of the mailbox query: contains an invisible character", asked: "anna@a.example"},
		{name: "too long", address: "anna@a.example", mailbox: source.Record{Login: strings.Repeat("x", 321)},
			want: "anna@a.example", unusable: "a.example: column login of the mailbox query: is longer than 320 octets", asked: "anna@a.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			customers := &fake{
				domains:   map[address.Domain]source.Record{"a.example": {}},
				mailboxes: map[string]source.Record{"anna@a.example": tc.mailbox},
			}
			resellers := &fake{domains: map[address.Domain]source.Record{"r.example": {Provider: "other"}}}
			w := newTown(t, nil, nil, customers, resellers)
			var unusable string
			w.outside.Unusable = func(_ string, err error) { unusable = err.Error() }
			a, err := address.Parse(tc.address)
			if err != nil {
				t.Fatal(err)
			}
			s, err := w.Resolve(t.Context(), settings.Query{Domain: a.Domain, Address: a, Proven: true})
			got := outcome(s, err)
			if err == nil {
				got, _ = s.Login(s.Services()[0])
			}
			if got != tc.want {
				t.Errorf("login %q, want %q", got, tc.want)
			}
			if unusable != tc.unusable || (w.counts["customers error"] == 1) != (unusable != "") {
				t.Errorf("the operator knows %q and %v, want %q", unusable, w.counts, tc.unusable)
			}
			if err == nil && (s.Address != a || s.MailboxLookup != (tc.asked != "")) {
				t.Errorf("got %+v", s)
			}
			if asked := strings.Join(append(customers.asked, resellers.asked...), " "); strings.Count(asked, "@") != strings.Count(tc.asked, "@") || !strings.Contains(asked, tc.asked) {
				t.Errorf("asked about %q, want the mailbox %q", asked, tc.asked)
			}
		})
	}
}

// TestUserNamesAreForProvenQueries compares mailboxes of every kind, for those who
// may know the user name and for others, and with user names that are public.
func TestUserNamesAreForProvenQueries(t *testing.T) {
	kinds := map[string]source.Record{"anna": {Login: "web1p1"}, "bert": {}, "carl": {Login: "{bad}"}, "dora": {Login: "web1p4", Disabled: true}}
	for name, tc := range map[string]struct {
		proven, public bool
		looked         bool
		anna           string
	}{
		"a stranger":                         {anna: "anna@a.example"},
		"the owner":                          {proven: true, looked: true, anna: "web1p1"},
		"a stranger, where names are public": {public: true, looked: true, anna: "web1p1"},
		"the owner, where names are public":  {proven: true, public: true, looked: true, anna: "web1p1"},
	} {
		customers := &fake{domains: map[address.Domain]source.Record{"a.example": {}}, mailboxes: map[string]source.Record{}}
		for local, record := range kinds {
			customers.mailboxes[local+"@a.example"] = record
		}
		w := newTown(t, map[address.Domain]settings.Domain{"old.example": {Moved: &settings.MovedError{To: settings.Redirect{Domain: "a.example"}}}}, nil, customers, &fake{})
		w.outside.PublicLogins = map[string]bool{"customers": tc.public}
		for _, domain := range []address.Domain{"a.example", "old.example"} {
			for _, local := range []string{"anna", "bert", "carl", "dora", "nobody"} {
				want := local + "@a.example"
				if local == "anna" {
					want = tc.anna
				}
				a := address.Address{Local: local, Domain: domain}
				s, err := w.Resolve(t.Context(), settings.Query{Domain: domain, Address: a, Proven: tc.proven})
				if err != nil {
					t.Fatalf("%s, %s: %v", name, a, err)
				}
				if got, _ := s.Login(s.Services()[0]); got != want || s.MailboxLookup != tc.looked || s.LoginHidden == tc.looked {
					t.Errorf("%s, %s: login %q, %+v; want %q", name, a, got, s, want)
				}
			}
		}
		if asked := strings.Contains(strings.Join(customers.asked, " "), "@"); asked != tc.looked {
			t.Errorf("%s: asked about %v", name, customers.asked)
		}
	}
}

func TestNoMailboxIsAskedForWithoutNeed(t *testing.T) {
	customers := &fake{domains: map[address.Domain]source.Record{"a.example": {}}}
	listed := map[address.Domain]settings.Domain{"listed.example": {Provider: &settings.Provider{ID: "listed"}}}
	w := newTown(t, listed, nil, customers, &fake{})
	for name, q := range map[string]settings.Query{
		"no address":                       {Domain: "a.example"},
		"an address of a listed domain":    {Domain: "listed.example", Address: address.Address{Local: "anna", Domain: "listed.example"}},
		"a domain of a host":               {Domain: "b.example", Address: address.Address{Local: "anna", Domain: "b.example"}, Host: "a.example"},
		"an address of nobody":             {Domain: "b.example", Address: address.Address{Local: "anna", Domain: "b.example"}},
		"a host name, and nothing besides": {Host: "mx.a.example"},
	} {
		q.Proven = true
		if s, _ := w.Resolve(t.Context(), q); s.MailboxLookup {
			t.Errorf("%s: the answer is for one mailbox alone", name)
		}
		for _, asked := range customers.asked {
			if strings.Contains(asked, "@") {
				t.Fatalf("%s: asked about the mailbox %s", name, asked)
			}
		}
	}
}

// TestAMailboxThatDoesNotExistLooksLikeOneThatDoes compares all that can be
// seen of the two: the answer but for the name, the questions, the work.
func TestAMailboxThatDoesNotExistLooksLikeOneThatDoes(t *testing.T) {
	for _, down := range []error{nil, errors.New("connection refused")} {
		see := func(local string) (shape string, asked int, allocs float64) {
			customers := &fake{
				domains:   map[address.Domain]source.Record{"a.example": {Login: "{local}"}},
				mailboxes: map[string]source.Record{"anna@a.example": {Login: "web1p1"}},
			}
			w := newTown(t, nil, nil, customers, &fake{})
			if _, err := w.Resolve(t.Context(), settings.Query{Domain: "a.example"}); err != nil {
				t.Fatal(err)
			}
			customers.err = down
			a := address.Address{Local: local, Domain: "a.example"}
			q := settings.Query{Domain: a.Domain, Address: a, Proven: true}
			s, err := w.Resolve(t.Context(), q)
			shape = fmt.Sprint(err)
			asked = len(customers.asked)
			if err == nil { // a failure is not cached
				login, _ := s.Login(s.Services()[0])
				names := strings.NewReplacer(local, "NAME", "web1p1", "NAME")
				shape = names.Replace(fmt.Sprint(s.Address, s.Domain, s.Canonical, s.MovedTo, s.MailboxLookup, s.Services(), login))
				w.outside.Count = func(string, string) {}
				allocs = testing.AllocsPerRun(100, func() { _, _ = w.Resolve(t.Context(), q) })
			}
			return shape, asked, allocs
		}
		shape, asked, allocs := see("anna")
		shape2, asked2, allocs2 := see("otto")
		if shape != shape2 || asked != asked2 || allocs != allocs2 || asked != 2 || allocs != 0 {
			t.Errorf("there:     %s\n%d questions, %v allocations\nnot there: %s\n%d questions, %v allocations", shape, asked, allocs, shape2, asked2, allocs2)
		}
	}
}

// TestMovedToACustomer pins that the mailbox gets its new address and user name.
func TestMovedToACustomer(t *testing.T) {
	customers := &fake{
		domains:   map[address.Domain]source.Record{"a.example": {}},
		mailboxes: map[string]source.Record{"anna@a.example": {Login: "web12p3"}},
	}
	w := newTown(t, map[address.Domain]settings.Domain{"old.example": {Moved: &settings.MovedError{To: settings.Redirect{Domain: "a.example"}}}}, nil, customers, &fake{})
	got, err := w.Resolve(t.Context(), settings.Query{Domain: "old.example", Address: address.Address{Local: "anna", Domain: "old.example"}, Proven: true})
	if err != nil || got.Address.String() != "anna@a.example" || got.MovedTo != "a.example" || got.Domain != "old.example" || got.LoginName != "web12p3" {
		t.Errorf("got %+v, %v", got, err)
	}
	customers.err = errors.New("down")
	got, err = w.Resolve(t.Context(), settings.Query{Domain: "old.example", Address: address.Address{Local: "bert", Domain: "old.example"}, Proven: true})
	if settings.KindOf(err) != settings.Unavailable || got.Provider != nil || got.MovedTo != "" {
		t.Errorf("while the source is down: %+v, %v", got, err)
	}
}
