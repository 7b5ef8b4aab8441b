package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/qrcode"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/templates"
)

// Options configure New.
type Options struct {
	Resolver dialect.Resolver
	// Tokens seal the addresses in invitations and QR codes.
	Tokens *invite.Keys
	// Verify checks passwords; nil disables that.
	Verify Verifier
	// Profiles returns how Apple profiles are delivered now; nil for always signed.
	Profiles func() Profiles
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
	Signed   Profiles = "signed"
	Unsigned Profiles = "unsigned"
	Refused  Profiles = "refused" // there is no identity to sign with
)

// Verifier checks a password at the mail server of a mailbox.
type Verifier interface {
	Verify(ctx context.Context, s settings.Settings, password string) Verdict
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
)

// QRLifetime is how long the link in a QR code works: long enough to fetch a
// phone.
const QRLifetime = 15 * time.Minute

type page struct {
	Options
	html   *template.Template
	origin *http.CrossOriginProtection
}

// New returns the page as a dialect. It panics when the embedded templates are
// broken.
func New(o Options) dialect.Dialect {
	p := &page{Options: o, html: parseTemplates(), origin: http.NewCrossOriginProtection()}
	get, post := []string{http.MethodGet}, []string{http.MethodPost}
	return dialect.Dialect{
		Name: "page",
		Render: func(s settings.Settings, c dialect.Choice) ([]byte, error) {
			return Render(s, Choice{Language: c.Language, App: c.App})
		},
		Endpoints: []dialect.Endpoint{
			{Path: "/", Methods: get, Serve: p.secured(p.start)},
			{Path: "/", Methods: post, Serve: p.sameOrigin(p.show), Spends: true},
			{Path: "/i/{token}", Methods: get, Serve: p.secured(p.invitation), Spends: true},
			{Path: "/verify", Methods: post, Serve: p.sameOrigin(p.verify), Strict: true},
			{Path: "/assets/waymark.css", Methods: get, Serve: asset("waymark.css", "text/css; charset=utf-8")},
			{Path: "/assets/waymark.js", Methods: get, Serve: asset("waymark.js", "text/javascript; charset=utf-8")},
			{Path: "/assets/brand/{domain}", Methods: get, Serve: p.brand},
			{Path: "/favicon.ico", Methods: get, Serve: asset("favicon.ico", "image/x-icon")},
			{Path: "/robots.txt", Methods: get, Serve: asset("robots.txt", "text/plain; charset=utf-8")},
		},
	}
}

func parseTemplates() *template.Template {
	return template.Must(template.ParseFS(templates.Files, "page.html"))
}

// sameOrigin rejects forms from other sites, which could use a visitor's browser to
// guess passwords.
func (p *page) sameOrigin(serve func(*http.Request) (dialect.Response, error)) func(*http.Request) (dialect.Response, error) {
	return func(r *http.Request) (dialect.Response, error) {
		if p.origin.Check(r) != nil {
			c := i18n.All().Choose("", r.Header.Get("Accept-Language"))
			return dialect.Response{}, settings.Errorf(settings.Forbidden, "%s", c.Text("page.forbidden"))
		}
		return serve(r)
	}
}

func (p *page) start(r *http.Request) (dialect.Response, error) {
	c := i18n.All().Choose(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))
	return p.render(http.StatusOK, p.startView(r, c))
}

// startView returns the first page with the brand of the provider of the host name,
// or of its parent, such as example.com for setup.example.com.
func (p *page) startView(r *http.Request, c *i18n.Catalogue) *view {
	v := newStartView(c)
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	d, err := address.ParseDomain(host)
	for again, tries := err == nil, 2; again && tries > 0; tries-- {
		if found, err := p.Resolver.Resolve(r.Context(), settings.Query{Domain: d}); err == nil {
			v.brand(found)
			return v
		}
		d, again = d.Parent()
	}
	return v
}

// show answers the posted form.
func (p *page) show(r *http.Request) (dialect.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return dialect.Response{}, err
	}
	found, resp, err := p.find(r, f, p.proves(f))
	if err != nil {
		return resp, err
	}
	return p.assistant(r, found, f, nil)
}

// find resolves the address of a form. proven is set when the visitor may know its
// user name. With an error that the person can do
// something about it returns the page that shows it beside what was typed.
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
	resp, broken := p.render(failure.Status, v)
	return settings.Settings{}, resp, cmp.Or(broken, err)
}

