package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/settings"
)

func serviceFields() []field[settings.Service] {
	type service = settings.Service
	return []field[service]{
		{"protocol", func(r *reader, v value, s *service) {
			s.Protocol, _ = oneOf(r, v, "protocol", settings.Protocols())
		}},
		{"host", func(r *reader, v value, s *service) { s.Host, _ = r.text(v) }},
		{"port", func(r *reader, v value, s *service) {
			s.Port = uint16(r.number(v, 1, 65535)) //nolint:gosec // it fits
		}},
		{"security", func(r *reader, v value, s *service) {
			s.Security, _ = oneOf(r, v, "security", settings.Securities())
		}},
		{"url", func(r *reader, v value, s *service) { s.URL, _ = r.text(v) }},
		{"login", func(r *reader, v value, s *service) { s.Login = r.login(v) }},
		{"auth", func(r *reader, v value, s *service) { s.Auth = r.auths(v) }},
		{"leave_messages_on_server", func(r *reader, v value, s *service) { s.POP.LeaveMessagesOnServer = r.given(v) }},
		{"days_to_leave_messages_on_server", func(r *reader, v value, s *service) {
			s.POP.DaysToLeaveMessagesOnServer = r.number(v, 1, 3650)
		}},
		{"download_on_biff", func(r *reader, v value, s *service) { s.POP.DownloadOnBiff = r.given(v) }},
	}
}

// given reads an optional boolean.
func (r *reader) given(v value) *bool {
	if on, ok := r.truth(v); ok {
		return &on
	}
	return nil
}

// services reads a list of services. Login and Auth stay empty where a service
// sets none.
func (r *reader) services(v value) []settings.Service {
	var all []settings.Service
	fields := serviceFields()
	ok := r.items(v, "a list of services", func(v value) {
		var s settings.Service
		if readBlock(r, v, fields, &s) && r.finish(v, &s) {
			all = append(all, s)
		}
	})
	if ok && len(v.node.Content) == 0 {
		r.refuse(v, "must contain at least one service")
	}
	return all
}

// finish fills in the default port and security, reports the problems of a
// service and converts its names to canonical form. It returns false for an
// invalid service.
func (r *reader) finish(v value, s *settings.Service) bool {
	before := r.errors
	if s.Protocol == "" {
		if p := v.at("protocol"); !r.wrong[p.path] {
			r.refuse(p, "is missing; known: %s", list(settings.Protocols()))
		}
		return false
	}
	if !s.Protocol.ByURL() {
		if s.Security == "" && !r.wrong[v.at("security").path] {
			s.Security = settings.DefaultSecurity(s.Protocol, s.Port)
		}
		if s.Port == 0 {
			s.Port = settings.DefaultPort(s.Protocol, s.Security)
		}
	}
	written := v.at("host").written()
	for _, p := range complete([]settings.Service{*s}, "", nil)[0].Problems() {
		p.Text = asWritten(p.Text, fmt.Sprintf("port %d", s.Port), "port "+v.at("port").written())
		p.Text = asWritten(p.Text, "used with "+string(s.Security), "used with "+v.at("security").written())
		p.Text = asWritten(p.Text, "with security "+string(s.Security), "with security "+v.at("security").written())
		p.Text = asWritten(p.Text, string(s.Protocol), v.at("protocol").written())
		if p.Key == "host" && !p.Warning && s.Host != "" && s.Host == written {
			p.Text += bareHost(s.Host)
		}
		r.problem(v.at(p.Key), p)
	}
	if r.errors > before {
		return false
	}
	var err error
	if s.Protocol.ByURL() {
		s.URL, err = settings.ParseURL(s.URL)
	} else {
		s.Host, err = settings.ParseHost(s.Host)
	}
	return err == nil // Problems has reported the others
}

// asWritten replaces the values of references by their spelling in the file.
func asWritten(text, value, written string) string {
	if !strings.Contains(written, "${") {
		return text
	}
	return strings.ReplaceAll(text, value, written)
}

// complete returns services with the login and auth where they have none; "" and
// nil mean the defaults.
func complete(services []settings.Service, login settings.Login, auth []settings.Auth) []settings.Service {
	if login == "" {
		login = settings.LoginAddress
	}
	if auth == nil {
		auth = []settings.Auth{settings.Password}
	}
	all := slices.Clone(services)
	for i := range all {
		if all[i].Login == "" {
			all[i].Login = login
		}
		if all[i].Auth == nil {
			all[i].Auth = auth
		}
	}
	return all
}
