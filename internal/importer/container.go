package importer

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// maxEnvironment bounds an env file, in octets.
const maxEnvironment = 1 << 20

// containerVariables are the variables of the container
// autodiscover-email-settings.
func containerVariables() []string {
	return []string{
		"COMPANY_NAME", "SUPPORT_URL", "DOMAIN",
		"IMAP_HOST", "IMAP_PORT", "IMAP_SOCKET",
		"POP_HOST", "POP_PORT", "POP_SOCKET",
		"SMTP_HOST", "SMTP_PORT", "SMTP_SOCKET",
		"MOBILESYNC_URL", "MOBILESYNC_NAME",
		"LDAP_HOST", "LDAP_PORT", "LDAP_SOCKET", "LDAP_BASE", "LDAP_USER_FIELD", "LDAP_USER_BASE", "LDAP_SEARCH",
		"PROFILE_IDENTIFIER", "PROFILE_UUID", "MAIL_UUID", "LDAP_UUID",
		"PORT",
	}
}

func known(name string) bool { return slices.Contains(containerVariables(), name) }

// AutodiscoverEmailSettings makes a settings file from the environments of
// containers of that name: one env file per container, or getenv without files.
// The error names the file that cannot be read, or is ErrNothing.
func AutodiscoverEmailSettings(files []string, getenv func(string) (string, bool)) (Result, error) {
	d := newDraft()
	var found []container
	const origin = "the environment of autodiscover-email-settings"
	if len(files) == 0 {
		var variables []variable
		for _, name := range containerVariables() {
			if value, ok := getenv(name); ok && name != "PORT" { // which any process may have
				variables = append(variables, variable{position{key: name}, clean(value)})
			}
		}
		d.addContainers([]container{d.container(position{}, variables)})
		return d.result(origin)
	}
	for _, file := range files {
		data, err := readFile(file, maxEnvironment)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %s", plain(file), reason(err))
		}
		c, err := d.envFile(file, data)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %w", plain(file), err)
		}
		found = append(found, c)
	}
	d.addContainers(found)
	return d.result(origin)
}

// envFile reads the container of one env file.
func (d *draft) envFile(file string, data []byte) (container, error) {
	if len(data) > maxEnvironment {
		return container{}, fmt.Errorf("the file is larger than %d MiB", maxEnvironment>>20)
	}
	variables, err := d.parseEnv(file, data)
	if err != nil {
		return container{}, err
	}
	return d.container(position{file: file}, variables), nil
}

// container is what one container offers.
type container struct {
	position
	provider settings.Provider
	domain   word    // as written
	listed   []named // the same, if it is a domain
}

// addContainers adds the containers. Each answers for every domain that reaches it,
// with the same servers. Of several ones, only the proxy in front knows which of them
// has a domain.
func (d *draft) addContainers(all []container) {
	alike := !slices.ContainsFunc(all, func(c container) bool {
		return !reflect.DeepEqual(c.provider, all[0].provider)
	})
	for i, c := range all {
		if alike && i == 0 && len(c.provider.Services) > 0 {
			c.listed = append(c.listed, named{c.domain.position, everyOther})
			d.hint(c.domain.position, `the container answers for every domain, and so does "*"; remove it to answer for the listed ones only`)
		}
		d.add(c.position, c.provider, c.listed)
	}
	if !alike {
		d.lost(position{key: "DOMAIN"}, "each container answers for every domain that the proxy sends it; list those besides DOMAIN yourself")
	}
}

// container reads the environment of one container.
func (d *draft) container(at position, variables []variable) container {
	e := environment{d, at, map[string]word{}}
	for _, v := range variables {
		switch {
		case !known(v.key):
			d.hint(v.position, "unknown variable; skipped")
		case strings.Contains(v.value, "$"):
			d.lost(v.position, "the value refers to another variable; replace it by the value")
		default:
			e.words[v.key] = word{v.position, v.value}
		}
	}
	p := settings.Provider{Name: d.name(e.word("COMPANY_NAME")), HelpURL: e.help()}
	p.ID = p.Name
	for _, m := range []struct {
		prefix   string
		protocol settings.Protocol
	}{{"IMAP", settings.IMAP}, {"POP", settings.POP3}, {"SMTP", settings.Submission}} {
		if svc, ok := e.mail(m.prefix, m.protocol); ok {
			p.Services = d.append(p.Services, svc, e.word(m.prefix+"_HOST").position)
		}
	}
	if svc, ok := e.activeSync(); ok {
		p.Services = append(p.Services, svc)
	}
	e.without("LDAP_HOST", "LDAP address books are not imported",
		"LDAP_HOST", "LDAP_PORT", "LDAP_SOCKET", "LDAP_BASE", "LDAP_USER_FIELD", "LDAP_USER_BASE", "LDAP_SEARCH")
	e.without("PROFILE_IDENTIFIER", "Waymark derives profile identifiers from the provider id: a device keeps the old profile beside the new one until the old one is removed",
		"PROFILE_IDENTIFIER", "PROFILE_UUID", "MAIL_UUID", "LDAP_UUID")
	e.listen()
	e.differences(p)
	return container{at, p, e.word("DOMAIN"), e.domain()}
}