func (p *page) resolve(ctx context.Context, email string, proven bool) (settings.Settings, error) {
	a, err := address.Parse(strings.TrimSpace(email))
	if err != nil {
		return settings.Settings{}, settings.Errorf(settings.BadRequest, "%v", err)
	}
	return p.Resolver.Resolve(ctx, settings.Query{Domain: a.Domain, Address: a, Proven: proven})
}

// ProofLifetime is how long a page shows the user name after a password check.
const ProofLifetime = time.Hour

// proof returns the token with which the forms of a page show the user name again.
func (p *page) proof(a address.Address, until time.Time) string {
	return p.Tokens.Seal(invite.Proven, a, until)
}

// proves reports whether a form has the proof of its address.
func (p *page) proves(f form) bool {
	a, _, err := p.Tokens.Open(invite.Proven, f.proof, p.Now())
	return err == nil && a.String() == f.email
}

// addressOfExpired is how long the page of an expired invitation fills in its
// address. Later, the link reveals nothing.
const addressOfExpired = 24 * time.Hour

// invitation answers the link of an invitation.
func (p *page) invitation(r *http.Request) (dialect.Response, error) {
	f := form{texts: i18n.All().Choose(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))}
	token := r.PathValue("token")
	a, until, err := p.Tokens.Open(invite.Setup, token, p.Now())
	if err != nil {
		v := p.startView(r, f.texts)
		v.Problem, v.Email = f.texts.Text("problem.invalid"), ""
		status := http.StatusNotFound
		if errors.Is(err, invite.ErrExpired) {
			v.Problem, status = f.texts.Text("problem.expired"), http.StatusGone
			if p.Now().Sub(until) < addressOfExpired {
				v.Email = a.String()
			}
		}
		resp, broken := p.render(status, v)
		return resp, cmp.Or(broken, error(settings.Errorf(settings.NotFound, "%v", err)))
	}
	f.email = a.String()
	found, resp, err := p.find(r, f, true)
	if err != nil {
		return resp, err
	}
	f.proof = p.proof(found.Address, until)
	ticket, err := qrCode(r.Context(), "ticket", r.URL.Scheme+"://"+r.Host+"/i/"+token, f.texts.Text("page.ticket_alt"))
	if err != nil {
		return dialect.Response{}, err
	}
	return p.assistant(r, found, f, func(v *view) {
		v.Greeting = f.texts.Text("page.greeting", "address", f.email, "provider", v.Provider)
		v.Until = f.texts.Text("page.invitation_until", "date", f.texts.Date(until.UTC()))
		v.Ticket = ticket
	})
}

// verify checks the password of the form.
func (p *page) verify(r *http.Request) (dialect.Response, error) {
	if p.Verify == nil {
		return dialect.Response{}, settings.Errorf(settings.NotOffered, "passwords are not checked here")
	}
	f, err := readForm(r)
	if err != nil {
		return dialect.Response{}, err
	}
	found, resp, err := p.find(r, f, p.proves(f))
	if err != nil {
		return resp, err
	}
	verdict := Verdict("insecure")
	if r.URL.Scheme == "https" {
		// The check needs the user name. Only the right password shows it.
		known, resp, err := p.find(r, f, true)
		if err != nil {
			return resp, err
		}
		if verdict = p.Verify.Verify(r.Context(), known, f.password); verdict == Right {
			found, f.proof = known, p.proof(known.Address, p.Now().Add(ProofLifetime))
		}
	}
	return p.assistant(r, found, f, func(v *view) {
		if v.Verify != nil {
			v.Verify.show(f.texts, verdict, f.email)
		}
	})
}

