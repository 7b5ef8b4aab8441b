package settings

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problem is an error in, or a warning about, one key of a service or a
// provider.
type Problem struct {
	Key     string // of the settings file
	Text    string // what is wrong and how to fix it
	Warning bool
}

func wrong(key, format string, args ...any) Problem {
	return Problem{Key: key, Text: fmt.Sprintf(format, args...)}
}

func doubtful(key, format string, args ...any) Problem {
	return Problem{Key: key, Text: fmt.Sprintf(format, args...), Warning: true}
}

// Problems returns the problems of a service whose defaults are filled in.
func (s Service) Problems() []Problem {
	if !slices.Contains(Protocols(), s.Protocol) {
		return []Problem{wrong("protocol", "unknown protocol %q; known: %s", s.Protocol, list(Protocols()))}
	}
	var ps []Problem
	if s.Protocol.ByURL() {
		ps = s.problemsByURL()
	} else {
		ps = s.problemsByHost()
	}
	if s.Protocol != POP3 && s.POP != (POPOptions{}) {
		ps = append(ps, wrong(s.POP.firstKey(), "is an option of pop3, not of %s", s.Protocol))
	}
	if err := s.Login.Validate(); err != nil {
		ps = append(ps, wrong("login", "%v", err))
	}
	if s.Login.Literal() && looksLikeData(string(s.Login)) {
		ps = append(ps, doubtful("login", "Thunderbird reads %q as a number, a date or a boolean and changes it; put a letter in front", string(s.Login)))
	}
	return append(ps, s.problemsOfAuth()...)
}

