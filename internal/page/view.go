package page

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Choice is the language, the device and the app that were chosen, as IDs. Unknown
// ones and "" choose nothing.
type Choice struct{ Language, Device, App string }

// Render returns the page of an address as one file that needs no server. It has
// no QR code, no password check and no greeting.
func Render(texts *i18n.Catalogues, s settings.Settings, choice Choice) ([]byte, error) {
	if s.Address.IsZero() {
		return nil, settings.Errorf(settings.BadRequest, "the page needs an address")
	}
	v := newView(texts, s, choice)
	var err error
	if v.Standalone, err = newStandalone(s.Provider.Brand); err != nil {
		return nil, err
	}
	return execute(v)
}

func execute(v *view) ([]byte, error) {
	var body bytes.Buffer
	if err := html().Execute(&body, v); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}

// view is the data of the template. Empty parts are not shown.
type view struct {
	T          *i18n.Catalogue
	Languages  []choice
	Email      string // of the form
	Path       string // of this page; "/" in a preview
	Token      string // for the profile and the password check; "" in a preview
	Link       string // to this page, for another device; "" in a preview
	Problem    string
	Meant      string      // the address that was probably meant instead; "" for none
	Ask        string      // whom to ask about an unknown domain
	Standalone *standalone // nil when a server serves the page
	Owner      *ownerView  // nil for a page about an address

	Greeting, Until string
	Moved           string // to a new address
	Found           bool   // the address is known; the fields below are set
	Provider        string
	HelpURL         string
	WebmailURL      string
	Domain          string // for the brand
	Logo, LogoDark  bool
	LogoOf          string // whose logo it is
	Named           bool   // the page shows the name, perhaps beside the logo
	Color           bool

	// Asks is set when the page asks for the password and for nothing else.
	Asks bool
	// Done is set for the page at the end.
	Done bool
	// Here is the name of the chosen device.
	Here string

	// Elsewhere is set when the chosen device is not the one with the browser.
	Elsewhere bool

	Device  string
	Devices []choice
	Apps    []choice
	App     *appView
	Profile *profileView
	Rows    []row
	Terms   []term
	OAuth2  bool
	// LoginHint explains a user name that is not shown; "" where it is.
	LoginHint string
	Verify    *verifyView
	// AppPasswordURL is where people make a password for one app; "" for nowhere.
	AppPasswordURL string
	// AppPassword is a new password for one app; "" for none.
	AppPassword string
	Help        []helpView

	mail bool
}

// Opens reports whether links open the app.
func (a appView) Opens() bool { return len(a.Handover) > 0 && a.Handover[0].Link != "" }

// OtherCode reports whether the page has a code for the app: then a camera must not see
// two.
func (v *view) OtherCode() bool { return v.App != nil && !v.Done && len(v.App.Handover) > 0 }

// Narrow reports whether the page is one card.
func (v *view) Narrow() bool {
	return (!v.Found || v.Asks || v.Done) && (v.Owner == nil || v.Owner.Domain == "")
}

// choice is one of several buttons.
type choice struct {
	ID, Name           string
	Chosen, Recognised bool
}

type appView struct {
	ID, Name string
	Note     string // before the steps
	Auto     []step // automatic set-up
	Steps    []step // manual set-up
	Profile  bool   // show the Apple profile first
	Handover []handover
}

type profileView struct {
	Lead      string
	Mac       bool
	Steps     []step
	Signature string // about the signature; when Refused, the only text
	Refused   bool
}

type helpView struct {
	ID, Title string
	Text      sentence
	More      []sentence
}

// helps returns the help for each error, the most common one first. Those about services
// that are not offered are omitted.
func helps(c *i18n.Catalogue, values map[string]string) []helpView {
	var all []helpView
	for _, key := range []string{"connect", "wrong_password", "relay", "blocked", "busy", "code", "certificate", "send", "folders"} {
		if text, ok := newSentence(c.Text("help."+key), values); ok {
			all = append(all, helpView{ID: strings.ReplaceAll(key, "_", "-"), Title: c.Text("help." + key + "_title"), Text: text})
		}
		if key == "connect" && len(all) > 0 {
			all[0].More = sentences([]string{c.Text("help.connect_in"), c.Text("help.connect_out")}, values)
		}
	}
	return all
}

type verifyView struct {
	Privacy string
	Secure  bool
	Creates bool   // the right password gets another one, for the app
	Verdict string // a Verdict; "" before a check
	Text    string
	Hints   []string
}

func newStartView(texts *i18n.Catalogues, c *i18n.Catalogue) *view {
	v := &view{T: c, Path: "/"}
	for _, other := range texts.Languages() {
		v.Languages = append(v.Languages, choice{ID: other.Language, Name: other.Name(), Chosen: other == c})
	}
	return v
}

func newView(texts *i18n.Catalogues, s settings.Settings, chosen Choice) *view {
	c := texts.Choose(chosen.Language, "")
	p := pick(s.Services())
	values := valuesOf(s, p, c)
	v := newStartView(texts, c)
	v.Found, v.mail = true, p.mail
	v.Email, v.HelpURL, v.WebmailURL = s.Address.Unicode(), s.Provider.HelpURL, s.WebmailURL()
	if s.MovedTo != "" {
		v.Moved = c.Text("page.moved", "address", v.Email)
	}
	v.brand(s)
	v.AppPasswordURL = s.Provider.AppPasswordURL
	v.Rows, v.Terms = rows(s, p, c), terms(c)
	v.OAuth2 = slices.ContainsFunc(s.Services(), func(svc settings.Service) bool { return svc.Accepts(settings.OAuth2) })
	if !p.onlyDAV() { // it is about mail
		v.Help = helps(c, values)
	}
	v.choose(s, chosen, p, values)
	if v.App != nil && v.App.Profile {
		v.Profile = newProfile(p, c, values, v.Device == "mac")
	}
	return v
}

