package config

import (
	"strings"
	"testing"
)

// TestCommonMistakes is the table of what people get wrong in settings files. Each
// mistake ends in one finding that has the line, what is wrong and what to write.
func TestCommonMistakes(t *testing.T) {
	const (
		good = `providers:
  mine:
    name: Mine
    services:
      - {protocol: imap, host: mail.example.org, port: 993, security: tls}
      - {protocol: submission, host: mail.example.org, port: 465, security: tls}
domains:
  example.org: {provider: mine}
`
		beginning, end = "", "\x00" // where the mistake is added, instead of replacing something
	)
	for _, tc := range []struct {
		name, right, wrong string
		want               string // the line, and how the finding begins
	}{
		{"a tab", "    name:", "\tname:", "3: not valid YAML: a tab; indent with spaces, not with tabs"},
		{"another indentation", "name:", " name:", "4: not valid YAML: the indentation differs from that of the lines above; keys of one block, and the - of one list, begin at the same column"},
		{"a list that is indented too little", "      - {protocol: imap, host: mail.example.org, port: 993, security: tls}\n      - {protocol: submission, host: mail.example.org, port: 465, security: tls}", "   - {protocol: imap, host: mail.example.org, port: 993, security: tls}\n   - {protocol: submission, host: mail.example.org, port: 465, security: tls}", "5: not valid YAML: the indentation differs from that of the lines above; keys of one block, and the - of one list, begin at the same column"},
		{"no space behind a colon", "name: Mine", "name:Mine", "3: not valid YAML: a space is missing behind name:"},
		{"no space behind a colon in braces", "port: 993", "port:993", "5: providers.mine.services[0]: a space is missing behind port:"},
		{"no space behind a domain", "example.org: {provider:", "example.org:{provider:", "8: domains.example.org:{provider: a space is missing behind example.org:"},
		{"no colon", "services:", "services", "4: not valid YAML: a colon is missing; write services:"},
		{"no closing brace", "      - {protocol: imap, host: mail.example.org, port: 993, security: tls}", "      - {protocol: imap, host: mail.example.org, port: 993, security: tls", "5: not valid YAML: { is not closed before line 6; write } at the end"},
		{"no comma", "imap,", "imap", "5: not valid YAML: a comma or a } is missing; write a comma between two values, and } at the end"},
		{"no closing quote", "Mine", `"Mine`, "3: not valid YAML: a quote is opened and never closed; write one at the end of the text, too"},
		{"an apostrophe in quotes", "Mine", "'Anna's Mail'", `3: not valid YAML: text follows a closing quote; write "..." around a text with an apostrophe, and a comma or a new line between two values`},
		{"a colon in a value", "Mine", "Mine: the best", `3: not valid YAML: a value with a colon needs quotes; write name: "..."`},
		{"a colon in a value behind a strange key", "name: Mine", "Na\tme: Mine: the best", `3: not valid YAML: a value with a colon needs quotes; write "Na\tme": "..."`},
		{"a number in quotes", "993", `"993"`, `5: providers.mine.services[0].port: must be a number from 1 to 65535, is the text "993"; remove the quotes`},
		{"ssl for tls", "      - {protocol: imap, host: mail.example.org, port: 993, security: tls}", "      - {protocol: imap, host: mail.example.org, port: 993, security: ssl}", "5: providers.mine.services[0].security: unknown security ssl; did you mean tls?"},
		{"upper case", "      - {protocol: imap, host: mail.example.org, port: 993, security: tls}", "      - {protocol: imap, host: mail.example.org, port: 993, security: TLS}", "5: providers.mine.services[0].security: unknown security TLS; did you mean tls?"},
		{"port 465 with starttls", "      - {protocol: submission, host: mail.example.org, port: 465, security: tls}", "      - {protocol: submission, host: mail.example.org, port: 465, security: starttls}", "6: warning: providers.mine.services[1].security: port 465 is not used with starttls; some clients derive the security from the port and will fail; write security: tls, or port: 587"},
		{"port 587 with tls", "465", "587", "6: warning: providers.mine.services[1].security: port 587 is not used with tls; some clients derive the security from the port and will fail; write security: starttls, or port: 465"},
		{"smtp for submission", "submission", "smtp", "6: providers.mine.services[1].protocol: unknown protocol smtp; did you mean submission?"},
		{"a key with a typing error", "providers:", "provider:", "1: unknown key provider; did you mean providers?"},
		{"a key of other software", "      - {protocol: imap, host: mail.example.org, port: 993, security: tls}", "      - {protocol: imap, hostname: mail.example.org, port: 993, security: tls}", "5: providers.mine.services[0]: unknown key hostname; did you mean host?"},
		{"singular for plural", beginning, "trusted_proxy: [127.0.0.1]\n", "1: unknown key trusted_proxy; did you mean trusted_proxies?"},
		{"warning for warn", beginning, "log: {level: warning}\n", "1: log.level: unknown level warning; did you mean warn?"},
		{"a key without any likeness", beginning, "foo: 1\n", "1: unknown key foo; known: listen"},
		{"no provider", "provider: mine", "", "8: domains.example.org: needs a provider, or alias_of and another domain"},
		{"nothing behind a domain", "example.org: {provider: mine}", "example.org:", "8: domains.example.org: must be a block of keys, is empty; write {provider: mine}"},
		{"the provider alone", "{provider: mine}", "mine", `8: domains.example.org: must be a block of keys, is the text "mine"; write {provider: mine}`},
		{"an unknown provider", "  example.org: {provider: mine}", "  example.org: {provider: mein}", "8: domains.example.org.provider: unknown provider mein; known: mine"},
		{"a key twice", "    name: Mine", "    name: Mine\n    name: Other", "4: providers.mine.name: duplicate key, first listed on line 3"},
		{"a domain twice", end, "  Example.org: {provider: mine}\n", "9: domains.Example.org: duplicate domain, first listed on line 8, spelt example.org"},
		{"a mail address for a domain", "example.org:", "anna@example.org:", "8: domains.anna@example.org: must be a domain, not a mail address; write example.org"},
		{"@ before a domain", "example.org:", "@example.org:", `8: not valid YAML: a text that begins with @ needs quotes; write "@..."`},
		{"a URL for a domain", "example.org:", "https://example.org:", "8: domains.https://example.org: is a URL; write example.org"},
		{"a URL for a host", "      - {protocol: imap, host: mail.example.org, port: 993, security: tls}", "      - {protocol: imap, host: https://mail.example.org, port: 993, security: tls}", "5: providers.mine.services[0].host: the host must be a bare name such as mail.example.com, without scheme, port or path; write mail.example.org"},
		{"a port in the host", "mail.example.org, port: 993", "mail.example.org:993", "5: providers.mine.services[0].host: the host must be a bare name such as mail.example.com, without scheme, port or path; write host: mail.example.org, port: 993"},
		{"a placeholder of other software", "    name: Mine", "    name: Mine\n    login: \"%EMAILADDRESS%\"", "4: providers.mine.login: %EMAILADDRESS% is a placeholder of other software; write {address}"},
		{"% without quotes", "    name: Mine", "    name: Mine\n    login: %EMAILADDRESS%", `4: not valid YAML: a text that begins with % needs quotes; write "%..."`},
		{"a placeholder without quotes", "    name: Mine", "    name: Mine\n    login: {address}", `4: providers.mine.login: must be a text, is a block of keys; write "{address}" in quotes`},
		{"a placeholder without braces", "    name: Mine", "    name: Mine\n    login: email", "4: providers.mine.login: is the same user name for everybody; write {address}, {local} or {domain} in quotes for a part of the address"},
		{"* without quotes", "example.org:", "*.example.org:", `8: not valid YAML: * begins an alias of YAML; if a text is meant, write "*.example.org" in quotes`},
		{"a reference without quotes", beginning, "api: {token: ${env:X}}\n", `1: not valid YAML: a reference between { } or [ ] needs quotes; write "${env:X}"`},
		{"a secret in the file", beginning, "api: {token: hunter2hunter2hunter2hunter2hunter2}\n", "1: warning: api.token: contains a secret that everybody who can read this file sees; use ${env:NAME} or ${file:PATH}"},
		{"yes for true", beginning, "pages: {verify_password: yes}\n", `1: pages.verify_password: must be true or false, is the text "yes"; write true`},
		{"a resolver without a port", beginning, "ops: {resolver: 192.0.2.53}\n", `1: ops.resolver: must be the IP address and port of a DNS server such as "192.0.2.53:53" or "[2001:db8::53]:53", is the text "192.0.2.53"`},
		{"a port alone", beginning, "listen: 8080\n", `1: listen: must be an address to listen on; write ":8080"`},
		{"a duration without a unit", beginning, "cache: {fresh: 60}\n", "1: cache.fresh: must be a duration from 1s to 24h such as 2s, is the number 60; write 60s for seconds"},
		{"a value for a list", beginning, "trusted_proxies: 127.0.0.1\n", `1: trusted_proxies: must be a list of networks, is the text "127.0.0.1"; write [127.0.0.1]`},
		{"a share without %", beginning, "reload: {max_removed: 10}\n", "1: reload.max_removed: must be a share from 0% to 100% such as 10%, is the number 10; write 10%"},
		{"a block for a list", "      - {protocol: imap, host: mail.example.org, port: 993, security: tls}\n      - {protocol: submission, host: mail.example.org, port: 465, security: tls}", "      imap: {host: mail.example.org}\n      submission: {host: mail.example.org}", "5: providers.mine.services: must be a list of services, is a block of keys; begin each item with - and a space"},
		{"a list for a block", "example.org: {provider: mine}", "- example.org", "8: domains: must be a block with one key per domain, is a list; remove the - before each key"},
		{"an id in upper case", "  mine:\n    name: Mine\n    services:\n      - {protocol: imap, host: mail.example.org, port: 993, security: tls}\n      - {protocol: submission, host: mail.example.org, port: 465, security: tls}\ndomains:\n  example.org: {provider: mine}", "  Mine:\n    name: Mine\n    services:\n      - {protocol: imap, host: mail.example.org, port: 993, security: tls}\n      - {protocol: submission, host: mail.example.org, port: 465, security: tls}\ndomains:\n  example.org: {provider: Mine}", "2: providers.Mine: the id of a provider must have 1 to 40 characters from a to z, 0 to 9 and -; write mine"},
		{"a path of Windows", beginning, "signing: {cert_file: \"C:\\Users\\a\\cert.pem\", key_file: \"C:\\new\\key.pem\"}\n", `1: not valid YAML: a backslash in "..." begins an escape; write '...' instead, as in 'C:\waymark\key.pem'`},
		{"typographic quotes", "Mine", "“Mine”", `3: warning: providers.mine.name: begins with “ and ends with ”, which become part of the text; write " instead`},
		{"a no-break space", "name: Mine", "name:\u00a0Mine", "3: not valid YAML: the line has a no-break space; replace it by an ordinary space"},
		{"a key that is indented too much", "domains:\n  example.org: {provider: mine}", "  domains:\n    example.org: {provider: mine}", "7: providers.domains: domains is a key of the whole file; write it at the beginning of a line"},
		{"& without quotes", "Mine", "&Mine", `3: providers.mine.name: must be a text, is empty; & begins an anchor of YAML; write the text in quotes`},
		{"a URL without https", "    name: Mine", "    name: Mine\n    help_url: example.org/help", `4: providers.mine.help_url: must be an https URL such as https://www.example.com/, is the text "example.org/help"`},
		{"two documents", beginning, "providers:\n  mine:\n    name: Mine\n    services:\n      - {protocol: imap, host: mail.example.org, port: 993, security: tls}\n      - {protocol: submission, host: mail.example.org, port: 465, security: tls}\ndomains:\n  example.org: {provider: mine}\n---\n", "9: the file contains several YAML documents; remove the line ---"},
		{"a number with a unit", beginning, "limits: {connections: 2k}\n", `1: limits.connections: must be a number from 0 to 1000000, is the text "2k"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(good+end, tc.right, tc.wrong, 1)
			if tc.right != beginning && tc.right != end && !strings.Contains(good, tc.right) {
				t.Fatalf("the file has no %q", tc.right)
			}
			_, findings := ParseForCheck("waymark.yaml", []byte(strings.TrimSuffix(text, end)), testEnvironment())
			if got := lines(findings); len(findings) != 1 || !strings.HasPrefix(got, "waymark.yaml:"+tc.want) {
				t.Errorf("have\n%swant\nwaymark.yaml:%s", got, tc.want)
			}
		})
	}
}

// TestHarmlessSpellings are what people fear to get wrong.
func TestHarmlessSpellings(t *testing.T) {
	const file = `providers:
  mine: {services: [{protocol: imap, host: MAIL.example.org.}, {protocol: submission, host: mail.example.org}]}
domains:
  Example.ORG.: {provider: mine}
cache: {stale: 30d}
signing: {cert_file: 'C:\waymark\cert.pem', key_file: C:\waymark\key.pem}
`
	for name, text := range map[string]string{
		"as it is": file, "lines of Windows": strings.ReplaceAll(file, "\n", "\r\n"), "a byte order mark": "\ufeff" + file, "no last line break": strings.TrimSuffix(file, "\n"),
	} {
		cfg, findings := Parse("waymark.yaml", []byte(text), testEnvironment())
		if len(findings) != 0 {
			t.Errorf("%s: %v", name, findings)
			continue
		}
		if _, ok := cfg.Domains["example.org"]; !ok {
			t.Errorf("%s: the domains are %v", name, cfg.Domains)
		}
	}
}

// TestErrorsOfSyntaxHideNothing pins that a key with an error of syntax neither hides
// the findings about other keys nor makes up any.
func TestErrorsOfSyntaxHideNothing(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"several", `listen: 8080
nonsense: 1
limits: {connections: 2
api:
	token: x
providers:
  mine:
    services:
     - {protocol: imap, host: a.example.org}
    - {protocol: submission, host: a.example.org}
domains:
  example.org: {provider: mine}
  anna@example.org: {provider: mine}
`, `waymark.yaml:1: listen: must be an address to listen on; write ":8080"
waymark.yaml:2: unknown key nonsense
waymark.yaml:3: not valid YAML: { is not closed before line 4; write } at the end
waymark.yaml:5: not valid YAML: a tab; indent with spaces, not with tabs
waymark.yaml:10: not valid YAML: the indentation differs from that of the lines above; keys of one block, and the - of one list, begin at the same column
waymark.yaml:13: domains.anna@example.org: must be a domain, not a mail address; write example.org
`},
		{"a quote that is not closed", `log: {level: "debug}
providers:
  mine: {nonsense: 1, services: [{protocol: imap, host: a.example.org}, {protocol: submission, host: a.example.org}]}
domains:
  example.org: {provider: mine}
`, `waymark.yaml:1: not valid YAML: a quote is opened and never closed; write one at the end of the text, too
waymark.yaml:3: providers.mine: unknown key nonsense
`},
		{"keys that others need", `trusted_proxies: [127.0.0.1
forwarded_host: true
listen: "127.0.0.1:8080"
ops: {listen: ":9090"}
api: {token: "x
`, `waymark.yaml:1: not valid YAML: [ is not closed before line 2; write ] at the end
waymark.yaml:2: warning: domains: no domains: the server answers no request
waymark.yaml:5: not valid YAML: a quote is opened and never closed; write one at the end of the text, too
`},
		{"the only key", "domains: {a\n", "waymark.yaml:1: not valid YAML: { is not closed before line 2; write } at the end\n"},
		{"no key at all", "hello\n", "waymark.yaml:1: must be a block of keys, is the text \"hello\"\n"},
		{"UTF-16", "\xff\xfel\x00i\x00", "waymark.yaml:1: the file is in UTF-16; save it as UTF-8\n"},
		{"Latin 1", "# M\xfcller\n", "waymark.yaml:1: the file is not valid UTF-8; save it as UTF-8\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, findings := ParseForCheck("waymark.yaml", []byte(tc.text), testEnvironment())
			var got strings.Builder
			for line := range strings.Lines(lines(findings)) {
				if before, _, ok := strings.Cut(line, "; known:"); ok {
					line = before + "\n"
				}
				got.WriteString(line)
			}
			if got.String() != tc.want {
				t.Errorf("have\n%swant\n%s", got.String(), tc.want)
			}
		})
	}
}

// TestMistakesRepeatNoSecret pins that no finding repeats what was meant as a secret.
func TestMistakesRepeatNoSecret(t *testing.T) {
	for _, text := range []string{
		"api: {token:s3cr3t}", "api:\n  token:s3cr3t\nlog: {}", "api:\n  token:s3cr3t\n  other: 1", "api: {token: @s3cr3t}", "api: {token: *s3cr3t}", "api: {token: &s3cr3t}", "api: {token: %s3cr3t}",
		`api: {token: "s3cr3t`, "api: {token: s3cr3t", "api: {token: 's3cr3t's}", "api: {token: {s3cr3t}}", "api: {token: [s3cr3t]}", "api: s3cr3t", "api: {token: s3cr3t: x}", `api: {token: "\s3cr3t"}`,
		"pages: {keys: s3cr3t}", "pages: {keys:s3cr3t}", "pages: {keys: [s3cr3t]}", "pages: {keys: {s3cr3t: 1}}",
	} {
		_, findings := Parse("waymark.yaml", []byte(text+"\n"), testEnvironment())
		if got := lines(findings); !findings.HasErrors() || strings.Contains(got, "s3cr3t") {
			t.Errorf("%s\n%s", text, got)
		}
	}
}
