package importer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// maxEnvironment bounds a file with environment variables.
const maxEnvironment = 1 << 20

// containerVariables are all that the container autodiscover-email-settings
// reads.
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

// AutodiscoverEmailSettings makes a settings file from the environment of the
// container of that name: from files, each with any number of environments, or
// without files from getenv. The error says what cannot be read, or is
// ErrNothing.
func AutodiscoverEmailSettings(files []string, getenv func(string) (string, bool)) (Result, error) {
	d := newDraft()
	const origin = "the environment of autodiscover-email-settings"
	if len(files) == 0 {
		var s setting
		for _, name := range containerVariables() {
			if value, ok := getenv(name); ok && name != "PORT" { // which any process may have
				s.variables = append(s.variables, variable{place{key: name}, clean(value)})
			}
		}
		d.container(s)
		return d.result(origin)
	}
	for _, file := range files {
		data, err := readFile(file, maxEnvironment)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %s", plain(file), reason(err))
		}
		if err := d.containers(file, data); err != nil {
			return Result{}, fmt.Errorf("%s: %w", plain(file), err)
		}
	}
	return d.result(origin)
}

// containers adds what a file says.
func (d *draft) containers(file string, data []byte) error {
	if len(data) > maxEnvironment {
		return fmt.Errorf("the file is larger than %d MiB", maxEnvironment>>20)
	}
	settings, err := d.parseSettings(file, data)
	if err != nil {
		return err
	}
	if len(settings) == 0 {
		return errors.New("none of its services has the variables DOMAIN and IMAP_HOST")
	}
	for _, s := range settings {
		d.container(s)
	}
	return nil
}

// container adds what the environment of one container says.
func (d *draft) container(s setting) {
	e := environment{d, s.place, map[string]word{}}
	for _, v := range s.variables {
		switch {
		case !known(v.key):
			d.hint(v.place, "unknown variable of the container; ignored")
		case strings.Contains(v.value, "$"):
			d.lost(v.place, "the value comes from another variable; write it out")
		default:
			e.words[v.key] = word{v.place, v.value}
		}
	}
	p := settings.Provider{Name: d.name(e.word("COMPANY_NAME")), HelpURL: e.help()}
	p.ID = p.Name
	for _, m := range []struct {
		prefix   string
		protocol settings.Protocol
	}{{"IMAP", settings.IMAP}, {"POP", settings.POP3}, {"SMTP", settings.Submission}} {
		if svc, ok := e.mail(m.prefix, m.protocol); ok {
			p.Services = d.append(p.Services, svc, e.word(m.prefix+"_HOST").place)
		}
	}
	if svc, ok := e.activeSync(); ok {
		p.Services = append(p.Services, svc)
	}
	e.without("LDAP_HOST", "address books in LDAP are not carried over",
		"LDAP_HOST", "LDAP_PORT", "LDAP_SOCKET", "LDAP_BASE", "LDAP_USER_FIELD", "LDAP_USER_BASE", "LDAP_SEARCH")
	e.without("PROFILE_IDENTIFIER", "identifiers of Apple profiles are made from the id of the provider: a device that has a profile of the old service takes the new one for a second account, until the old one is removed",
		"PROFILE_IDENTIFIER", "PROFILE_UUID", "MAIL_UUID", "LDAP_UUID")
	e.listen()
	d.add(s.place, p, e.domain())
}

// environment is that of one container.
type environment struct {
	*draft
	place
	words map[string]word
}

// word returns the value of a variable; one that is not set stands where the
// environment does.
func (e environment) word(name string) word {
	if w, ok := e.words[name]; ok {
		return w
	}
	return word{place: place{e.file, e.line, name}}
}

func (e environment) domain() []named {
	w := e.word("DOMAIN")
	if w.text == "" {
		return nil
	}
	name, err := address.ParseDomain(w.text)
	if err != nil {
		e.lost(w.place, "%s: %v; it is not carried over", quoted(w.text), err)
		return nil
	}
	return []named{{w.place, name}}
}

func (e environment) help() string {
	w := e.word("SUPPORT_URL")
	if w.text == "" {
		return ""
	}
	u, err := webURLOf(w.text)
	if err != nil {
		e.lost(w.place, "the page is not carried over: %v", err)
		return ""
	}
	return u
}

// mail returns a service that is on, which it is when it has a host.
func (e environment) mail(prefix string, p settings.Protocol) (settings.Service, bool) {
	host, port, socket := e.word(prefix+"_HOST"), e.word(prefix+"_PORT"), e.word(prefix+"_SOCKET")
	if host.text == "" {
		if port.text != "" || socket.text != "" {
			e.hint(host.place, "is not set: the container does not offer the service")
		}
		return settings.Service{}, false
	}
	return e.byHost(server{
		place: host.place, protocol: p, host: host, port: port, socket: socket,
		// The container knows nothing else.
		user: word{host.place, emailAddress}, schemes: []scheme{{word: word{host.place, "password-cleartext"}}},
	})
}

func (e environment) activeSync() (settings.Service, bool) {
	e.without("MOBILESYNC_NAME", "the name of the server is not told to anybody", "MOBILESYNC_NAME")
	w := e.word("MOBILESYNC_URL")
	if w.text == "" {
		return settings.Service{}, false
	}
	return e.byURL(webServer{
		place: w.place, protocol: settings.ActiveSync, url: w,
		user: word{w.place, emailAddress}, schemes: []scheme{{word: word{w.place, "http-basic"}}},
	})
}

// without notes variables that have no place here, those that are set.
func (e environment) without(name, text string, names ...string) {
	var set []string
	for _, n := range names {
		if e.words[n].text != "" {
			set = append(set, n)
		}
	}
	if len(set) > 0 {
		at := e.word(name).place
		at.key = strings.Join(set, ", ")
		e.lost(at, "%s", text)
	}
}

// listen keeps the port that a proxy in front asks.
func (e environment) listen() {
	w := e.word("PORT")
	if w.text == "" {
		return
	}
	listen := ":" + w.text
	n, err := strconv.ParseUint(w.text, 10, 16)
	switch {
	case err != nil || n == 0:
		e.lost(w.place, "the port must be a number from 1 to 65535, is %s", quoted(w.text))
	case e.draft.listen != "" && e.draft.listen != listen:
		e.lost(w.place, "one server has one port; this one is not carried over")
	default:
		e.draft.listen = listen
	}
}