// brand sets the name, the logo and the colours of a provider.
func (v *view) brand(s settings.Settings) {
	v.Provider, v.Domain = s.Provider.NameIn(v.T.Language), string(s.Domain)
	b := s.Provider.Brand
	v.Logo, v.LogoDark, v.Color = b.Logo != (settings.Logo{}), b.LogoDark != (settings.Logo{}), b.Color != ""
	v.LogoOf = s.Provider.LogoName(v.T.Language, s.Canonical)
	v.Named = !v.Logo || s.Provider.SharesLogo()
}

// choose sets the devices, the apps of the chosen device, and the steps of the
// chosen app, by default the first one.
func (v *view) choose(s settings.Settings, chosen Choice, p picked, values map[string]string) {
	d, ok := deviceOf(chosen.Device, chosen.App)
	v.Device = d.id
	if ok {
		v.Here = v.T.Text("choose.device_" + d.id)
	}
	for _, other := range devices() {
		v.Devices = append(v.Devices, choice{ID: other.id, Name: v.T.Text("choose.device_" + other.id), Chosen: ok && other.id == d.id})
	}
	if !ok {
		return
	}
	apps := slices.DeleteFunc(slices.Clone(d.apps), func(app string) bool { return !p.supports(app, v.T) })
	if len(apps) == 0 {
		return
	}
	app := apps[0]
	if slices.Contains(apps, chosen.App) {
		app = chosen.App
	}
	for _, id := range apps {
		v.Apps = append(v.Apps, choice{ID: id, Name: v.T.Text("apps." + id + ".name"), Chosen: id == app})
	}
	v.App = &appView{ID: app, Name: v.T.Text("apps." + app + ".name"), Handover: handoversTo(app, s, p), Profile: strings.HasPrefix(app, "apple-mail-")}
	if v.T.Has("apps." + app + ".note") {
		v.App.Note = v.T.Text("apps." + app + ".note")
	}
	values = withTermsOf(app, p, v.T, values)
	auto, byHand := v.T.Items("apps."+app+".auto"), v.T.Items("apps."+app+".steps")
	switch {
	case p.onlyDAV() && app != "davx5": // the other steps are about mail
		auto, byHand = nil, slices.DeleteFunc(byHand, func(step i18n.Item) bool { return !aboutDAV(step) })
	case p.signsIn():
		auto, byHand = []i18n.Item{{Text: v.T.Text("choose.sign_in")}}, nil
	}
	v.App.Auto, v.App.Steps = steps(auto, values), steps(byHand, values)
}

// recognised marks the device of the browser.
func (v *view) recognised(id string) {
	v.Elsewhere = v.Device == "iphone" && id != "iphone" || v.Device == "android" && id != "android"
	for i := range v.Devices {
		v.Devices[i].Recognised = v.Devices[i].ID == id
	}
}

// newProfile returns nil when a profile would be empty: it requires passwords, and
// for mail an outgoing server.
func newProfile(services picked, c *i18n.Catalogue, values map[string]string, mac bool) *profileView {
	var what []string
	if services.mail && services.in.Accepts(settings.Password) {
		what = append(what, c.Text("profile_page.mail"))
	}
	if services.caldav.Accepts(settings.Password) {
		what = append(what, c.Text("profile_page.calendar"))
	}
	if services.carddav.Accepts(settings.Password) {
		what = append(what, c.Text("profile_page.contacts"))
	}
	if len(what) == 0 {
		return nil
	}
	list := "profile_page.ios"
	if mac {
		list = "profile_page.macos"
	}
	p := &profileView{
		Lead:  c.Text("profile_page.lead", "what", c.Enumerate(what)),
		Mac:   mac,
		Steps: steps(c.Items(list), values),
	}
	if services.onlyDAV() {
		p.Steps = p.Steps[:len(p.Steps)-1] // the last one opens Mail
	}
	p.deliver(c, Signed)
	return p
}

// deliver sets how the profile is delivered.
func (p *profileView) deliver(c *i18n.Catalogue, as Profiles) {
	p.Signature, p.Refused = c.Text("profile_page."+string(as)), as == Refused
}

func newVerify(s settings.Settings, c *i18n.Catalogue, secure bool) *verifyView {
	return &verifyView{
		Privacy: c.Text("verify.privacy", "provider", s.Provider.NameIn(c.Language)),
		Secure:  secure,
	}
}

// show adds the verdict of a password check.
func (v *verifyView) show(c *i18n.Catalogue, verdict Verdict, email string) {
	v.Verdict, v.Text = string(verdict), c.Text("verify."+string(verdict))
	if verdict == Wrong {
		v.Hints = []string{c.Text("verify.hint_own", "address", email), c.Text("verify.hint_case"), c.Text("verify.hint_app")}
	}
}

// stylesheet returns the colours of a brand. Text on the colour is black or white,
// whichever has more contrast (WCAG 2).
func stylesheet(color string) []byte {
	on := "#fff"
	if luminance(color) > 0.179 {
		on = "#000"
	}
	return []byte(fmt.Sprintf(":root{--brand:%s;--on-brand:%s}\n", color, on))
}
