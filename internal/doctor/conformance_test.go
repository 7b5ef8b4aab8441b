package doctor

import (
	"regexp"
	"strings"
)

// conformanceFaults break a rule of each document that the clients here tolerate.
func conformanceFaults() []planted {
	config := func(number int, name string, change func(string) string) planted {
		return planted{name: "autoconfig: " + name, id: conformanceID(number), fault: func(w *world) {
			w.options.Clients = []string{"Thunderbird", "Evolution"}
			w.rewriteAutoconfig(change)
		}}
	}
	outlook := func(number int, name string, change func(string) string) planted {
		return planted{name: "autodiscover: " + name, id: conformanceID(number), fault: func(w *world) {
			w.options.Clients = []string{"Outlook"}
			w.rewriteOutlook(change)
		}}
	}
	profile := func(number int, name, old, replacement string) planted {
		return planted{name: "profile: " + name, id: conformanceID(number), fault: func(w *world) {
			w.options.Clients = []string{"Apple Mail"}
			content := w.profileContent()
			changed := regexp.MustCompile(old).ReplaceAllString(content, replacement)
			if changed == content {
				w.t.Fatal(content)
			}
			w.signProfile(changed, trusted().by(), nil)
		}}
	}
	replace := func(old, replacement string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, replacement, 1) }
	}
	return []planted{
		config(9, "documentation without a URL", func(s string) string {
			return regexp.MustCompile(`<documentation url="[^"]*">`).ReplaceAllString(s, "<documentation>")
		}),
		config(10, "the domain is not listed", replace("<domain>example.com<", "<domain>example.org<")),
		config(11, "POP3 first", swap("<incomingServer", "</incomingServer>")),
		config(12, "an attribute of a port", replace(`<port>995`, `<port x="">995`)),
		config(13, "a space before the name", replace("<displayName>", "<displayName> ")),
		config(14, "no plain password by POP3", func(s string) string {
			before, after, _ := strings.Cut(s, `type="pop3"`)
			return before + `type="pop3"` + strings.Replace(after, "password-cleartext", "password-encrypted", 1)
		}),
		config(15, "two forms of the user name", func(s string) string {
			before, after, _ := strings.Cut(s, `type="pop3"`)
			return before + `type="pop3"` + strings.Replace(after, "%EMAILADDRESS%", "%EMAILLOCALPART%", 1)
		}),
		config(16, "a long name", replace("<displayName>", "<displayName>"+strings.Repeat("x", 60))),
		config(17, "a host name in upper case", replace("smtp.example.com", "SMTP.example.com")),
		outlook(24, "POP3 first", swap("<Protocol>", "</Protocol>")),
		outlook(25, "no DomainRequired", func(s string) string { return strings.ReplaceAll(s, "<DomainRequired>off</DomainRequired>", "") }),
		outlook(26, "the Encryption of POP3", func(s string) string {
			before, after, _ := strings.Cut(s, "<Type>POP3")
			return before + "<Type>POP3" + strings.Replace(after, "<Encryption>SSL", "<Encryption>TLS", 1)
		}),
		outlook(27, "contacts before mail", func(s string) string {
			before, blocks, _ := strings.Cut(s, "<Protocol>")
			last := strings.LastIndex(blocks, "<Protocol>")
			contacts, after, _ := strings.Cut(blocks[last:], "</Protocol>")
			return before + contacts + "</Protocol><Protocol>" + blocks[:last] + after
		}),
		profile(35, "a value of another type", `<key>EmailAccountType</key>`, "<key>PreventMove</key><string>no</string>$0"),
		profile(37, "two passwords", `<key>OutgoingPasswordSameAsIncomingPassword</key>\s*<true/>`, "<key>OutgoingPasswordSameAsIncomingPassword</key><false/>"),
		{name: "pacc: managesieve", id: conformanceID(39), breaks: "", fault: func(w *world) {
			w.options.Clients = []string{"PACC"}
			w.publishPACC(replace(`"protocols": {`, `"protocols": {"managesieve": {"host": "imap.example.com"},`))
		}},
	}
}

// rewriteAutoconfig changes every autoconfig document.
func (w *world) rewriteAutoconfig(change func(string) string) {
	for _, at := range []string{
		autoconfigURL, "http://autoconfig.example.com/mail/config-v1.1.xml", "https://autoconfig.example.com/.well-known/mail-v1.xml",
	} {
		w.rewrite(at, change)
	}
}

// swap exchanges the first two elements of a document.
func swap(open, end string) func(string) string {
	return func(s string) string {
		before, rest, _ := strings.Cut(s, open)
		first, rest, _ := strings.Cut(rest, end)
		between, rest, _ := strings.Cut(rest, open)
		second, rest, _ := strings.Cut(rest, end)
		return before + open + second + end + between + open + first + end + rest
	}
}
