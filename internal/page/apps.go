package page

import (
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// device is a kind of device with its apps, the most common one first.
type device struct {
	id   string
	apps []string
}

// devices returns the devices to choose from. The IDs are keys of the catalogues
// (choose.device_…, apps.…).
func devices() []device {
	return []device{
		{"iphone", []string{"apple-mail-ios", "outlook-mobile", "gmail-ios", "delta-chat", "other"}},
		{"android", []string{"gmail-android", "thunderbird-android", "samsung-mail", "android-mail", "outlook-mobile", "fairemail", "delta-chat", "davx5", "other"}},
		{"mac", []string{"apple-mail-macos", "thunderbird", "outlook-mac", "em-client", "delta-chat", "other"}},
		{"windows", []string{"outlook-new", "outlook-classic", "thunderbird", "em-client", "windows-mail", "delta-chat", "other"}},
		{"linux", []string{"thunderbird", "evolution", "kmail", "delta-chat", "other"}},
		{"web", []string{"gmail-web", "other"}},
		{"printer", []string{"printer"}},
	}
}

// Apps returns the IDs of all apps with steps.
func Apps() []string {
	var all []string
	for _, d := range devices() {
		for _, app := range d.apps {
			if !slices.Contains(all, app) {
				all = append(all, app)
			}
		}
	}
	return all
}

// AppNamed returns the app with an ID, or else with an ID that begins with name,
// the default apps of devices first: outlook is the new Outlook for Windows. It is
// false for no app.
func AppNamed(name string) (string, bool) {
	var usual []string
	for _, d := range devices() {
		usual = append(usual, d.apps[0])
	}
	if slices.Contains(Apps(), name) {
		return name, true
	}
	for _, apps := range [][]string{usual, Apps()} {
		if i := slices.IndexFunc(apps, func(id string) bool { return name != "" && strings.HasPrefix(id, name) }); i >= 0 {
			return apps[i], true
		}
	}
	return "", false
}

// deviceOf returns the device with an ID, or the first one that has an app.
func deviceOf(id, app string) (device, bool) {
	all := devices()
	if i := slices.IndexFunc(all, func(d device) bool { return d.id == id }); i >= 0 {
		return all[i], true
	}
	if i := slices.IndexFunc(all, func(d device) bool { return app != "" && slices.Contains(d.apps, app) }); i >= 0 {
		return all[i], true
	}
	return device{}, false
}

// has reports whether a device has an app; "" is any app.
func has(id, app string) bool {
	return slices.ContainsFunc(devices(), func(d device) bool { return d.id == id && (app == "" || slices.Contains(d.apps, app)) })
}

// supports reports whether an app works with the provider's services. Where there are
// only calendars and contacts, it needs steps for them.
func (p picked) supports(app string, c *i18n.Catalogue) bool {
	if p.onlyDAV() {
		return app == "davx5" || slices.ContainsFunc(c.Items("apps."+app+".steps"), aboutDAV)
	}
	if p.signsIn() {
		return slices.Contains(appsThatSignIn(), app)
	}
	switch app {
	case "outlook-mobile", "gmail-ios", "delta-chat": // without POP3
		return p.in.Protocol == settings.IMAP && p.out.Protocol != ""
	case "gmail-web", "printer": // send only
		return p.out.Protocol != ""
	case "davx5":
		return p.caldav.URL != "" || p.carddav.URL != ""
	}
	return true
}

// appsThatSignIn are those that open the sign-in window of a provider.
func appsThatSignIn() []string {
	return []string{"thunderbird", "thunderbird-android", "fairemail", "em-client", "evolution", "outlook-new", "outlook-classic", "outlook-mac", "outlook-mobile"}
}

// onlyDAV reports whether there are calendars or contacts, and no mail.
func (p picked) onlyDAV() bool {
	return p.in.Host == "" && p.out.Host == "" && (p.caldav.URL != "" || p.carddav.URL != "")
}

// aboutDAV reports whether a step is about calendars or contacts alone.
func aboutDAV(step i18n.Item) bool {
	return strings.Contains(step.Text, "{caldav_") || strings.Contains(step.Text, "{carddav_") || slices.ContainsFunc(step.Items, aboutDAV)
}

// recognise returns the ID of the device that a browser runs on; "" if unknown. An
// iPad identifies itself as a Mac, which only the person can correct.
func recognise(userAgent string) string {
	for _, known := range []struct{ word, id string }{
		{"iPhone", "iphone"}, {"iPad", "iphone"}, {"iPod", "iphone"},
		{"Android", "android"},
		{"Macintosh", "mac"},
		{"Windows", "windows"},
		{"Linux", "linux"}, {"X11", "linux"}, {"CrOS", "linux"},
	} {
		if strings.Contains(userAgent, known.word) {
			return known.id
		}
	}
	return ""
}
