package telemetry

import "strings"

// families maps a part of a User-Agent to a label. The first match wins, so the
// specific comes before the general: Thunderbird on a Mac also sends Macintosh.
var families = [...]struct{ part, family string }{
	{"Thunderbird for Android", "thunderbird-android"},
	{"K-9", "thunderbird-android"},
	{"okhttp", "thunderbird-android"}, // requests in which the app does not name itself
	{"Thunderbird", "thunderbird"},
	{"Betterbird", "thunderbird"},
	{"eu.faircode.email", "fairemail"},
	{"FairEmail", "fairemail"},
	{"Evolution", "evolution"},
	{"KMail", "kmail"},
	{"kioworker", "kmail"},
	{"KIO", "kmail"},
	{"Delta", "deltachat"},
	{"Nextcloud", "nextcloud"},
	{"Microsoft Office", "outlook"},
	{"Microsoft Outlook", "outlook"},
	{"MS-Outlook", "outlook"},
	{"OutlookMobile", "outlook"},
	{"Outlook", "outlook"},
	{"iPhone", "apple"},
	{"iPad", "apple"},
	{"Macintosh", "apple"},
	{"CFNetwork", "apple"},
	{"dataaccessd", "apple"},
	{"iOS/", "apple"},
	{"macOS/", "apple"},
}

// ClientFamily returns the client label for a User-Agent: thunderbird,
// thunderbird-android, outlook, apple, evolution, kmail, fairemail, deltachat,
// nextcloud or other. It is a guess for statistics; no answer depends on it.
func ClientFamily(userAgent string) string {
	for i := range families {
		if strings.Contains(userAgent, families[i].part) {
			return families[i].family
		}
	}
	return "other"
}
