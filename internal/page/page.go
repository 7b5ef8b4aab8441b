package page

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/templates"
)

// Options configure New.
type Options struct {
	Resolver dialect.Resolver
	// Texts are those of the page; nil for the built-in ones.
	Texts *i18n.Catalogues
	// Tokens seal the addresses in invitations and QR codes.
	Tokens *invite.Keys
	// Verify checks passwords; nil disables that.
	Verify Verifier
	// AppPasswords creates passwords for single apps; nil disables that.
	AppPasswords AppPasswords
	// Doctor examines domains for their owners; nil disables that.
	Doctor Doctor
	// Profiles returns how the Apple profiles of a provider are delivered now; nil for
	// always signed.
	Profiles func(*settings.Provider) Profiles
	// Suggest are domains that everybody may learn.
	Suggest []address.Domain
	// Secure is the origin of the page, such as https://setup.example.com, if this
	// process serves it over https itself; else "".
	Secure string
	Now    func() time.Time
}

// Profiles is how Apple profiles are delivered, as a key of the texts
// profile_page.….
type Profiles string

// The ways of delivery.
const (
	Signed     Profiles = "signed"
	SelfSigned Profiles = "self_signed" // devices show it as not verified
	Unsigned   Profiles = "unsigned"
	Refused    Profiles = "refused" // there is no identity to sign with
)

// Verifier checks a password at the mail server of a mailbox.
type Verifier interface {
	Verify(ctx context.Context, s settings.Settings, password string) Verdict
}

// AppPasswords creates passwords for single apps of a person whose password was right.
type AppPasswords interface {
	Offered(p *settings.Provider) bool
	// Create returns a new password, for a device such as iphone; false if that failed.
	Create(ctx context.Context, s settings.Settings, device string) (password string, ok bool)
}

// Verdict is the result of a password check, as a key of the texts verify.….
type Verdict string

// The verdicts.
const (
	Right       Verdict = "right"
	Wrong       Verdict = "wrong"
	Unreachable Verdict = "unreachable"
	Unsupported Verdict = "unsupported" // the server accepts no passwords
	Limited     Verdict = "limited"     // too many attempts
	Insecure    Verdict = "insecure"    // the page was not opened over https
	// NoAppPassword: the password was right, but an app password could not be created.
	NoAppPassword Verdict = "no_app_password"
)

// proves reports whether the person knows the password.
func (v Verdict) proves() bool { return v == Right || v == NoAppPassword }

// skipped is in the URL instead of a verdict when a person skipped the check.
const skipped Verdict = "skipped"

func verdicts() []Verdict {
	return []Verdict{Right, Wrong, Unreachable, Unsupported, Limited, Insecure, NoAppPassword}
}

type page struct {
	Options
	limited func() map[string]dialect.Response // the pages for too many requests, by language
}

