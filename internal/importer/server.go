package importer

import (
	"reflect"
	"strconv"

	"github.com/waymark-mail/waymark/internal/settings"
)

// server is a service named by its host, in the vocabulary of another system.
type server struct {
	place
	protocol           settings.Protocol
	host, port, socket word
	user               word
	schemes            []scheme
	pop                settings.POPOptions
}

// byHost returns what a server is here; false, with a note, when it cannot be
// carried over.
func (d *draft) byHost(s server) (settings.Service, bool) {
	svc := settings.Service{Protocol: s.protocol, POP: s.pop}
	if s.host.text == "" {
		return d.refuse(s.place, "there is no host name")
	}
	var err error
	if svc.Host, err = hostOf(s.host.text); err != nil {
		return d.refuse(s.host.place, "%s: %v", quoted(s.host.text), err)
	}
	if s.port.text != "" {
		n, err := strconv.ParseUint(s.port.text, 10, 16)
		if err != nil || n == 0 {
			return d.refuse(s.port.place, "the port must be a number from 1 to 65535, is %s", quoted(s.port.text))
		}
		svc.Port = uint16(n)
	}
	d.protect(&svc, s.socket)
	if svc.Port == 0 {
		if svc.Port = settings.DefaultPort(svc.Protocol, svc.Security); svc.Port == 0 {
			return d.refuse(s.port.place, "names no port, and there is no usual one")
		}
		d.hint(s.port.place, "names no port: %d is taken", svc.Port)
	}
	return d.withAccess(svc, s.place, s.user, s.schemes)
}

// protect fills in the security of a service. What is not known becomes what
// the port is for, which is never a connection in clear.
func (d *draft) protect(svc *settings.Service, socket word) {
	security, ok := securityOf(socket.text)
	if ok {
		svc.Security = security
		return
	}
	svc.Security = settings.DefaultSecurity(svc.Protocol, svc.Port)
	if socket.text == "" {
		d.hint(socket.place, "does not say how the connection is protected: %s is taken", svc.Security)
		return
	}
	d.lost(socket.place, "%s is no kind of connection that is known: %s is taken", quoted(socket.text), svc.Security)
}

// webServer is a service named by its URL, in the vocabulary of another system.
type webServer struct {
	place
	protocol settings.Protocol
	url      word
	user     word
	schemes  []scheme
}

// byURL returns what a service is here; false, with a note, when it cannot be
// carried over.
func (d *draft) byURL(s webServer) (settings.Service, bool) {
	if s.url.text == "" {
		return d.refuse(s.place, "there is no URL")
	}
	u, err := urlOf(s.url.text)
	if err != nil {
		return d.refuse(s.url.place, "%v", err)
	}
	return d.withAccess(settings.Service{Protocol: s.protocol, URL: u}, s.place, s.user, s.schemes)
}

// withAccess adds how people log in.
func (d *draft) withAccess(svc settings.Service, at place, user word, schemes []scheme) (settings.Service, bool) {
	if svc.Auth = d.auths(at, schemes); svc.Auth == nil {
		return d.refuse(at, "there is no way to log in that can be said here")
	}
	svc.Login = d.login(user, svc.Auth)
	for _, p := range svc.Problems() {
		if !p.Warning {
			return d.refuse(at, "%s", p.Text)
		}
	}
	return svc, true
}

func (d *draft) refuse(at place, format string, args ...any) (settings.Service, bool) {
	d.lost(at, format+"; the service is not carried over", args...)
	return settings.Service{}, false
}

// maxServices is more than any provider has, and few enough to compare each
// with each.
const maxServices = 100

// append adds a service to those of a provider, unless it is a duplicate.
func (d *draft) append(services []settings.Service, svc settings.Service, at place) []settings.Service {
	for _, have := range services {
		if reflect.DeepEqual(have, svc) {
			d.hint(at, "duplicate service; written once")
			return services
		}
	}
	if len(services) == maxServices {
		d.lost(at, "there are more than %d services; this one is not carried over", maxServices)
		return services
	}
	return append(services, svc)
}
