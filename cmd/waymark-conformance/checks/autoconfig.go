package checks

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
)

// autoconfigChecks are about finding the config; what is in it has checks of
// its own.
func autoconfigChecks() []Check {
	return []Check{
		{1, "autoconfig.DOMAIN has the config: 200 and XML in UTF-8, without a byte order mark, marked as such", (*probe).configIsThere},
		{2, "without an address, with an empty one and with Evolution's emailmd5 the servers are the same", (*probe).configWithoutAddress},
		{3, "plus signs encoded or not, capitals and a final dot in the address do no harm", (*probe).configForOddAddresses},
		{4, "every path of the config gives the same bytes", (*probe).configPaths},
		{5, "plain http gives the config, or one redirect to https that keeps path and query", (*probe).configOverHTTP},
		{6, "an unknown domain gets 404 in plain text, and nothing that a parser would take for a config", (*probe).configOfUnknownDomain},
		{18, "autoconfig.MXDOMAIN gives customers their own config, and everybody else the hoster's", (*probe).configAtMX},
	}
}

// autoconfigHost is the name that clients make up.
func autoconfigHost(domain string) string { return "autoconfig." + domain }

// forAddress is the query as Thunderbird writes it.
func forAddress(address string) string { return "?emailaddress=" + url.QueryEscape(address) }

// knownConfig asks for the config of the known mailbox.
func (p *probe) knownConfig() (answer, *element, bool) {
	return p.config(p.at(autoconfigHost(p.target.Domain), configPath+forAddress(p.target.Known)))
}

// config asks a URL for a config and reports whether there was one.
func (p *probe) config(url string) (answer, *element, bool) {
	a, ok := p.ask(get(url))
	if !ok {
		return a, nil, false
	}
	root, ok := p.readConfig(a)
	return a, root, ok
}

func (p *probe) readConfig(a answer) (*element, bool) {
	if a.status != http.StatusOK {
		p.find(a.request, "the status is %d; the config comes with 200", a.status)
		return nil, false
	}
	root, err := parseXML(a.body)
	switch {
	case err != nil:
		p.find(a.request, "the config is no XML that every client reads: %v", err)
	case !root.is("clientConfig"):
		p.find(a.request, "the root element is %s; it must be clientConfig", root.name.Local)
	default:
		return root, true
	}
	return nil, false
}

// servers returns the mail servers of a config, a line each.
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

// sameServers asks a URL and compares the servers with those that are expected.
func (p *probe) sameServers(url string, want []string) {
	a, config, ok := p.config(url)
	if !ok {
		return
	}
	if got := servers(config); !slices.Equal(got, want) {
		p.find(a.request, "the servers are %q; they must be %q", got, want)
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

// inUTF8 looks at the beginning and the encoding of an XML document. What it
// holds was read as UTF-8 already.
func (p *probe) inUTF8(a answer) {
	if _, parameters, _ := strings.Cut(strings.ToLower(a.contentType()), "charset="); parameters != "" && strings.Trim(parameters, `" `) != "utf-8" {
		p.find(a.request, "the content type %q names another encoding than UTF-8", a.contentType())
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
		"a+b@" + d,     // FairEmail and Nextcloud send it as it is
		"a%2Bb%40" + d, // Thunderbird
		"a%20b@" + d,   // a plus sign that something on the way took for a space
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
				p.find(a.request, "the answer differs from that of %s; every path must give the same bytes", first.url)
			}
		}
	}
}

func (p *probe) configOverHTTP() {
	if p.target.HTTP == "" {
		p.skip("it needs the base URL of plain http")
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

// reachable wants the config at a URL of plain http, or a redirect to https.
func (p *probe) reachable(from string, want []string) {
	a, ok := p.ask(get(from))
	if !ok {
		return
	}
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		if config, ok := p.readConfig(a); ok && !slices.Equal(servers(config), want) {
			p.find(a.request, "the servers are %q; they must be %q", servers(config), want)
		}
		return
	}
	location := a.header.Get("Location")
	to, err := url.Parse(location)
	asked, _ := url.Parse(from)
	switch {
	case err != nil || to.Scheme != "https" || to.Path != asked.Path || to.RawQuery != asked.RawQuery:
		p.find(a.request, "it redirects to %q; it must be https with the same path and query", location)
	case p.target.HTTPS == "":
		p.skip("it redirects to https, of which no base URL was given")
	default:
		p.sameServers(location, want) // a second redirect is no config
	}
}

func (p *probe) configOfUnknownDomain() {
	u := p.target.Unserved
	if u == "" {
		p.skip("it needs a domain that the server does not answer for")
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

// unknown wants a refusal that no client takes for a config.
func (p *probe) unknown(url string) {
	a, ok := p.ask(get(url))
	if !ok {
		return
	}
	if a.status != http.StatusNotFound {
		p.find(a.request, "the status is %d; a domain that is not served gets 404", a.status)
	}
	if a.mediaType() != "text/plain" {
		p.find(a.request, "the content type is %q; a refusal is text/plain", a.contentType())
	}
	if _, err := parseXML(a.body); err == nil || strings.Contains(strings.ToLower(string(a.body)), "<html") {
		p.find(a.request, "the body is markup; KMail reads the body of a refusal, too, and stops looking when it is XML")
	}
}

func (p *probe) configAtMX() {
	mx, customer := p.target.MX, p.target.Customer
	if mx == "" || customer == "" {
		p.skip("it needs the domain of a hoster's mail exchangers and that of a customer")
		return
	}
	own, _, ok := p.config(p.at(autoconfigHost(customer), configPath+forAddress("anna@"+customer)))
	if !ok {
		return
	}
	hoster, _, ok := p.config(p.at(autoconfigHost(mx), configPath+forAddress("anna@"+mx)))
	if !ok {
		return
	}
	if bytes.Equal(own.body, hoster.body) {
		p.find(own.request, "the config is the hoster's; it must name the customer's domain")
	}
	foreign := cmp.Or(p.target.Unserved, "not-served.invalid")
	for _, tc := range []struct {
		query string
		want  answer
		whose string
	}{
		{forAddress("anna@" + customer), own, "the customer's"},
		{forAddress("anna@" + foreign), hoster, "the hoster's"},
		{"", hoster, "the hoster's"}, // Thunderbird for Android does not tell the address
	} {
		a, _, ok := p.config(p.at(autoconfigHost(mx), configPath+tc.query))
		if ok && !bytes.Equal(a.body, tc.want.body) {
			p.find(a.request, "the config is not %s, which is the one at %s", tc.whose, tc.want.url)
		}
	}
}