// New returns the page as a dialect. Texts and templates are read when the first page
// is asked for; they are embedded, and a request panics when they are broken.
func New(o Options) dialect.Dialect {
	o.Texts = cmp.Or(o.Texts, i18n.All())
	p := &page{Options: o}
	p.limited = sync.OnceValue(p.tooMany)
	get, post := []string{http.MethodGet}, []string{http.MethodPost}
	return dialect.Dialect{
		Name: "page",
		Render: func(s settings.Settings, c dialect.Choice) ([]byte, error) {
			return Render(o.Texts, s, Choice{Language: c.Language, App: c.App})
		},
		Fail:     p.refuse,
		Compress: true, // the only input on a page is the address of the person
		Endpoints: []dialect.Endpoint{
			{Path: "/", Methods: get, Serve: p.secured(p.start)},
			{Path: "/s", Methods: get, Serve: p.toStart},
			{Path: "/i", Methods: get, Serve: p.toStart},
			{Path: "/p", Methods: get, Serve: p.toStart},
			{Path: "/", Methods: post, Serve: p.sameOrigin(p.typed)},
			{Path: "/s/{token}", Methods: get, Serve: p.secured(p.steps(false))},
			{Path: "/s/{token}/code.svg", Methods: get, Serve: p.code(false), Strict: true},
			{Path: "/s/{token}/password", Methods: post, Serve: p.sameOrigin(p.password), Strict: true},
			{Path: "/s/{token}/password", Methods: get, Serve: p.withoutPassword},
			{Path: ownerPath, Methods: get, Serve: p.secured(p.owner), Strict: true},
			{Path: "/i/{token}", Methods: get, Serve: p.secured(p.steps(true))},
			{Path: "/i/{token}/code.svg", Methods: get, Serve: p.code(true), Strict: true},
			{Path: "/assets/waymark.css", Methods: get, Serve: asset("waymark.css", "text/css; charset=utf-8")},
			{Path: "/assets/waymark.js", Methods: get, Serve: asset("waymark.js", "text/javascript; charset=utf-8")},
			{Path: "/assets/brand/{domain}", Methods: get, Serve: p.brand},
			{Path: "/favicon.ico", Methods: get, Serve: asset("favicon.ico", "image/x-icon")},
			{Path: "/robots.txt", Methods: get, Serve: asset("robots.txt", "text/plain; charset=utf-8")},
		},
	}
}

// html returns the templates.
var html = sync.OnceValue(func() *template.Template {
	functions := template.FuncMap{
		"number": func(i int) int { return i + 1 },
		"icon":   icon,
		"title":  newTitle,
		"parts":  parts,
		"list":   func(c *i18n.Catalogue, s []step) stepList { return stepList{c, s} },
	}
	return template.Must(template.New("page.html").Funcs(functions).ParseFS(templates.Files, "page.html"))
})

// sameOrigin rejects forms from other sites, which could use a visitor's browser to
// guess passwords.
func (p *page) sameOrigin(serve func(*http.Request) (dialect.Response, error)) func(*http.Request) (dialect.Response, error) {
	return dialect.SameOrigin(serve, func(r *http.Request) error {
		c := p.Texts.Choose("", r.Header.Get("Accept-Language"))
		return settings.Errorf(settings.Forbidden, "%s", c.Text("page.forbidden"))
	})
}

func (p *page) start(r *http.Request) (dialect.Response, error) {
	c := p.Texts.Choose(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))
	return p.render(http.StatusOK, p.startView(r, c))
}

// startView returns the first page with the brand of the provider of the host name,
// or of its parent, such as example.com for setup.example.com.
func (p *page) startView(r *http.Request, c *i18n.Catalogue) *view {
	v := newStartView(p.Texts, c)
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	d, err := address.ParseDomain(host)
	for again, tries := err == nil, 2; again && tries > 0; tries-- {
		if found, err := p.Resolver.Resolve(r.Context(), settings.Query{Domain: d}); err == nil {
			v.brand(found)
			v.HelpURL = found.Provider.HelpURL
			return v
		}
		d, again = d.Parent()
	}
	return v
}

// typed redirects to the page of a typed address, at a URL without the address.
func (p *page) typed(r *http.Request) (dialect.Response, error) {
	f, err := p.readForm(r)
	if err != nil {
		return dialect.Response{}, err
	}
	found, resp, err := p.find(r, f, false)
	if err != nil {
		return resp, err
	}
	return seeOther("/s/"+p.Tokens.SealPage(invite.Page, typedAddress(f.email, found), p.Now()), f.query(), "", found), nil
}

// typedAddress returns the address that was typed, not the new one of a domain that
// moved: the page tells the person about both.
func typedAddress(email string, found settings.Settings) address.Address {
	a, err := address.Parse(email)
	if err != nil {
		return found.Address
	}
	return a
}

// toStart redirects a person whose link is incomplete to the first page.
func (p *page) toStart(r *http.Request) (dialect.Response, error) {
	return seeOther("/", p.readChoice(r).query(), "", settings.Settings{}), nil
}

