package conformance

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	configPath    = "/mail/config-v1.1.xml"
	wellKnownPath = "/.well-known/autoconfig/mail/config-v1.1.xml"
	gnomePath     = "/.well-known/mail-v1.xml" // GNOME Online Accounts

	mxDomains = "the domain of a hoster's mail exchangers and a customer's domain"
)

// autoconfigChecks are about finding the config, not about its content.
func autoconfigChecks() []Check {
	return []Check{
		check(1, "autoconfig.DOMAIN returns the config with status 200, as text/xml in UTF-8 without a byte order mark", (*probe).configIsThere),
		check(2, "the servers are the same without an address, with an empty address and with Evolution's emailmd5", (*probe).configWithoutAddress),
		check(3, "addresses with a raw or encoded plus sign, upper case or a final dot are accepted", (*probe).configForOddAddresses),
		check(4, "every path returns the same config, byte for byte", (*probe).configPaths),
		check(5, "plain http returns the config, or one redirect to https that keeps path and query", (*probe).configOverHTTP),
		check(6, "an unknown domain gets 404 as plain text, without markup", (*probe).configOfUnknownDomain),
		check(18, "autoconfig.MXDOMAIN returns a customer's own config, and the hoster's to everybody else", (*probe).configAtMX),
	}
}

// autoconfigHost returns the host name that clients derive from a domain.
func autoconfigHost(domain string) string { return "autoconfig." + domain }

// forAddress returns the query as Thunderbird writes it.
func forAddress(address string) string { return "?emailaddress=" + url.QueryEscape(address) }

// knownConfig asks for the config of the known mailbox.
func (p *probe) knownConfig() (answer, *element, bool) {
	return p.config(p.at(autoconfigHost(p.target.Domain), configPath+forAddress(p.target.Known)))
}

// config requests a config and reports whether there was one.
func (p *probe) config(url string) (answer, *element, bool) {
	a, ok := p.ask(get(url))
	if !ok {
		return a, nil, false
	}
	root, ok := p.document(a, "clientConfig")
	return a, root, ok
}