// differences adds hints about values that clients see in another form.
func (e environment) differences(p settings.Provider) {
	if len(p.Services) == 0 {
		return
	}
	if p.Name != "" {
		e.hint(e.word("COMPANY_NAME").position, "Thunderbird was told the name %s and the part before @ as its short form; all clients get %s", quoted(p.Name+" Email"), quoted(p.Name))
	}
	if p.Services[0].Protocol != settings.ActiveSync {
		e.hint(e.position, "Outlook was told to use secure password authentication (SPA), and is now told to send the password over TLS")
	}
}

// environment is the environment of one container.
type environment struct {
	*draft
	position
	words map[string]word
}

// word returns the value of a variable. One that is not set has the position of
// the environment.
func (e environment) word(name string) word {
	if w, ok := e.words[name]; ok {
		return w
	}
	return word{position: position{e.file, e.line, name}}
}

func (e environment) domain() []named {
	w := e.word("DOMAIN")
	if w.text == "" {
		return nil
	}
	name, err := address.ParseDomain(w.text)
	if err != nil {
		e.lost(w.position, "%s: %v; not imported", quoted(w.text), err)
		return nil
	}
	return []named{{w.position, name}}
}

func (e environment) help() string {
	w := e.word("SUPPORT_URL")
	if w.text == "" {
		return ""
	}
	u, err := webURLOf(w.text)
	if err != nil {
		e.lost(w.position, "page not imported: %v", err)
		return ""
	}
	return u
}

// mail returns a service; false when its host is not set.
func (e environment) mail(prefix string, p settings.Protocol) (settings.Service, bool) {
	host, port, socket := e.word(prefix+"_HOST"), e.word(prefix+"_PORT"), e.word(prefix+"_SOCKET")
	if host.text == "" {
		if port.text != "" || socket.text != "" {
			e.hint(host.position, "is not set; the container does not offer the service")
		}
		return settings.Service{}, false
	}
	return e.byHost(server{
		position: host.position, protocol: p, host: host, port: port, socket: socket,
		// The container supports nothing else.
		user: word{host.position, emailAddress}, schemes: []scheme{{word: word{host.position, "password-cleartext"}}},
	})
}

func (e environment) activeSync() (settings.Service, bool) {
	e.without("MOBILESYNC_NAME", "the server name is not used", "MOBILESYNC_NAME")
	w := e.word("MOBILESYNC_URL")
	if w.text == "" {
		return settings.Service{}, false
	}
	return e.byURL(webServer{
		position: w.position, protocol: settings.ActiveSync, url: w,
		user: word{w.position, emailAddress}, schemes: []scheme{{word: word{w.position, "http-basic"}}},
	})
}

// without adds a note for the variables that are set but not imported.
func (e environment) without(name, text string, names ...string) {
	var set []string
	for _, n := range names {
		if e.words[n].text != "" {
			set = append(set, n)
		}
	}
	if len(set) > 0 {
		at := e.word(name).position
		at.key = strings.Join(set, ", ")
		e.lost(at, "%s", text)
	}
}

// listen keeps the port, which the reverse proxy uses.
func (e environment) listen() {
	w := e.word("PORT")
	if w.text == "" {
		return
	}
	listen := ":" + w.text
	n, err := strconv.ParseUint(w.text, 10, 16)
	switch {
	case err != nil || n == 0:
		e.lost(w.position, "the port must be a number from 1 to 65535, is %s", quoted(w.text))
	case e.draft.listen != "" && e.draft.listen != listen:
		e.lost(w.position, "one server has one port; this one is not imported")
	default:
		e.draft.listen = listen
	}
}
