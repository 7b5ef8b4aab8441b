package telemetry

import "strings"

// families maps a part of a User-Agent to a label. The first that is found
// counts, so that the special stands before the general: Thunderbird on a Mac
// also says Macintosh.
var families = [...]struct{ part, family string }{
	{"Thunderbird for Android", "thunderbird-android"},
	{"K-9", "thunderbird-android"},
	{"okhttp", "thunderbird-android"}, // sent where the app names itself nowhere
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

// ClientFamily sorts a User-Agent into the closed set of the client label:
// thunderbird, thunderbird-android, outlook, apple, evolution, kmail,
// fairemail, deltachat, nextcloud, other. It is a guess for statistics:
// nothing is ever answered differently because of it.
func ClientFamily(userAgent string) string {
	for i := range families {
		if strings.Contains(userAgent, families[i].part) {
			return families[i].family
		}
	}
	return "other"
}
