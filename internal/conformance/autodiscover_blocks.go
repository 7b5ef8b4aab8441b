package conformance

import (
	"slices"
	"strings"
)

// autodiscoverBlockChecks are about the settings in an answer for Outlook.
func autodiscoverBlockChecks() []Check {
	return []Check{
		inAccount(24, "AccountType email and Action settings come before the first Protocol, and the order is IMAP, POP3, SMTP", orderOfAccount),
		inAccount(25, "each mail block has all its elements in Microsoft's order, with values in the expected case", wordsOfBlocks),
		inAccount(26, "Port and Encryption agree", encryptionOfBlocks),
		inAccount(27, "blocks of Exchange come first and have their URLs, calendars and contacts come last, both only when enabled", kindsOfBlocks),
	}
}

// inAccount is a check that only looks at the settings for Outlook.
func inAccount(number int, sentence string, look look) Check {
	return check(number, sentence, on((*probe).outlookAnswer, look)).reads(Autodiscover, look.at("Autodiscover", "Response", "Account"))
}

// mailTypes are the blocks for mail in the order that suits every client:
// Thunderbird uses the first that receives.
func mailTypes() []string { return []string{"IMAP", "POP3", "SMTP"} }

func mailBlocks(account *element) []*element {
	return slices.DeleteFunc(account.all("Protocol"), func(b *element) bool {
		return !slices.Contains(mailTypes(), strings.ToUpper(b.value("Type")))
	})
}

func orderOfAccount(_ Target, account *element, found func(string, ...any)) {
	position := func(name string) int {
		return slices.IndexFunc(account.children, func(e *element) bool { return e.is(name) })
	}
	kind, action, first := position("AccountType"), position("Action"), position("Protocol")
	if got := account.value("AccountType"); got != "email" {
		found("AccountType is %s; it must be email", quoted(got))
	}
	if got := account.value("Action"); got != "settings" {
		found("Action is %s; it must be settings", quoted(got))
	}
	switch {
	case first < 0:
		found("there is no Protocol")
	case kind > action || action > first:
		found("AccountType and Action must come before the first Protocol, in this order; FairEmail ignores earlier blocks")
	}
	var order []string
	for _, b := range mailBlocks(account) {
		order = append(order, b.value("Type"))
	}
	if !slices.IsSortedFunc(order, func(a, b string) int { return slices.Index(mailTypes(), a) - slices.Index(mailTypes(), b) }) {
		found("the mail blocks are in the order %v; it must be %v", order, mailTypes())
	}
}

func wordsOfBlocks(t Target, account *element, found func(string, ...any)) {
	blocks := mailBlocks(account)
	if len(blocks) == 0 {
		found("there is no mail block")
	}
	for _, b := range blocks {
		kind := b.value("Type")
		last := -1
		for _, word := range []struct {
			name string
			fits func(string) bool
			want string
		}{
			{"Type", func(v string) bool { return slices.Contains(mailTypes(), v) }, "IMAP, POP3 or SMTP"},
			{"Server", isHostName, "a host name"},
			{"Port", isPort, "a number from 1 to 65535"},
			{"LoginName", t.isLogin, t.login(t.Known)},
			{"DomainRequired", exactly("off"), "off"},
			{"SPA", exactly("off"), "off, since the default is on"},
			{"SSL", exactly("on"), "on, in lower case"},
			{"AuthRequired", exactly("on"), "on"},
		} {
			at := slices.IndexFunc(b.children, func(e *element) bool { return e.is(word.name) })
			if at < 0 {
				found("the %s block has no %s; it must be %s", kind, word.name, word.want)
				continue
			}
			if got := b.children[at].text; !word.fits(got) {
				found("%s of the %s block is %s; it must be %s", word.name, kind, quoted(got), word.want)
			}
			if len(b.all(word.name)) > 1 {
				found("the %s block has %s more than once", kind, word.name)
			}
			if at < last {
				found("%s of the %s block is in the wrong place; Microsoft's schema has another order", word.name, kind)
			}
			last = max(last, at)
		}
	}
}

func exactly(want string) func(string) bool { return func(got string) bool { return got == want } }

// encryptionOfBlocks requires Encryption to fit the port, since Thunderbird and
// FairEmail only read the port.
func encryptionOfBlocks(_ Target, account *element, found func(string, ...any)) {
	byPort := map[string]map[string]string{
		"IMAP": {"993": "SSL", "143": "TLS"},
		"POP3": {"995": "SSL", "110": "TLS"},
		"SMTP": {"465": "SSL", "587": "TLS"},
	}
	for _, b := range mailBlocks(account) {
		kind, port, got := b.value("Type"), b.value("Port"), b.value("Encryption")
		want, usual := byPort[kind][port]
		if !usual {
			want = "SSL" // clients use implicit TLS on any other port
		}
		if got != want {
			found("the %s block has Encryption %s on port %s; clients expect %s there", kind, quoted(got), port, want)
		}
	}
}

func kindsOfBlocks(t Target, account *element, found func(string, ...any)) {
	behind, mail := "", ""
	for _, b := range account.all("Protocol") {
		switch kind := b.value("Type"); {
		case slices.Contains(mailTypes(), kind):
			mail = kind
			if behind != "" {
				found("the %s block comes after the %s block; mail must come first", kind, behind)
			}
		case kind == "CalDAV" || kind == "CardDAV":
			behind = kind
			if !t.OutlookDAV {
				found("there is a block for %s, which is for eM Client and must be enabled", kind)
			}
		case t.EWS && (kind == "EXCH" || kind == "EXPR"):
			if mail != "" {
				found("the %s block comes after the %s block; Thunderbird writes its URL over the mail server", kind, mail)
			}
			if b.value("ASUrl") == "" || b.value("EwsUrl") == "" {
				found("the %s block must have ASUrl and EwsUrl", kind)
			}
		default:
			found("there is a block of type %s, which makes clients create an Exchange account that cannot work", quoted(kind))
		}
	}
}
