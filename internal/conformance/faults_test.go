package conformance_test

import (
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/smallstep/pkcs7"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/conformance"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/test/programs"
)

// fault is one thing done wrong, and the check that must turn red for it.
type fault struct {
	check int
	name  string
	found string // part of a finding

	layer    layer
	settings [2]string // replaced in the settings
	signer   func(*pki) mobileconfig.Signer
	target   func(*conformance.Target)
}

const twoSMTP = `<outgoingServer type="smtp">
      <hostname>b.example.com</hostname>
      <port>587</port>
      <socketType>STARTTLS</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </outgoingServer>
  </emailProvider>`

func faults() []fault {
	return []fault{
		{check: 1, name: "a byte order mark", layer: writes(anyConfig, "<?xml", "\ufeff<?xml"), found: "byte order mark"},
		{check: 1, name: "no XML declaration", layer: writes(anyConfig, xml.Header, ""), found: "it must begin with <?xml"},
		{check: 1, name: "another content type", layer: sets(anyConfig, "Content-Type", "application/octet-stream"), found: "it must be text/xml"},
		{check: 1, name: "another encoding", layer: sets(anyConfig, "Content-Type", "text/xml; charset=iso-8859-1"), found: "an encoding other than UTF-8"},
		{check: 1, name: "Latin-1", layer: writes(anyConfig, "Söhne", "S\xf6hne"), found: "UTF-8"},
		{check: 1, name: "not well-formed", layer: writes(anyConfig, "</emailProvider>", ""), found: "not XML that every client can read"},

		{check: 2, name: "an address is demanded", layer: says(at("/mail/config-v1.1.xml").and(func(r *http.Request) bool { return r.URL.RawQuery == "" }), 400, "text/plain", "which?"), found: "the status is 400"},
		{check: 2, name: "an empty address is refused", layer: says(exactly("emailaddress="), 400, "text/plain", "which?"), found: "the status is 400"},
		{check: 2, name: "emailmd5 changes the servers", layer: changes(at("/mail/config-v1.1.xml").and(mentions("emailmd5")), func(_ *http.Request, a *reply) { a.replace("imap.example.com", "imap2.example.com") }), found: "they must be"},

		{check: 3, name: "a plus sign is a space", layer: says(at("/mail/config-v1.1.xml").and(mentions("a+b")), 400, "text/plain", "no"), found: "a+b@"},
		{check: 3, name: "an encoded space is refused", layer: says(at("/mail/config-v1.1.xml").and(mentions("a%20b")), 400, "text/plain", "no"), found: "a%20b@"},
		{check: 3, name: "capitals are another domain", layer: says(at("/mail/config-v1.1.xml").and(mentions("EXAMPLE")), 404, "text/plain", "no"), found: "the status is 404"},
		{check: 3, name: "a final dot is another domain", layer: says(at("/mail/config-v1.1.xml").and(func(r *http.Request) bool { return strings.HasSuffix(r.URL.RawQuery, ".") }), 404, "text/plain", "no"), found: "the status is 404"},

		{check: 4, name: "no path of GNOME", layer: says(at("/.well-known/mail-v1.xml"), 404, "text/plain", "no"), found: "the status is 404"},
		{check: 4, name: "another document at .well-known", layer: writes(at("/.well-known/autoconfig/mail/config-v1.1.xml"), "<port>993</port>", "<port>143</port>"), found: "must return the same bytes"},

		{check: 5, name: "nothing over http", layer: says(overPlain, 404, "text/plain", "use https"), found: "the status is 404"},
		{check: 5, name: "a redirect without the query", layer: redirects(overPlain, func(r *http.Request) string { return "https://" + r.Host + r.URL.Path }), found: "the same path and query"},
		{check: 5, name: "a redirect to the first page", layer: redirects(overPlain, func(r *http.Request) string { return "https://" + r.Host + "/" }), found: "the same path and query"},
		{check: 5, name: "a redirect to http", layer: redirects(overPlain, func(r *http.Request) string { return "http://www." + r.Host + r.URL.RequestURI() }), found: "must be https"},
		{check: 5, name: "two redirects", layer: redirects(at("/mail/config-v1.1.xml").and(host("autoconfig.example.com")).and(fromPlain()), func(r *http.Request) string { return "https://autoconfig.example.com" + r.URL.RequestURI() }), found: "the status is 301"},
		{check: 5, name: "other servers over http", layer: writes(overPlain, "<socketType>SSL<", "<socketType>STARTTLS<"), found: "they must be"},

		{check: 6, name: "204 for an unknown domain", layer: changes(anyConfig, func(_ *http.Request, a *reply) { noContent(a) }), found: "the status is 204"},
		{check: 6, name: "a page for an unknown domain", layer: says(elsewhere(), 404, "text/plain", "<!doctype html><html><p>no"), found: "the body is markup"},
		{check: 6, name: "XML for an unknown domain", layer: says(elsewhere(), 404, "text/plain", "<error>no</error>"), found: "the body is markup"},
		{check: 6, name: "an error as text/html", layer: sets(elsewhere(), "Content-Type", "text/html"), found: "an error must be text/plain"},
		{check: 6, name: "a catch-all", settings: [2]string{"domains:", "domains:\n  \"*\": {provider: hoster}"}, found: "the status is 200"},

		{check: 7, name: "404 for an unknown mailbox", layer: says(when(anyConfig).and(mentions("no-such-mailbox")), 404, "text/plain", "no"), found: "the answer is 404"},
		{check: 7, name: "an error document for an unknown mailbox", layer: says(posted("no-such-mailbox"), 200, "text/xml", "<Autodiscover/>"), found: "by more than the address"},
		{check: 7, name: "the person's name for a known mailbox", layer: writes(pox, "<AutoDiscoverSMTPAddress>anna", "<DisplayName>Anna Müller</DisplayName><AutoDiscoverSMTPAddress>anna"), found: "by more than the address"},
		{check: 7, name: "the person's name in a profile", layer: inProfiles("anna@example.com</string>", "anna@example.com, Anna Müller</string>"), found: "by more than the address"},
		{check: 7, name: "another header for an unknown mailbox", layer: changes(when(anyConfig).and(mentions("no-such-mailbox")), func(_ *http.Request, a *reply) { a.header.Set("X-Cache", "miss") }), found: "the header has the fields"},
		{check: 7, name: "an unknown mailbox takes longer", layer: slowly(when(anyConfig).and(mentions("no-such-mailbox")), 60*time.Millisecond), found: "reveals which mailboxes exist"},

		{check: 8, name: "401 on Autodiscover", layer: changes(pox, func(_ *http.Request, a *reply) {
			a.status = 401
			a.header.Set("WWW-Authenticate", `Basic realm="x"`)
		}), found: "the answer is 401"},
		{check: 8, name: "WWW-Authenticate with 200", layer: sets(profileOf, "WWW-Authenticate", "Negotiate"), found: `WWW-Authenticate "Negotiate"`},
		{check: 8, name: "401 for methods nobody listed", layer: says(method("PROPFIND").and(dav), 401, "text/plain", "log in"), found: "the answer is 401"},
		{check: 8, name: "who logs in gets more", layer: writes(when(pox).and(func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }), "<Account>", "<Account><Name>Anna</Name>"), found: "the answer differs with"},
		{check: 8, name: "the password comes back", layer: changes(func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }, func(r *http.Request, a *reply) { a.body = append(a.body, r.Header.Get("Authorization")...) }), found: "echoes the credentials"},

		{check: 9, name: "no version", layer: writes(anyConfig, ` version="1.1"`, ""), found: "clientConfig has no attribute version"},
		{check: 9, name: "no id", layer: writes(anyConfig, `emailProvider id="example.com"`, "emailProvider"), found: "emailProvider has no attribute id"},
		{check: 9, name: "a port in words", layer: writes(anyConfig, "<port>993</port>", "<port>imaps</port>"), found: "is not a positive integer"},
		{check: 9, name: "port 0", layer: writes(anyConfig, "<port>993</port>", "<port>0</port>"), found: "is not a positive integer"},
		{check: 9, name: "a section in the wrong place", layer: writes(anyConfig, "</clientConfig>", `<incomingServer type="imap"></incomingServer></clientConfig>`), found: "incomingServer is not allowed in clientConfig"},
		{check: 9, name: "a section without a type", layer: writes(anyConfig, `<calendar type="caldav">`, "<calendar>"), found: "calendar has no attribute type"},
		{check: 9, name: "text between sections", layer: writes(anyConfig, "<incomingServer", "IMAP:<incomingServer"), found: "emailProvider has text between its elements"},
		{check: 9, name: "elements in a host name", layer: writes(anyConfig, "<hostname>imap.example.com", "<hostname><b/>imap.example.com"), found: "hostname has child elements"},
		{check: 9, name: "a namespace", layer: writes(anyConfig, "<clientConfig ", `<clientConfig xmlns="urn:x" `), found: "in no namespace"},
		{check: 9, name: "no provider", layer: says(anyConfig, 200, "text/xml", `<?xml version="1.0"?><clientConfig version="1.1"></clientConfig>`), found: "there is no emailProvider"},

		{check: 10, name: "an attribute on domain", layer: writes(anyConfig, "<domain>", `<domain purpose="mx">`), found: "every domain element has an attribute"},
		{check: 10, name: "an id with spaces", layer: writes(anyConfig, `id="example.com"`, `id="Example Mail"`), found: "the id"},
		{check: 10, name: "another domain", layer: writes(anyConfig, "<domain>example.com", "<domain>example.net"), found: "the requested domain example.com is not among"},
		{check: 10, name: "a domain that is none", layer: writes(anyConfig, "<domain>", "<domain>*.example.com</domain><domain>"), found: "is not an ASCII host name"},

		{check: 11, name: "pop3 first", layer: writes(anyConfig, `type="imap"`, `type="pop3"`), found: "which must be imap"},
		{check: 11, name: "imap again", layer: writes(anyConfig, `type="pop3"`, `type="imap"`), found: "is listed twice"},
		{check: 11, name: "smtp again", layer: writes(anyConfig, "</emailProvider>", twoSMTP), found: "is listed twice"},
		{check: 11, name: "nothing for sending", settings: [2]string{"      - {protocol: submission, host: smtp.example.com}\n      - {protocol: submission, host: smtp.example.com, port: 587, security: starttls}\n", ""}, found: "there is no outgoingServer"},

		{check: 12, name: "an attribute on a host name", layer: writes(anyConfig, "<hostname>", `<hostname x="">`), found: "hostname of incomingServer"},
		{check: 12, name: "an attribute on authentication", layer: writes(anyConfig, "<authentication>", `<authentication system="sasl">`), found: "authentication of"},
		{check: 12, name: "an attribute on a section", layer: writes(anyConfig, `type="imap"`, `type="imap" priority="1"`), found: "has the attribute priority"},

		{check: 13, name: "white space around a host name", layer: writes(anyConfig, "<hostname>imap.example.com</hostname>", "<hostname>\n imap.example.com\n</hostname>"), found: "with surrounding white space"},
		{check: 13, name: "a port with a sign", layer: writes(anyConfig, "<port>993</port>", "<port>+993</port>"), found: "plain digits"},
		{check: 13, name: "a port that is too large", layer: writes(anyConfig, "<port>993</port>", "<port>70000</port>"), found: "from 1 to 65535"},

		{check: 14, name: "plain", layer: writes(anyConfig, "<socketType>SSL<", "<socketType>plain<"), found: "has the socketType"},
		{check: 14, name: "small letters", layer: writes(anyConfig, "<socketType>SSL<", "<socketType>ssl<"), found: "has the socketType"},
		{check: 14, name: "OAuth2 alone", layer: writes(anyConfig, "<authentication>password-cleartext<", "<authentication>OAuth2<"), found: "does not offer password-cleartext"},
		{check: 14, name: "no user name", layer: writes(anyConfig, "<username>%EMAILADDRESS%</username>", ""), found: "has 0 elements username"},
		{check: 14, name: "two ports", layer: writes(anyConfig, "<port>993</port>", "<port>993</port><port>143</port>"), found: "has 2 elements port"},

		{check: 15, name: "the address is echoed", layer: changes(anyConfig, func(r *http.Request, a *reply) { a.replace("%EMAILADDRESS%", r.URL.Query().Get("emailaddress")) }), found: "the answer echoes a part of the query"},
		{check: 15, name: "the address is echoed as it came", layer: changes(anyConfig, func(r *http.Request, a *reply) {
			a.replace("<clientConfig", "<!-- "+url.QueryEscape(r.URL.RawQuery)+" --><clientConfig")
		}), found: "the answer echoes a part of the query"},
		{check: 15, name: "calendars with another user name", layer: changes(anyConfig, func(_ *http.Request, a *reply) {
			mail, rest, _ := strings.Cut(string(a.body), "<calendar")
			a.body = []byte(mail + "<calendar" + strings.ReplaceAll(rest, "%EMAILADDRESS%", "%EMAILLOCALPART%"))
		}), found: "2 different usernames"},
		{check: 15, name: "a placeholder of two", layer: writes(anyConfig, "%EMAILADDRESS%", "%EMAILLOCALPART%@%EMAILDOMAIN%"), found: "it must be %EMAILADDRESS% or %EMAILLOCALPART%"},
		{check: 15, name: "another form than was said", target: func(t *conformance.Target) { t.Login = "{local}" }, found: "it must be %EMAILLOCALPART%"},

		{check: 16, name: "61 characters", layer: writes(anyConfig, "<displayName>", "<displayName>"+strings.Repeat("ö", 61)), found: "displayName has"},
		{check: 16, name: "a long short name", layer: writes(anyConfig, "<displayShortName>", "<displayShortName>12345678901234567890"), found: "displayShortName has 27 characters"},
		{check: 16, name: "escaped twice", layer: writes(anyConfig, "&amp;", "&amp;amp;"), found: "escaped twice"},
		{check: 16, name: "not escaped", layer: writes(anyConfig, "&lt;Mail&gt;", "<Mail>"), found: "not XML that every client can read"},
		{check: 16, name: "a tab", layer: writes(anyConfig, "<displayName>", "<displayName>a&#9;"), found: "has a control character"},

		{check: 17, name: "U-labels", layer: writes(anyConfig, "imap.xn--bcher-kva.example", "imap.bücher.example"), found: "is not a host name in lower-case ASCII"},
		{check: 17, name: "capitals", layer: writes(anyConfig, "imap.example.com", "IMAP.Example.com"), found: "is not a host name in lower-case ASCII"},
		{check: 17, name: "no URL", layer: writes(anyConfig, "https://jmap.example.com/", ":"), found: "is not a URL"},
		{check: 17, name: "a U-label in the address is refused", layer: says(mentions("b%C3%BCcher"), 404, "text/plain", "no"), found: "the status is 404"},
		{check: 17, name: "the domain as it was written", layer: writes(anyConfig, "<domain>xn--bcher-kva.example", "<domain>bücher.example"), found: "is not among the domain elements"},
		{check: 17, name: "capitals are another document", layer: writes(mentions("XN--"), "<port>993", "<port>143"), found: "the domain is the same"},

		{check: 18, name: "customers get the hoster's", layer: asks(host("autoconfig.hosting.example"), func(r *http.Request) { r.URL.RawQuery = "" }), found: "the config is not the customer's"},
		{check: 18, name: "nothing for domains that are not listed", layer: says(host("autoconfig.hosting.example").and(mentions("elsewhere")), 404, "text/plain", "no"), found: "the status is 404"},
		{check: 18, name: "nothing without an address", layer: says(host("autoconfig.hosting.example").and(func(r *http.Request) bool { return r.URL.RawQuery == "" }), 404, "text/plain", "no"), found: "the status is 404"},

		{check: 19, name: "no HEAD", layer: says(method("HEAD").and(anyConfig), 405, "text/plain", ""), found: "GET returns 200"},
		{check: 19, name: "HEAD with another length", layer: changes(method("HEAD").and(anyConfig), func(_ *http.Request, a *reply) { a.header.Set("Content-Length", "1") }), found: "Content-Length is"},
		{check: 19, name: "HEAD without the tag", layer: sets(method("HEAD").and(anyConfig), "ETag", ""), found: "Etag is"},
		{check: 19, name: "DELETE gives the config", layer: asks(method("DELETE").and(anyConfig), func(r *http.Request) { r.Method = "GET" }), found: "it must be 405"},
		{check: 19, name: "405 without Allow", layer: sets(method("PUT"), "Allow", ""), found: "Allow is"},
		{check: 19, name: "404 for other methods", layer: says(method("PUT").and(paccOf), 404, "text/plain", "no"), found: "the status is 404"},

		{check: 20, name: "Autodiscover takes over a second", layer: slowly(pox, 1100*time.Millisecond), found: "more than one answer in a hundred"},
		{check: 20, name: "one answer takes over five seconds", layer: slowly(once(paccOf), 5100*time.Millisecond), found: "Thunderbird gives up after 5s"},

		{check: 21, name: "https in the namespace of the root", layer: writes(pox, `"http://schemas.microsoft.com/exchange/autodiscover/responseschema`, `"https://schemas.microsoft.com/exchange/autodiscover/responseschema`), found: "Autodiscover is in the namespace"},
		{check: 21, name: "https in the namespace of the response", layer: writes(pox, `"http://schemas.microsoft.com/exchange/autodiscover/outlook`, `"https://schemas.microsoft.com/exchange/autodiscover/outlook`), found: "Response is in the namespace"},
		{check: 21, name: "another content type", layer: sets(pox, "Content-Type", "text/html"), found: "it must be text/xml or application/xml"},
		{check: 21, name: "an error document", layer: asks(pox, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("")) }), found: "the answer has no settings"},
		{check: 21, name: "nothing at the domain itself", layer: says(when(pox).and(host("example.com")), 404, "text/plain", "no"), found: "the status is 404"},

		{check: 22, name: "small letters only", layer: says(func(r *http.Request) bool { return pox(r) && r.URL.Path != strings.ToLower(r.URL.Path) }, 404, "text/plain", "no"), found: "/Autodiscover/Autodiscover.xml"},
		{check: 22, name: "two spellings only", layer: says(func(r *http.Request) bool { return r.URL.Path == "/AUTODISCOVER/AUTODISCOVER.XML" }, 404, "text/plain", "no"), found: "/AUTODISCOVER/AUTODISCOVER.XML"},
		{check: 22, name: "other settings at another spelling", layer: writes(func(r *http.Request) bool { return r.URL.Path == "/AutoDiscover/AutoDiscover.xml" }, "<Port>993<", "<Port>143<"), found: "the answer differs from"},

		{check: 23, name: "forms are refused", layer: says(contentType("application/x-www-form-urlencoded"), 400, "text/plain", "no"), found: "application/x-www-form-urlencoded"},
		{check: 23, name: "a content type is demanded", layer: says(contentType(""), 415, "text/plain", "no"), found: "as nothing"},

		{check: 24, name: "Protocol first", layer: changes(pox, func(_ *http.Request, a *reply) {
			const head = "<AccountType>email</AccountType>\n      <Action>settings</Action>"
			a.replace(head, "")
			a.replace("</Account>", head+"</Account>")
		}), found: "before the first Protocol"},
		{check: 24, name: "Action first", layer: changes(pox, func(_ *http.Request, a *reply) {
			a.replace("<AccountType>email</AccountType>", "")
			a.replace("<Action>settings</Action>", "<Action>settings</Action><AccountType>email</AccountType>")
		}), found: "before the first Protocol"},
		{check: 24, name: "capitals", layer: writes(pox, "<AccountType>email<", "<AccountType>Email<"), found: "it must be email"},
		{check: 24, name: "another action", layer: writes(pox, "<Action>settings<", "<Action>redirectUrl<"), found: "it must be settings"},
		{check: 24, name: "SMTP first", layer: changes(pox, func(_ *http.Request, a *reply) {
			a.replace("<Type>IMAP<", "<Type>X<")
			a.replace("<Type>SMTP<", "<Type>IMAP<")
			a.replace("<Type>X<", "<Type>SMTP<")
		}), found: "are in the order"},

		{check: 25, name: "SSL off", layer: writes(pox, "<SSL>on<", "<SSL>off<"), found: "SSL of the IMAP block"},
		{check: 25, name: "On with a capital", layer: writes(pox, "<SSL>on<", "<SSL>On<"), found: "in lower case"},
		{check: 25, name: "the local part as the user name", layer: writes(pox, "<LoginName>anna@example.com<", "<LoginName>anna<"), found: "LoginName of the IMAP block"},
		{check: 25, name: "no SPA", layer: writes(pox, "<SPA>off</SPA>", ""), found: "has no SPA"},
		{check: 25, name: "no user name", layer: writes(pox, "<LoginName>anna@example.com</LoginName>", ""), found: "has no LoginName"},
		{check: 25, name: "a domain is required", layer: writes(pox, "<DomainRequired>off<", "<DomainRequired>on<"), found: "DomainRequired of the IMAP block"},
		{check: 25, name: "small letters in Type", layer: writes(pox, "<Type>IMAP<", "<Type>imap<"), found: "IMAP, POP3 or SMTP"},
		{check: 25, name: "another order", layer: changes(pox, func(_ *http.Request, a *reply) {
			a.replace("<SPA>off</SPA>", "")
			a.replace("<DomainRequired>", "<SPA>off</SPA><DomainRequired>")
		}), found: "is in the wrong place"},
		{check: 25, name: "no authentication", layer: writes(pox, "<AuthRequired>on<", "<AuthRequired>off<"), found: "AuthRequired of the"},
		{check: 25, name: "a URL for a server", layer: writes(pox, "<Server>imap.example.com<", "<Server>imaps://imap.example.com<"), found: "a host name"},
		{check: 25, name: "a word twice", layer: writes(pox, "<SSL>on</SSL>", "<SSL>on</SSL><SSL>off</SSL>"), found: "more than once"},
		{check: 25, name: "another form of user name than was said", target: func(t *conformance.Target) { t.Login = "{local}.{domain}" }, found: "it must be anna.example.com"},

		{check: 26, name: "STARTTLS on 993", layer: writes(pox, "<Encryption>SSL<", "<Encryption>TLS<"), found: "on port 993"},
		{check: 26, name: "TLS on 143", layer: writes(pox, "<Port>993<", "<Port>143<"), found: "on port 143"},
		{check: 26, name: "Auto", layer: writes(pox, "<Encryption>SSL<", "<Encryption>Auto<"), found: `Encryption "Auto"`},
		{check: 26, name: "not said", layer: writes(pox, "<Encryption>SSL</Encryption>", ""), found: `Encryption ""`},
		{check: 26, name: "STARTTLS on a port of one's own", layer: changes(pox, func(_ *http.Request, a *reply) {
			a.replace("<Port>993<", "<Port>1143<")
			a.replace("<Encryption>SSL<", "<Encryption>TLS<")
		}), found: "on port 1143"},

		{check: 27, name: "Exchange", layer: writes(pox, "</Account>", "<Protocol><Type>EXCH</Type></Protocol></Account>"), found: `"EXCH"`},
		{check: 27, name: "Exchange after mail", layer: writes(pox, "</Account>", "<Protocol><Type>EXCH</Type><ASUrl>https://ex.example.com/</ASUrl><EwsUrl>https://ex.example.com/</EwsUrl></Protocol></Account>"), target: func(t *conformance.Target) { t.EWS, t.OutlookDAV = true, true }, found: "over the mail server"},
		{check: 27, name: "Exchange without a URL", layer: writes(pox, "<Action>settings</Action>", "<Action>settings</Action><Protocol><Type>EXPR</Type></Protocol>"), target: func(t *conformance.Target) { t.EWS = true }, found: "must have ASUrl and EwsUrl"},
		{check: 27, name: "ActiveSync", layer: writes(pox, "</Account>", "<Protocol><Type>MobileSync</Type></Protocol></Account>"), found: `"MobileSync"`},
		{check: 27, name: "calendars that nobody switched on", target: func(t *conformance.Target) { t.OutlookDAV = false }, found: "a block for CalDAV"},
		{check: 27, name: "calendars before mail", layer: writes(pox, "<Action>settings</Action>", "<Action>settings</Action><Protocol><Type>CalDAV</Type></Protocol>"), found: "mail must come first"},

		{check: 28, name: "400 for what cannot be read", layer: changes(pox, func(_ *http.Request, a *reply) {
			if strings.Contains(string(a.body), "<ErrorCode>600") {
				a.status = 400
			}
		}), found: "the status is 400"},
		{check: 28, name: "six digits of a second", layer: changes(pox, func(_ *http.Request, a *reply) {
			a.body = regexp.MustCompile(`(\.\d{6})\d"`).ReplaceAll(a.body, []byte(`$1"`))
		}), found: "the Time is"},
		{check: 28, name: "an Id in words", layer: writes(pox, `Id="1"`, `Id="-1"`), found: "the Id is"},
		{check: 28, name: "no DebugData", layer: writes(pox, "DebugData", "Debug"), found: "0 elements DebugData"},
		{check: 28, name: "another code", layer: writes(pox, "<ErrorCode>600<", "<ErrorCode>602<"), found: "it must be 600"},
		{check: 28, name: "settings for whatever was sent", layer: asks(pox, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(wellFormed)) }), found: "there is no Error"},
		{check: 28, name: "an error in the namespace of settings", layer: changes(pox, func(_ *http.Request, a *reply) {
			a.replace("<Response>", `<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">`)
		}), found: "Response of an error is in the namespace"},

		{check: 29, name: "settings whatever schema was asked for", layer: asks(pox, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(wellFormed)) }), found: "it must have the code 601"},
		{check: 29, name: "600 for an unknown schema", layer: writes(pox, "<ErrorCode>601<", "<ErrorCode>600<"), found: "it must be 601"},
		{check: 29, name: "ActiveSync that nobody mentioned", settings: [2]string{"    services:\n", "    services:\n      - {protocol: activesync, url: \"https://eas.example.com/Microsoft-Server-ActiveSync\"}\n"}, found: "it must have the code 601"},

		{check: 30, name: "somebody else's settings", layer: asks(posted("elsewhere.example"), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(wellFormed)) }), found: "it must have the code 500"},
		{check: 30, name: "a catch-all", settings: [2]string{"domains:", "domains:\n  \"*\": {provider: hoster}"}, found: "it must have the code 500"},
		{check: 30, name: "404 at a host that is served", layer: says(posted("elsewhere.example"), 404, "text/plain", "no"), found: "the status is 404"},
		{check: 30, name: "another code", layer: writes(pox, "<ErrorCode>500<", "<ErrorCode>600<"), found: "it must be 500"},

		{check: 31, name: "a megabyte is read", layer: asks(pox, func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if len(body) > 1<<16 {
				r.Body = io.NopCloser(strings.NewReader(wellFormed))
			} else {
				r.Body = io.NopCloser(strings.NewReader(string(body)))
			}
		}), found: "a megabyte: the status is 200"},
		{check: 31, name: "a DOCTYPE is passed over", layer: asks(posted("<!DOCTYPE"), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(wellFormed)) }), found: "a DOCTYPE: the status is 200"},
		{check: 31, name: "entities are expanded", layer: says(posted("<!ENTITY"), 200, "text/xml", "<Autodiscover>growngrown</Autodiscover>"), found: "an entity was expanded"},
		{check: 31, name: "500 for deep nesting", layer: says(posted("<a><a><a>"), 500, "text/plain", "stack overflow"), found: "deep nesting: the status is 500"},
		{check: 31, name: "entities are fetched", layer: asks(posted("SYSTEM \"http"), fetch), found: "an external entity was fetched"},

		{check: 32, name: "GET gives a page", layer: says(at("/autodiscover/autodiscover.xml").and(method("GET")).and(overTLS), 200, "text/html", "<html>POST here"), found: "it must be 405"},
		{check: 32, name: "GET without Allow", layer: sets(at("/autodiscover/autodiscover.xml").and(method("GET")), "Allow", ""), found: "it must name POST"},
		{check: 32, name: "301 over http", layer: changes(at("/autodiscover/autodiscover.xml").and(overPlain), func(_ *http.Request, a *reply) { a.status = 301 }), found: "which Outlook follows"},
		{check: 32, name: "a redirect to another path", layer: sets(at("/autodiscover/autodiscover.xml").and(overPlain), "Location", "https://autodiscover.example.com/"), found: "which Outlook follows"},

		{check: 33, name: "404", layer: says(jsonOf, 404, "application/json", `{"ErrorCode":"NotFound","ErrorMessage":"no"}`), found: "it must be 200"},
		{check: 33, name: "one form only", layer: says(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/v1.0/") }, 404, "text/plain", "no"), found: "/v1.0/"},
		{check: 33, name: "the case of the protocol matters", layer: says(jsonAbout("autodiscoverv1"), 400, "application/json", `{"ErrorCode":"InvalidProtocol","ErrorMessage":"no"}`), found: "it must be 200"},
		{check: 33, name: "200 for EWS", layer: says(jsonAbout("EWS"), 200, "application/json", `{"Protocol":"EWS","Url":"https://example.com/ews"}`), found: "it must be 400"},
		{check: 33, name: "an error in plain text", layer: sets(jsonAbout("EWS"), "Content-Type", "text/plain"), found: "it must be 400"},
		{check: 33, name: "another code", layer: writes(jsonOf, "InvalidProtocol", "Invalid"), found: "the code InvalidProtocol"},
		{check: 33, name: "a URL that leads nowhere", layer: writes(jsonOf, "autodiscover.xml", "none.xml"), found: "https with the path"},
		{check: 33, name: "a URL of plain http", layer: writes(jsonOf, "https://", "http://"), found: "https with the path"},
		{check: 33, name: "there although it is switched off", target: func(t *conformance.Target) { t.NoJSON = true }, found: "it must be 404"},

		{check: 34, name: "an ampersand that is not escaped", layer: writes(pox, "&amp;", "&"), found: "not XML that every client can read"},
		{check: 34, name: "an apostrophe that is escaped twice", layer: writes(pox, "&#39;", "&amp;#39;"), found: "LoginName is"},
		{check: 34, name: "markup in an error", layer: changes(pox, func(_ *http.Request, a *reply) { a.replace("<DebugData>", "<DebugData><b>x</b>") }), found: "markup in the address"},
		{check: 34, name: "the address in the file name", layer: changes(profileOf, func(r *http.Request, a *reply) {
			a.header.Set("Content-Disposition", `attachment; filename="`+r.URL.Query().Get("email")+`.mobileconfig"`)
		}), found: "the file name must be plain ASCII"},
		{check: 34, name: "an address cut short in a profile", layer: inProfiles("&amp;sons", ""), found: "EmailAddress is"},
		{check: 34, name: "a profile that is no XML any more", layer: inProfiles("&amp;", "&"), found: "not a property list"},
		{check: 34, name: "no profile for odd addresses", layer: says(when(profileOf).and(mentions("%26")), 400, "text/plain", "no"), found: "there is no profile"},
		{check: 34, name: "a line break in the answer", layer: changes(anyConfig, func(r *http.Request, a *reply) {
			a.status = 200
			a.body = []byte(r.URL.Query().Get("emailaddress"))
		}), found: "a line break from the address"},
		{check: 34, name: "JSON put together by hand", layer: changes(jsonOf, func(r *http.Request, a *reply) {
			a.body = []byte(`{"ErrorMessage":"` + r.URL.Query().Get("Protocol") + `"}`)
		}), found: "not valid JSON"},
		{check: 34, name: "a header put together by hand", layer: changes(anyConfig, func(r *http.Request, a *reply) {
			for line := range strings.SplitSeq(r.URL.Query().Get("emailaddress"), "\r\n") {
				if name, value, ok := strings.Cut(line, ":"); ok {
					a.header.Set(name, value)
				}
			}
		}), found: "became a header field"},

		{check: 35, name: "a port as a text", layer: inProfiles("<integer>993</integer>", "<string>993</string>"), found: "IncomingMailServerPortNumber is string, not integer"},
		{check: 35, name: "an empty value", layer: inProfiles("<string>imap.example.com</string>", "<string></string>"), found: "is empty"},
		{check: 35, name: "a key that nobody knows", layer: inProfiles("EmailAccountDescription", "EmailAccountDescriptions"), found: "EmailAccountDescriptions is not a key"},
		{check: 35, name: "a password", layer: inProfiles("<key>EmailAccountDescription</key>", "<key>IncomingPassword</key>"), found: "must not be in a profile"},
		{check: 35, name: "a required key is missing", layer: inProfiles("<key>EmailAccountType</key>", "<key>EmailAccountName</key>"), found: "EmailAccountType is missing"},
		{check: 35, name: "octets", layer: sets(profileOf, "Content-Type", "application/octet-stream"), found: "exactly application/x-apple-aspen-config"},
		{check: 35, name: "a parameter in the content type", layer: sets(profileOf, "Content-Type", "application/x-apple-aspen-config; charset=utf-8"), found: "exactly application/x-apple-aspen-config"},
		{check: 35, name: "no attachment", layer: sets(profileOf, "Content-Disposition", "inline"), found: "it must be an attachment"},

		{check: 36, name: "random UUIDs", layer: profiles(func(_ *http.Request, content string) string {
			return uuids.ReplaceAllStringFunc(content, func(string) string { return uuid.NewString() })
		}), found: "creates a second account"},
		{check: 36, name: "one identifier for everybody", layer: profiles(func(_ *http.Request, content string) string {
			return regexp.MustCompile(`(<string>org\.waymark-mail\.hoster\.)[0-9a-f-]{36}`).ReplaceAllString(content, "${1}all")
		}), found: "PayloadIdentifier of the profile is the same as PayloadIdentifier of the profile of another mailbox"},
		{check: 36, name: "the same UUIDs for everybody", layer: profiles(func(_ *http.Request, content string) string {
			n := 0
			return uuids.ReplaceAllStringFunc(content, func(string) string { n++; return fmt.Sprintf("%08X-0000-4000-8000-000000000000", n) })
		}), found: "of another mailbox"},
		{check: 36, name: "one UUID for all payloads", layer: profiles(func(r *http.Request, content string) string {
			id := uuid.NewSHA1(uuid.Nil, []byte(r.URL.RawQuery)).String()
			return uuids.ReplaceAllString(content, id)
		}), found: "devices then confuse the two"},
		{check: 36, name: "UUIDs by host name", layer: profiles(func(r *http.Request, content string) string {
			return uuids.ReplaceAllStringFunc(content, func(id string) string { return uuid.NewSHA1(uuid.Nil, []byte(id+r.Host)).String() })
		}), found: "creates a second account"},
		{check: 36, name: "no UUID", layer: inProfiles("<key>PayloadUUID</key>\n        <string>", "<key>PayloadUUID</key>\n        <string>id-"), found: "which is not a UUID"},

		{check: 37, name: "no TLS", layer: inProfiles("<key>IncomingMailServerUseSSL</key><true/>", "<key>IncomingMailServerUseSSL</key><false/>"), found: "IncomingMailServerUseSSL is not true"},
		{check: 37, name: "no TLS when sending", layer: inProfiles("OutgoingMailServerUseSSL", "X"), found: "OutgoingMailServerUseSSL is not true"},
		{check: 37, name: "two passwords", layer: inProfiles("OutgoingPasswordSameAsIncomingPassword", "X"), found: "OutgoingPasswordSameAsIncomingPassword is not true"},
		{check: 37, name: "no user for sending", layer: inProfiles("OutgoingMailServerUsername", "X"), found: "OutgoingMailServerUsername is missing"},
		{check: 37, name: "no port for sending", layer: inProfiles("OutgoingMailServerPortNumber", "X"), found: "OutgoingMailServerPortNumber is"},
		{check: 37, name: "a URL for a host", layer: inProfiles("<string>dav.example.com</string>", "<string>https://dav.example.com/</string>"), found: "CalDAVHostName is"},
		{check: 37, name: "a password in a URL", layer: inProfiles("<string>/calendars/</string>", "<string>https://anna:secret@dav.example.com/</string>"), found: "CalDAVPrincipalURL"},
		{check: 37, name: "contacts in clear", layer: inProfiles("<key>CardDAVUseSSL</key><true/>", "<key>CardDAVUseSSL</key><false/>"), found: "CardDAVUseSSL is not true"},
		{check: 37, name: "no mail account", layer: inProfiles("com.apple.mail.managed", "com.apple.mail"), found: "there is no payload"},

		{check: 38, name: "not signed", layer: inProfiles("", ""), found: "cannot be verified: not signed"},
		{check: 38, name: "the intermediate is missing", signer: func(p *pki) mobileconfig.Signer { return odd{p, pkcs7.OIDDigestAlgorithmSHA256, false} }, found: "Not Verified"},
		{check: 38, name: "SHA-1", signer: func(p *pki) mobileconfig.Signer { return odd{p, pkcs7.OIDDigestAlgorithmSHA1, false} }, found: "SHA-1"},
		{check: 38, name: "nothing is signed", signer: func(p *pki) mobileconfig.Signer { return nothing{p} }, found: "the signature does not contain the content"},
		{check: 38, name: "no profile", layer: says(profileOf, 404, "text/plain", "no"), found: "there is no profile"},
		{check: 38, name: "the content is not attached", signer: func(p *pki) mobileconfig.Signer { return odd{p, pkcs7.OIDDigestAlgorithmSHA256, true} }, found: "the profile cannot be verified: the content is not what was signed"},
		{check: 38, name: "expired", signer: func(p *pki) mobileconfig.Signer { return p.identity(time.Now().Add(-60 * 24 * time.Hour)) }, found: "expired"},
		{check: 38, name: "another root", target: func(t *conformance.Target) { t.Roots = nil }, found: "Not Verified"},
		{check: 38, name: "tampered with", layer: changes(profileOf, func(_ *http.Request, a *reply) { a.replace("imap.example.com", "imap.example.net") }), found: "the content is not what was signed"},

		{check: 39, name: "a time in the document", layer: changes(paccOf, func(_ *http.Request, a *reply) {
			a.replace(`"info"`, fmt.Sprintf(`"at":"%d","info"`, time.Now().UnixNano()))
		}), found: "it must match the digest in DNS"},
		{check: 39, name: "another document when compressed", layer: changes(paccOf, func(r *http.Request, a *reply) { compress(r, a) }), found: "it must match the digest in DNS"},
		{check: 39, name: "an old digest", target: zoneWith("d=", "d=x"), found: "the digest is"},
		{check: 39, name: "a digest twice", target: zoneWith("a=sha256;", "a=sha256; d=x;"), found: "the digest is"},
		{check: 39, name: "smtp alone", layer: writes(paccOf, `"submit"`, `"submission"`), found: "there is no submit"},
		{check: 39, name: "a port in a URL", layer: writes(paccOf, "https://dav.example.com/", "https://dav.example.com:443/"), found: "has a port"},
		{check: 39, name: "a port beside a host", layer: writes(paccOf, `"host": "imap.example.com"`, `"host": "imap.example.com", "port": 143`), found: "it must have only a host"},
		{check: 39, name: "a server without TLS", target: zoneWith("_imaps._tcp         SRV   0 1 993 imap.example.com.", "_imaps._tcp SRV 0 0 0 ."), found: "has no record _imaps._tcp for port 993"},
		{check: 39, name: "DAV at a bare origin", layer: writes(paccOf, "https://dav.example.com/calendars/", "https://dav.example.com"), found: "bare origin"},
		{check: 39, name: "another content type", layer: sets(paccOf, "Content-Type", "text/plain"), found: "it must be 200 application/json"},
		{check: 39, name: "ManageSieve", layer: writes(paccOf, `"pop3"`, `"managesieve"`), found: "managesieve is listed"},
		{check: 39, name: "no document", layer: says(paccOf, 404, "text/plain", "no"), found: "the answer is 404"},
		{check: 39, name: "compressed in another way", layer: sets(paccOf, "Content-Encoding", "br"), found: "which was not requested"},
		{check: 39, name: "whether there is a password is not said", layer: writes(paccOf, `"password"`, `"passwords"`), found: "authentication has no member password"},
		{check: 39, name: "no JSON", layer: writes(paccOf, "{", "["), found: "the document cannot be read"},
		{check: 39, name: "no protocols", layer: writes(paccOf, `"protocols"`, `"services"`), found: "there are no protocols"},
		{check: 39, name: "DAV over plain http", layer: writes(paccOf, "https://dav", "http://dav"), found: "must be https"},
		{check: 39, name: "no zone that can be read", target: func(t *conformance.Target) { t.Zone = "not a zone" }, found: "cannot be read"},
		{check: 39, name: "no name", layer: writes(paccOf, `"name"`, `"title"`), found: "the provider's name"},

		{check: 40, name: "a name that nobody asks for", target: zoneWith("_imaps._tcp ", "_imaps_tcp  "), found: "no client looks up _imaps_tcp.example.com"},
		{check: 40, name: "not offered, in other words", target: zoneWith("SRV   0 0 0 .", "SRV   0 1 110 ."), found: `"0 0 0 ." alone`},
		{check: 40, name: "a target that is a CNAME", target: zoneWith("autodiscover        A     192.0.2.1", "autodiscover CNAME waymark.hosting.example."), found: "which is a CNAME"},
		{check: 40, name: "another server than in the config", target: zoneWith("993 imap.example.com.", "993 mail.example.com."), found: "no _imaps._tcp points to imap.example.com port 993"},
		{check: 40, name: "calendars in clear", target: zoneWith("_caldav._tcp        SRV   0 0 0 .", "_caldav._tcp SRV 0 1 80 dav.example.com."), found: "would be sent in plaintext"},
		{check: 40, name: "another path", target: zoneWith("path=/calendars/", "path=/dav/"), found: "has the path"},
		{check: 40, name: "no path", target: zoneWith("_carddavs._tcp      TXT   \"path=/contacts/\"\n", ""), found: "has the path"},
		{check: 40, name: "another host for calendars", target: zoneWith("_caldavs._tcp       SRV   0 1 443 dav.example.com.", "_caldavs._tcp SRV 0 1 443 cal.example.com."), found: "to which the well-known URL redirects"},
		{check: 40, name: "Autodiscover on another port", target: zoneWith("0 0 443 autodiscover", "0 0 8443 autodiscover"), found: "clients use 443"},
		{check: 40, name: "no port", target: zoneWith("993 imap.example.com.", "0 imap.example.com."), found: "which is not a host and port"},
		{check: 40, name: "another text for the path", target: zoneWith("path=/calendars/", "v=1"), found: "it must be one path="},
		{check: 40, name: "calendars in the zone alone", layer: says(dav, 404, "text/plain", "no"), found: "offers no such service"},
		{check: 40, name: "an endless zone", target: func(t *conformance.Target) { t.Zone = "$GENERATE 1-2000 a$ A 192.0.2.1\n" }, found: "over 1000 records"},
		{check: 40, name: "an empty zone", target: func(t *conformance.Target) { t.Zone = "; nothing" }, found: "has no records"},
		{check: 40, name: "no zone at all", target: func(t *conformance.Target) { t.Zone = "not a zone" }, found: "cannot be read"},
		{check: 40, name: "OPTIONS is answered", layer: says(when(dav).and(method("OPTIONS")), 200, "text/plain", ""), found: "GET returns 301"},
		{check: 40, name: "PROPFIND is refused", layer: says(when(dav).and(method("PROPFIND")), 405, "text/plain", ""), found: "GET returns 301"},
		{check: 40, name: "a redirect within the server", layer: sets(dav, "Location", "/calendars/"), found: "an absolute https URL"},
		{check: 40, name: "a page at the well-known URL", layer: says(dav, 200, "text/html", "<html>"), found: "the status is 200"},
	}
}