// find resolves the address of a form. proven is set when the visitor may know its
// user name. With an error that the person can do something about, it returns the page
// that shows it beside what was typed.
func (p *page) find(r *http.Request, f form, proven bool) (settings.Settings, dialect.Response, error) {
	found, err := p.resolve(r.Context(), f.email, proven)
	if err == nil {
		return found, dialect.Response{}, nil
	}
	failure := dialect.FailureOf(err)
	if failure.Ours && settings.KindOf(err) != settings.Unavailable {
		return settings.Settings{}, dialect.Response{}, err
	}
	v := p.startView(r, f.texts)
	v.Email, v.Problem = shown(f.email), problem(f.texts, f.email, err)
	if settings.KindOf(err) == settings.UnknownDomain {
		v.unknown(f.email, p.Suggest)
	}
	resp, broken := p.render(failure.Status, v)
	return settings.Settings{}, resp, cmp.Or(broken, err)
}

func (p *page) resolve(ctx context.Context, email string, proven bool) (settings.Settings, error) {
	a, err := address.Parse(strings.TrimSpace(email))
	if err != nil {
		return settings.Settings{}, &settings.Error{Kind: settings.BadRequest, Message: "the address is not valid", Cause: err}
	}
	return p.Resolver.Resolve(ctx, settings.Query{Domain: a.Domain, Address: a, Proven: proven})
}

// steps returns the page of an address, with what was chosen; invited is set for the
// page of an invitation.
func (p *page) steps(invited bool) func(*http.Request) (dialect.Response, error) {
	return func(r *http.Request) (dialect.Response, error) {
		o, resp, err := p.open(r, invited)
		if err != nil {
			return resp, err
		}
		found, resp, err := p.find(r, o.form, o.proven)
		if err != nil {
			return resp, err
		}
		return p.assistant(r, found, o.form, func(v *view) {
			v.Path, v.Token, v.Link = r.URL.Path, o.token, pageLink(r, r.URL.Path)
			if invited {
				v.Token = p.Tokens.Seal(invite.Proven, found.Address, o.until)
				v.Greeting = o.form.texts.Text("page.greeting", "address", v.Email, "provider", v.Provider)
				v.Until = o.form.texts.Text("page.invitation_until", "date", o.form.texts.Date(o.until.UTC()))
				return
			}
			q := r.URL.Query()
			v.Done = q.Get("done") != ""
			verdict := Verdict(q.Get("password"))
			chose := v.Done || q.Get("device") != "" || q.Get("app") != "" || verdict == skipped || verdict.proves() && o.proven || verdict == Unsupported
			v.Asks = v.Verify != nil && v.Verify.Secure && (!chose || verdict == Wrong || verdict == Limited || verdict == Unreachable)
			// A link cannot claim that a password was right: only the check makes such a token.
			if v.Verify != nil && slices.Contains(verdicts(), verdict) && (!verdict.proves() || o.proven) {
				v.Verify.show(o.form.texts, verdict, v.Email)
			}
		})
	}
}