// servers returns one line for each mail server of a config.
func servers(config *element) []string {
	var lines []string
	for _, s := range config.first("emailProvider").all("incomingServer", "outgoingServer") {
		kind, _ := s.attr("type")
		line := kind
		for _, name := range []string{"hostname", "port", "url", "socketType", "username", "authentication"} {
			for _, e := range s.all(name) {
				line += " " + e.text
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// sameServers requires a config with these servers at a URL.
func (p *probe) sameServers(url string, want []string) {
	if a, ok := p.ask(get(url)); ok {
		p.hasServers(a, want)
	}
}

// hasServers requires a config with these servers.
func (p *probe) hasServers(a answer, want []string) {
	if config, ok := p.document(a, "clientConfig"); ok && !slices.Equal(servers(config), want) {
		p.find(a.request, "the servers are %q; they must be %q", servers(config), want)
	}
}

func (p *probe) configIsThere() {
	a, _, ok := p.knownConfig()
	if !ok {
		return
	}
	// Thunderbird reads text/xml and application/xml, and the draft names the first.
	if !strings.HasPrefix(strings.ToLower(a.contentType()), "text/xml") {
		p.find(a.request, "the content type is %q; it must be text/xml", a.contentType())
	}
	p.inUTF8(a)
}

// inUTF8 checks the beginning and the declared encoding of an XML document, whose
// content was already read as UTF-8.
func (p *probe) inUTF8(a answer) {
	if _, parameters, _ := strings.Cut(strings.ToLower(a.contentType()), "charset="); parameters != "" && strings.Trim(parameters, `" `) != "utf-8" {
		p.find(a.request, "the content type %q names an encoding other than UTF-8", a.contentType())
	}
	switch {
	case bytes.HasPrefix(a.body, []byte("\xef\xbb\xbf")):
		p.find(a.request, "the document begins with a byte order mark; it must begin with <?xml")
	case !bytes.HasPrefix(a.body, []byte("<?xml ")):
		p.find(a.request, "the document begins with %q; it must begin with <?xml", shortened(string(a.body[:min(len(a.body), 20)])))
	}
}

func (p *probe) configWithoutAddress() {
	_, config, ok := p.knownConfig()
	if !ok {
		return
	}
	const digest = "0123456789abcdef0123456789abcdef"
	for _, query := range []string{
		"",
		"?emailaddress=",
		"?emailaddress",
		forAddress(p.target.Known) + "&emailmd5=" + digest,
		"?emailmd5=" + digest + "&emailaddress=EVOLUTIONUSER%40" + p.target.Domain,
	} {
		p.sameServers(p.at(autoconfigHost(p.target.Domain), configPath+query), servers(config))
	}
}

func (p *probe) configForOddAddresses() {
	_, config, ok := p.knownConfig()
	if !ok {
		return
	}
	d := p.target.Domain
	for _, address := range []string{
		"a+b@" + d,     // FairEmail and Nextcloud do not escape it
		"a%2Bb%40" + d, // Thunderbird
		"a%20b@" + d,   // a plus sign that was decoded as a space
		"a@" + strings.ToUpper(d),
		"a%40" + strings.ToUpper(d[:1]) + d[1:],
		"a%40" + d + ".",
	} {
		p.sameServers(p.at(autoconfigHost(d), configPath+"?emailaddress="+address), servers(config))
	}
}

func (p *probe) configPaths() {
	d := p.target.Domain
	for _, query := range []string{"", forAddress(p.target.Known)} {
		first, _, ok := p.config(p.at(autoconfigHost(d), configPath+query))
		if !ok {
			continue
		}
		for _, path := range []string{
			p.at(d, wellKnownPath),
			p.at(autoconfigHost(d), wellKnownPath),
			p.at(autoconfigHost(d), gnomePath),
		} {
			if a, _, ok := p.config(path + query); ok && !bytes.Equal(a.body, first.body) {
				p.find(a.request, "the answer differs from that of %s; every path must return the same bytes", first.url)
			}
		}
	}
}

func (p *probe) configOverHTTP() {
	if !p.needs(p.target.HTTP, plainURL) {
		return
	}
	_, config, ok := p.knownConfig()
	if !ok {
		return
	}
	d := p.target.Domain
	for _, base := range []string{over("http", autoconfigHost(d), configPath), over("http", d, wellKnownPath)} {
		for _, query := range []string{"", forAddress(p.target.Known)} {
			p.reachable(base+query, servers(config))
		}
	}
}

// reachable requires the config at a plain http URL, or a redirect to https.
func (p *probe) reachable(from string, want []string) {
	a, ok := p.ask(get(from))
	if !ok {
		return
	}
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		p.hasServers(a, want)
		return
	}
	location := a.header.Get("Location")
	to, err := url.Parse(location)
	asked, _ := url.Parse(from)
	switch {
	case err != nil || to.Scheme != "https" || to.Path != asked.Path || to.RawQuery != asked.RawQuery:
		p.find(a.request, "it redirects to %q; the target must be https with the same path and query", location)
	case p.target.HTTPS == "":
		p.skip("it redirects to https, and no base URL for https was given")
	default:
		p.sameServers(location, want) // a second redirect is a finding
	}
}

func (p *probe) configOfUnknownDomain() {
	u := p.target.Unserved
	if !p.needs(u, unserved) {
		return
	}
	urls := []string{
		p.at(autoconfigHost(u), configPath+forAddress("anna@"+u)),
		p.at(autoconfigHost(u), configPath),
		p.at(u, wellKnownPath+forAddress("anna@"+u)),
		p.at(u, wellKnownPath),
		p.at(autoconfigHost(u), gnomePath),
	}
	if p.target.HTTPS != "" && p.target.HTTP != "" {
		urls = append(urls, over("http", autoconfigHost(u), configPath), over("http", u, wellKnownPath)) // KMail
	}
	for _, url := range urls {
		p.unknown(url)
	}
}

// unknown requires an error that no client reads as a config.
func (p *probe) unknown(url string) {
	a, ok := p.ask(get(url))
	if !ok {
		return
	}
	if a.status != http.StatusNotFound {
		p.find(a.request, "the status is %d; it must be 404 for an unknown domain", a.status)
	}
	if a.mediaType() != "text/plain" {
		p.find(a.request, "the content type is %q; an error must be text/plain", a.contentType())
	}
	if _, err := parseXML(a.body); err == nil || strings.Contains(strings.ToLower(string(a.body)), "<html") {
		p.find(a.request, "the body is markup; KMail also reads the body of an error, and stops searching when it is XML")
	}
}

func (p *probe) configAtMX() {
	mx, customer := p.target.MX, p.target.Customer
	if !p.needs(mx, mxDomains) || !p.needs(customer, mxDomains) {
		return
	}
	own, _, ok := p.config(p.at(autoconfigHost(customer), configPath+forAddress("anna@"+customer)))
	hoster, _, found := p.config(p.at(autoconfigHost(mx), configPath+forAddress("anna@"+mx)))
	if !ok || !found {
		return
	}
	if bytes.Equal(own.body, hoster.body) {
		p.find(own.request, "the config is the hoster's; it must be the customer's")
	}
	foreign := cmp.Or(p.target.Unserved, "not-served.invalid")
	for _, tc := range []struct {
		query string
		want  answer
		whose string
	}{
		{forAddress("anna@" + customer), own, "the customer's"},
		{forAddress("anna@" + foreign), hoster, "the hoster's"},
		{"", hoster, "the hoster's"}, // Thunderbird for Android does not send the address
	} {
		a, _, ok := p.config(p.at(autoconfigHost(mx), configPath+tc.query))
		if ok && !bytes.Equal(a.body, tc.want.body) {
			p.find(a.request, "the config is not %s, which is at %s", tc.whose, tc.want.url)
		}
	}
}