// TestEveryCheckCanFail breaks one thing after the other and sees the check
// that is about it turn red, for the reason that was given.
func TestEveryCheckCanFail(t *testing.T) {
	tried := map[int]bool{}
	for _, f := range faults() {
		if tried[f.check] && !programs.All() {
			continue // "make test" tries one fault of each check, "make test-all" every one
		}
		tried[f.check] = true
		t.Run(fmt.Sprintf("%02d %s", f.check, f.name), func(t *testing.T) {
			t.Parallel()
			pki := newPKI(t)
			var signer mobileconfig.Signer = pki.signer
			if f.signer != nil {
				signer = f.signer(pki)
			}
			text := strings.Replace(settings, f.settings[0], f.settings[1], 1)
			if f.settings[0] != f.settings[1] && text == settings {
				t.Fatal("the settings are not changed by it")
			}
			whole := handler(t, text, signer, zap.NewNop())
			faulty := whole
			if f.layer != nil {
				faulty = f.layer(whole)
			}
			target := serve(t, faulty, pki)
			target.Zone = zoneFor(t, whole)
			if f.target != nil {
				f.target(&target)
			}
			report, err := conformance.Run(t.Context(), target, f.check)
			if err != nil {
				t.Fatal(err)
			}
			result := report.Results[0]
			if result.Verdict != conformance.Failed {
				t.Fatalf("the check %s", result.Verdict)
			}
			for _, finding := range result.Findings {
				if strings.Contains(finding.Request+" "+finding.Text, f.found) {
					return
				}
			}
			t.Errorf("the findings do not say %q: %q", f.found, result.Findings)
		})
	}
	for _, c := range conformance.All() {
		if !tried[c.Number] {
			t.Errorf("nothing shows that check %d can fail", c.Number)
		}
	}
}