// password checks a password, and leads back to the page with the verdict. A new
// password for an app is in the response itself, because a URL must not contain it.
func (p *page) password(r *http.Request) (dialect.Response, error) {
	if p.Verify == nil {
		return dialect.Response{}, settings.Errorf(settings.NotOffered, "passwords are not checked here")
	}
	o, resp, err := p.open(r, false)
	if err != nil {
		return resp, err
	}
	f, err := p.readForm(r)
	if err != nil {
		return dialect.Response{}, err
	}
	f.email = o.form.email
	found, resp, err := p.find(r, f, true) // the check needs the user name
	if err != nil {
		return resp, err
	}
	verdict := Insecure
	if r.URL.Scheme == "https" {
		verdict = p.Verify.Verify(r.Context(), found, f.password)
	}
	created := ""
	if verdict == Right {
		o.token = p.Tokens.SealPage(invite.Proven, typedAddress(o.form.email, found), p.Now())
		if p.offersAppPassword(found.Provider) {
			var ok bool
			if created, ok = p.AppPasswords.Create(r.Context(), found, recognise(r.UserAgent())); !ok {
				verdict = NoAppPassword
			}
		}
	}
	path, q := "/s/"+o.token, f.query()
	q.Set("password", string(verdict))
	if created == "" {
		return seeOther(path, q, "#verify", found), nil
	}
	resp, err = p.assistant(r, found, f, func(v *view) {
		v.Path, v.Token, v.Link, v.AppPassword = path, o.token, pageLink(r, path), created
		v.Verify.show(f.texts, Right, v.Email)
	})
	if err != nil {
		return dialect.Response{}, err
	}
	resp.Header.Set("Content-Location", path+"?"+q.Encode()) // where the page is without the password
	return resp, nil
}

func (p *page) offersAppPassword(provider *settings.Provider) bool {
	return p.AppPasswords != nil && p.AppPasswords.Offered(provider)
}

// withoutPassword redirects a person who returns to the URL of a check to the page.
func (p *page) withoutPassword(r *http.Request) (dialect.Response, error) {
	return seeOther("/s/"+url.PathEscape(r.PathValue("token")), p.readChoice(r).query(), "", settings.Settings{}), nil
}

// assistant renders the page for a known address. finish completes the view.
func (p *page) assistant(r *http.Request, found settings.Settings, f form, finish func(*view)) (dialect.Response, error) {
	here := recognise(r.UserAgent())
	if f.device == "" && has(here, f.app) {
		f.device = here
	}
	v := newView(p.Texts, found, Choice{Language: f.texts.Language, Device: f.device, App: f.app})
	v.recognised(here)
	if p.Verify != nil && v.mail && !pick(found.Services()).signsIn() {
		v.Verify = newVerify(found, f.texts, r.URL.Scheme == "https")
		v.Verify.Creates = p.offersAppPassword(found.Provider)
	}
	if found.LoginHidden {
		v.LoginHint = f.texts.Text("settings.login_by_link", "provider", v.Provider)
		if v.Verify != nil && v.Verify.Secure {
			v.LoginHint = f.texts.Text("settings.login_after_check")
		}
	}
	if v.Profile != nil && p.Profiles != nil {
		v.Profile.deliver(f.texts, p.Profiles(found.Provider))
	}
	finish(v)
	resp, err := p.render(http.StatusOK, v)
	resp.Domain = found.Domain
	return resp, err
}

func (p *page) render(status int, v *view) (dialect.Response, error) {
	body, err := execute(v)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{
		Status:      status,
		ContentType: "text/html; charset=utf-8",
		Header: http.Header{
			"Cache-Control": {"no-store"},
			"Content-Security-Policy": {"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " +
				"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
			"Referrer-Policy": {"same-origin"}, // no-referrer would make browsers send Origin: null over http
			"Vary":            {"Accept-Language, User-Agent"},
		},
		Body: body,
	}, nil
}

// shown returns the typed address in a form that the page can show again.
func shown(email string) string {
	const most = 320 // bytes; no address is longer
	if len(email) > most {
		email = email[:most]
	}
	return strings.ToValidUTF8(email, "\uFFFD")
}

func problem(c *i18n.Catalogue, email string, err error) string {
	if moved := (*settings.MovedError)(nil); errors.As(err, &moved) {
		return c.Text("problem.moved")
	}
	switch settings.KindOf(err) {
	case settings.UnknownDomain:
		return c.Text("problem.unknown")
	case settings.Unavailable, settings.LookupFailed:
		return c.Text("problem.unavailable")
	default:
	}
	if strings.TrimSpace(email) == "" {
		return c.Text("problem.empty")
	}
	if errors.Is(err, address.ErrLongLocal) {
		return c.Text("problem.long")
	}
	return c.Text("problem.address")
}
