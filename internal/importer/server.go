package importer

import (
	"reflect"
	"strconv"

	"github.com/waymark-mail/waymark/internal/settings"
)

// server is a service with a host name, in the terms of another system.
type server struct {
	position
	protocol           settings.Protocol
	host, port, socket word
	user               word
	schemes            []scheme
	pop                settings.POPOptions
}

// byHost converts a service; it returns false, with a note, when it cannot be
// imported.
func (d *draft) byHost(s server) (settings.Service, bool) {
	svc := settings.Service{Protocol: s.protocol, POP: s.pop}
	if s.host.text == "" {
		return d.refuse(s.position, "no host name")
	}
	var err error
	if svc.Host, err = hostOf(s.host.text); err != nil {
		return d.refuse(s.host.position, "%s: %v", quoted(s.host.text), err)
	}
	if s.port.text != "" {
		n, err := strconv.ParseUint(s.port.text, 10, 16)
		if err != nil || n == 0 {
			return d.refuse(s.port.position, "the port must be a number from 1 to 65535, is %s", quoted(s.port.text))
		}
		svc.Port = uint16(n)
	}
	d.protect(&svc, s.socket)
	if svc.Port == 0 {
		if svc.Port = settings.DefaultPort(svc.Protocol, svc.Security); svc.Port == 0 {
			return d.refuse(s.port.position, "no port, and the protocol has no default port")
		}
		d.hint(s.port.position, "no port; using %d", svc.Port)
	}
	return d.withAccess(svc, s.position, s.user, s.schemes)
}

// protect sets the security of a service. The default is that of the port, never
// an unencrypted connection.
func (d *draft) protect(svc *settings.Service, socket word) {
	security, ok := securityOf(socket.text)
	if ok {
		svc.Security = security
		return
	}
	svc.Security = settings.DefaultSecurity(svc.Protocol, svc.Port)
	if socket.text == "" {
		d.hint(socket.position, "no connection security; using %s", svc.Security)
		return
	}
	d.lost(socket.position, "unknown connection security %s; using %s", quoted(socket.text), svc.Security)
}

// webServer is a service with a URL, in the terms of another system.
type webServer struct {
	position
	protocol settings.Protocol
	url      word
	user     word
	schemes  []scheme
}

// byURL converts a service; it returns false, with a note, when it cannot be
// imported.
func (d *draft) byURL(s webServer) (settings.Service, bool) {
	if s.url.text == "" {
		return d.refuse(s.position, "no URL")
	}
	u, err := urlOf(s.url.text)
	if err != nil {
		return d.refuse(s.url.position, "%v", err)
	}
	return d.withAccess(settings.Service{Protocol: s.protocol, URL: u}, s.position, s.user, s.schemes)
}

// withAccess adds the login and authentication.
func (d *draft) withAccess(svc settings.Service, at position, user word, schemes []scheme) (settings.Service, bool) {
	if svc.Auth = d.auths(at, schemes); svc.Auth == nil {
		return d.refuse(at, "no supported authentication")
	}
	svc.Login = d.login(user, svc.Auth)
	for _, p := range svc.Problems() {
		if !p.Warning {
			return d.refuse(at, "%s", p.Text)
		}
	}
	return svc, true
}

func (d *draft) refuse(at position, format string, args ...any) (settings.Service, bool) {
	d.lost(at, format+"; service not imported", args...)
	return settings.Service{}, false
}

// maxServices is more than any provider has, and few enough to compare every
// pair.
const maxServices = 100

// append adds a service to those of a provider, unless it is a duplicate.
func (d *draft) append(services []settings.Service, svc settings.Service, at position) []settings.Service {
	for _, have := range services {
		if reflect.DeepEqual(have, svc) {
			d.hint(at, "duplicate service; imported once")
			return services
		}
	}
	if len(services) == maxServices {
		d.lost(at, "more than %d services; this one is not imported", maxServices)
		return services
	}
	return append(services, svc)
}