// assistant renders the page for a known address. finish, if not nil, completes
// the view.
func (p *page) assistant(r *http.Request, found settings.Settings, f form, finish func(*view)) (dialect.Response, error) {
	if f.device == "" && has(recognise(r.UserAgent()), f.app) {
		f.device = recognise(r.UserAgent())
	}
	v := newView(found, Choice{Language: f.texts.Language, Device: f.device, App: f.app})
	if found.MailboxLookup && !found.LoginHidden {
		v.Proof = f.proof
	}
	v.recognised(recognise(r.UserAgent()))
	if p.Verify != nil && v.mail {
		v.Verify = newVerify(found, f.texts, r.URL.Scheme == "https")
	}
	if found.LoginHidden {
		v.LoginHint = f.texts.Text("settings.login_by_link", "provider", v.Provider)
		if v.Verify != nil && v.Verify.Secure {
			v.LoginHint = f.texts.Text("settings.login_after_check")
		}
	}
	if v.Profile != nil && p.Profiles != nil {
		v.Profile.deliver(f.texts, p.Profiles())
	}
	if v.Profile != nil && !v.Profile.Refused {
		if err := p.addQR(r, v, found.Address); err != nil {
			return dialect.Response{}, err
		}
	}
	if finish != nil {
		finish(v)
	}
	resp, err := p.render(http.StatusOK, v)
	resp.Domain = found.Domain
	return resp, err
}

// addQR adds the QR code that opens the profile on a phone.
func (p *page) addQR(r *http.Request, v *view, a address.Address) error {
	purpose := invite.Profile
	if v.Proof != "" {
		purpose = invite.Proven
	}
	token := p.Tokens.Seal(purpose, a, p.Now().Add(QRLifetime))
	label := v.T.Text("profile_page.qr_alt", "minutes", fmt.Sprint(int(QRLifetime.Minutes())))
	code, err := qrCode(r.Context(), "qr", r.URL.Scheme+"://"+r.Host+"/p/"+token, label)
	v.Profile.QR = code
	return err
}

// qrCode returns nothing for a client that asked for too many: a code costs as much
// as a thousand small answers.
func qrCode(ctx context.Context, class, text, label string) (template.HTML, error) {
	if !dialect.Spend(ctx) {
		return "", nil
	}
	code, err := qrcode.New(text)
	if err != nil {
		return "", err
	}
	return template.HTML(code.SVG(class, label)), nil //nolint:gosec // the label is escaped
}

func (p *page) render(status int, v *view) (dialect.Response, error) {
	body, err := execute(p.html, v)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{
		Status:      status,
		ContentType: "text/html; charset=utf-8",
		Header: http.Header{
			"Cache-Control": {"no-store"},
			"Content-Security-Policy": {"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " +
				"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
			"Referrer-Policy": {"no-referrer"},
			"Vary":            {"Accept-Language, User-Agent"},
		},
		Body: body,
	}, nil
}

// asset returns the Serve function of an embedded file.
func asset(name, contentType string) func(*http.Request) (dialect.Response, error) {
	body, err := templates.Files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	resp := dialect.Response{
		Status:      http.StatusOK,
		ContentType: contentType,
		Header:      http.Header{"Cache-Control": {"no-cache"}}, // revalidated with 304
		Body:        body,
		ETag:        dialect.ETag(body),
	}
	return func(*http.Request) (dialect.Response, error) { return resp, nil }
}

// brand serves the colours and the logo of a domain's provider: <domain>.css and
// <domain>.logo.
func (p *page) brand(r *http.Request) (dialect.Response, error) {
	name := r.PathValue("domain")
	kind := path.Ext(name)
	d, err := address.ParseDomain(strings.TrimSuffix(name, kind))
	if err != nil {
		return dialect.Response{}, settings.Errorf(settings.BadRequest, "%v", err)
	}
	found, err := p.Resolver.Resolve(r.Context(), settings.Query{Domain: d})
	if err != nil {
		return dialect.Response{}, err
	}
	brand := found.Provider.Brand
	resp := dialect.Response{Status: http.StatusOK, Header: http.Header{"Cache-Control": {"public, max-age=3600"}}}
	switch {
	case kind == ".css" && brand.Color != "":
		resp.ContentType, resp.Body = "text/css; charset=utf-8", stylesheet(brand.Color)
	case kind == ".logo" && brand.Logo != (settings.Logo{}):
		resp.ContentType, resp.Body = brand.Logo.Type(), []byte(brand.Logo.Data())
		// An SVG that is opened directly could run scripts.
		resp.Header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	default:
		return dialect.Response{}, settings.Errorf(settings.NotOffered, "the provider of the domain has no such file")
	}
	resp.ETag = dialect.ETag(resp.Body)
	return resp, nil
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
	return c.Text("problem.address")
}