// looksLikeData reports whether Thunderbird's autoconfig reader would convert a
// text: 007 to 7, 1e3 to 1000, true to a boolean.
func looksLikeData(text string) bool {
	if text == "true" || text == "false" {
		return true
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return true
	}
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// firstKey returns the key of the first option that is set.
func (o POPOptions) firstKey() string {
	switch {
	case o.LeaveMessagesOnServer != nil:
		return "leave_messages_on_server"
	case o.DaysToLeaveMessagesOnServer != 0:
		return "days_to_leave_messages_on_server"
	}
	return "download_on_biff"
}

func (s Service) problemsByURL() []Problem {
	var ps []Problem
	if s.Host != "" || s.Port != 0 || s.Security != "" {
		ps = append(ps, wrong("url", "%s is given by its url alone; put host and port into the url", s.Protocol))
	}
	u, err := ParseURL(s.URL)
	switch {
	case s.URL == "":
		ps = append(ps, wrong("url", "%s needs a url such as https://dav.example.com/", s.Protocol))
	case err != nil:
		ps = append(ps, wrong("url", "%v", err))
	case strings.HasPrefix(u, "http://"):
		ps = append(ps, doubtful("url", "passwords are sent in clear text over http; use https"))
	case s.Protocol == EWS && hasPort(u):
		ps = append(ps, doubtful("url", "Thunderbird ignores an ews url with a port; use port 443"))
	}
	return ps
}

// hasPort reports whether a URL names a port.
func hasPort(canonical string) bool {
	_, rest, _ := strings.Cut(canonical, "://")
	host, _, _ := strings.Cut(rest, "/")
	return strings.Contains(host, ":")
}

func (s Service) problemsByHost() []Problem {
	var ps []Problem
	if s.URL != "" {
		ps = append(ps, wrong("url", "%s is given by host, port and security, not by a url", s.Protocol))
	}
	if s.Host == "" {
		ps = append(ps, wrong("host", "%s needs a host such as mail.example.com", s.Protocol))
	} else if _, err := ParseHost(s.Host); err != nil {
		ps = append(ps, wrong("host", "%v", err))
	} else if strings.EqualFold(s.Host, "localhost") {
		ps = append(ps, doubtful("host", "localhost is the device of the user; write the public name of the mail server"))
	}
	if s.Port == 0 {
		ps = append(ps, wrong("port", "%s with security %s has no default port; set one", s.Protocol, s.Security))
	}
	switch {
	case !slices.Contains(Securities(), s.Security):
		ps = append(ps, wrong("security", "unknown security %q; known: %s", s.Security, list(Securities())))
	case s.Security == Plaintext:
		ps = append(ps, doubtful("security", "passwords and mail are sent in clear text; use tls or starttls"))
	case PortContradicts(s.Port, s.Security):
		ps = append(ps, doubtful("security", "port %d is not used with %s; some clients derive the security from the port and will fail; write %s", s.Port, s.Security, s.usualPorts()))
	}
	if s.Protocol == Submission && s.Port == 25 {
		ps = append(ps, doubtful("port", "port 25 is for mail between servers and blocked by most networks; use 465 with tls or 587 with starttls"))
	}
	return ps
}

// usualPorts returns the ways to make port and security fit.
func (s Service) usualPorts() string {
	other := TLS
	if s.Security == TLS {
		other = STARTTLS
	}
	text := "security: " + string(other)
	if port := DefaultPort(s.Protocol, s.Security); port != 0 {
		text += fmt.Sprintf(", or port: %d", port)
	}
	return text
}

func (s Service) problemsOfAuth() []Problem {
	var ps []Problem
	if len(s.Auth) == 0 {
		ps = append(ps, wrong("auth", "the list is empty; [password] is the default"))
	}
	for i, a := range s.Auth {
		switch {
		case !slices.Contains(Auths(), a):
			ps = append(ps, wrong("auth", "unknown authentication %q; known: %s", a, list(Auths())))
		case slices.Contains(s.Auth[:i], a):
			ps = append(ps, wrong("auth", "%q is listed twice", a))
		}
	}
	return ps
}

// Problems returns the problems of the provider without those of its services.
func (p *Provider) Problems() []Problem {
	var ps []Problem
	limit := func(key, what, name string, most int) {
		if n := len([]rune(name)); n == 0 || n > most {
			ps = append(ps, wrong(key, "the %s must have 1 to %d characters; it has %d", what, most, n))
		}
	}
	limit("name", "name", p.Name, MaxName)
	for _, lang := range slices.Sorted(maps.Keys(p.Names)) {
		limit("names."+lang, "name", p.Names[lang], MaxName)
	}
	limit("short_name", "short name", p.ShortName, MaxShortName)
	if len(p.Services) == 0 {
		return append(ps, wrong("services", "the provider offers nothing; list at least one service"))
	}
	imap, hasIMAP := First(p.Services, IMAP)
	pop, hasPOP := First(p.Services, POP3)
	smtp, hasSubmission := First(p.Services, Submission)
	if hasPOP && !hasIMAP {
		ps = append(ps, doubtful("services", "POP3 without IMAP: mail ends up on one device only"))
	}
	if (hasIMAP || hasPOP) && !hasSubmission {
		ps = append(ps, doubtful("services", "no submission: people can receive but not send"))
	}
	if _, hasEWS := First(p.Services, EWS); hasEWS && !hasIMAP && !hasPOP && p.Outlook.Redirect == nil && !p.Outlook.EWS {
		ps = append(ps, doubtful("services", "classic Outlook cannot use ews: set autodiscover.redirect to the Autodiscover service of the Exchange server, or autodiscover.ews to true if it has none"))
	}
	for _, s := range []Service{imap, pop, smtp} {
		if s.Security == STARTTLS && p.offers(s.Protocol, TLS) {
			ps = append(ps, doubtful("services", "%s prefers starttls to tls: clients follow this order, except those that read PACC, which has tls only; RFC 8314 recommends tls first", s.Protocol))
		}
	}
	return ps
}

func (p *Provider) offers(proto Protocol, sec Security) bool {
	return slices.ContainsFunc(p.Services, func(s Service) bool {
		return s.Protocol == proto && s.Security == sec
	})
}

func list[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}