// wellFormed is a request that gets settings.
const wellFormed = `<Autodiscover><Request><EMailAddress>anna@example.com</EMailAddress></Request></Autodiscover>`

var uuids = regexp.MustCompile(`[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)

func exactly(query string) when {
	return func(r *http.Request) bool { return anyConfig(r) && r.URL.RawQuery == query }
}

func jsonAbout(protocol string) when {
	return func(r *http.Request) bool { return jsonOf(r) && strings.Contains(r.URL.RawQuery, protocol) }
}

// elsewhere is a request for a domain that is not served.
func elsewhere() when {
	return func(r *http.Request) bool { return strings.HasSuffix(r.Host, "elsewhere.example") }
}

func contentType(value string) when {
	return func(r *http.Request) bool { return pox(r) && r.Header.Get("Content-Type") == value }
}

// posted is an Autodiscover request whose body holds a text. It leaves the
// body to be read again.
func posted(text string) when {
	return func(r *http.Request) bool {
		if !pox(r) {
			return false
		}
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		return err == nil && strings.Contains(string(body), text)
	}
}

// once is true for the first request of a kind.
func once(is when) when {
	var seen atomic.Bool
	return func(r *http.Request) bool { return is(r) && seen.CompareAndSwap(false, true) }
}

// fromPlain is true for a request over http and for the one after it.
func fromPlain() when {
	var began atomic.Bool
	return func(r *http.Request) bool {
		if r.TLS == nil {
			began.Store(true)
			return true
		}
		return began.CompareAndSwap(true, false)
	}
}

func redirects(is when, to func(*http.Request) string) layer {
	return instead(is, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", to(r))
		w.WriteHeader(http.StatusMovedPermanently)
	})
}

// noContent answers 204 instead of 404.
func noContent(a *reply) {
	if a.status == http.StatusNotFound {
		a.status, a.body = http.StatusNoContent, nil
	}
}

// fetch does what an entity in the request says.
func fetch(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	at := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(string(body))
	if err != nil || at == "" {
		return
	}
	conn, err := net.Dial("tcp", at)
	if err != nil {
		return
	}
	_, _ = io.ReadAll(conn) // until the check closes it
	_ = conn.Close()
}

// compress sends another document to who takes gzip.
func compress(r *http.Request, a *reply) {
	if r.Header.Get("Accept-Encoding") != "gzip" {
		return
	}
	var packed strings.Builder
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(append(a.body, ' '))
	_ = w.Close()
	a.body = []byte(packed.String())
	a.header.Set("Content-Encoding", "gzip")
}

func zoneWith(old, replacement string) func(*conformance.Target) {
	return func(t *conformance.Target) {
		changed := strings.Replace(t.Zone, old, replacement, 1)
		if changed == t.Zone {
			changed = "the zone does not hold " + old
		}
		t.Zone = changed
	}
}
