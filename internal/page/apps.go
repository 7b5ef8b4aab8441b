package page

import (
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/settings"
)

// device is what somebody holds in their hand, and the apps there are for it,
// the usual one first.
type device struct {
	id   string
	apps []string
}

// devices lists what can be chosen. The ids are in the catalogues
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

// Apps lists the ids of all apps there are steps for.
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

// AppNamed returns the app that somebody means by its id or the beginning of it:
// one that is usual for a device before others, as outlook is the new Outlook
// for Windows. It is false when there is none.
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

// deviceOf returns the device with an id, or the first one that has an app.
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

// has reports whether a device can have an app; "" is no app in particular.
func has(id, app string) bool {
	return slices.ContainsFunc(devices(), func(d device) bool { return d.id == id && (app == "" || slices.Contains(d.apps, app)) })
}

// sets reports whether an app can be set up with what the provider offers.
func (p picked) sets(app string) bool {
	switch app {
	case "outlook-mobile", "gmail-ios", "delta-chat": // they know no POP3
		return p.in.Protocol == settings.IMAP && p.out.Protocol != ""
	case "gmail-web", "printer": // they only send
		return p.out.Protocol != ""
	case "davx5":
		return p.caldav.URL != "" || p.carddav.URL != ""
	}
	return true
}

// recognise returns the id of the device that a browser runs on; "" when it
// does not say. An iPad calls itself a Mac, which only the person can correct.
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
