package autodiscover

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// pointer is the response of Autodiscover version 2: the URL of a protocol.
type pointer struct {
	Protocol string
	URL      string `json:"Url"`
}

// jsonError is an error of the JSON endpoints. It is never formatted as XML.
type jsonError struct {
	code string // as Exchange spells it
	error
}

func (e *jsonError) Unwrap() error { return e.error }

func (e *jsonError) response() dialect.Response {
	return jsonResponse(dialect.FailureOf(e.error).Status, struct {
		ErrorCode    string
		ErrorMessage string
	}{e.code, dialect.PublicMessage(e.error)})
}

// json answers Outlook 2019 and later, Microsoft's AutoDetect and Apple Mail.
// Without an address the host name gives the domain. An unknown domain gets 404,
// so that the client tries its next candidate instead of the XML.
func (d autodiscover) json(r *http.Request) (dialect.Response, error) {
	// An address in the path is in lower case, which is harmless: the answer
	// depends on the domain.
	addr, err := r.PathValue("address"), error(nil)
	if addr == "" {
		addr, err = dialect.QueryAddress(r, "Email")
	}
	if err != nil {
		return dialect.Response{}, &jsonError{"InvalidUserId", err}
	}
	q, err := dialect.Ask(r, addr)
	if err != nil {
		return dialect.Response{}, &jsonError{"InvalidUserId", err}
	}
	s, err := d.resolver.Resolve(r.Context(), q)
	if moved, ok := errors.AsType[*settings.MovedError](err); ok && moved.To.URL != "" && strings.EqualFold(parameter(r, "Protocol"), xmlProtocol) {
		return jsonResponse(http.StatusOK, pointer{xmlProtocol, moved.To.URL}), nil
	}
	if err != nil {
		if settings.KindOf(err) == settings.UnknownDomain {
			return dialect.Response{}, &jsonError{"UserNotFound", err}
		}
		return dialect.Response{}, &jsonError{"InternalServerError", err}
	}
	if s.Provider.Outlook.NoJSON {
		return dialect.Response{}, &jsonError{"NotFound", settings.Errorf(settings.NotOffered, "this form of Autodiscover is not offered for that domain")}
	}
	if err := refuseLoop(r, s); err != nil {
		return dialect.Response{}, &jsonError{"NotFound", err}
	}
	to, err := pointTo(r, s)
	if err != nil {
		return dialect.Response{}, err
	}
	resp := jsonResponse(http.StatusOK, to)
	resp.Domain = s.Domain
	return resp, nil
}

// xmlProtocol is this server's own; services have the others.
const xmlProtocol = "AutodiscoverV1"

// named are the services with a value of Protocol.
func named() []struct {
	name     string
	protocol settings.Protocol
} {
	return []struct {
		name     string
		protocol settings.Protocol
	}{{"ActiveSync", settings.ActiveSync}, {"EWS", settings.EWS}}
}

// pointTo returns the URL of the XML endpoint, or that of a service. Other values,
// such as REST, are for Exchange and invalid here.
func pointTo(r *http.Request, s settings.Settings) (pointer, error) {
	supported, asked := xmlProtocol, parameter(r, "Protocol")
	var found pointer
	for _, n := range named() {
		svc, ok := settings.First(s.Services(), n.protocol)
		if !ok {
			continue
		}
		supported += "," + n.name
		if strings.EqualFold(asked, n.name) {
			found = pointer{n.name, svc.URL}
		}
	}
	switch {
	case asked == "":
		return pointer{}, &jsonError{"MandatoryParameterMissing", settings.Errorf(settings.BadRequest, "A valid value must be provided for the query parameter 'Protocol'. Supported values are '%s'.", supported)}
	case strings.EqualFold(asked, xmlProtocol):
		if to := s.Provider.Outlook.Redirect; to != nil && to.URL != "" {
			return pointer{xmlProtocol, to.URL}, nil
		}
		return pointer{xmlProtocol, "https://" + xmlHost(r, s) + xmlPath}, nil
	case found.URL != "":
		return found, nil
	}
	return pointer{}, &jsonError{"InvalidProtocol", settings.Errorf(settings.BadRequest, "The given protocol value is invalid. Supported values are '%s'.", supported)}
}

// xmlHost returns the host name of the request, whose certificate the client has
// just accepted; behind a proxy that replaced it with an IP address, the name
// that clients use by default.
func xmlHost(r *http.Request, s settings.Settings) string {
	if host := dialect.HostName(r); host != "" {
		return string(host)
	}
	return "autodiscover." + string(s.Domain)
}

// parameter returns the first parameter of the query with a name, "" for none.
func parameter(r *http.Request, name string) string {
	value, _, _ := dialect.CutParameter(r.URL.RawQuery, name)
	if decoded, err := url.QueryUnescape(value); err == nil {
		value = strings.TrimSpace(decoded)
	}
	return value
}

func jsonResponse(status int, v any) dialect.Response {
	body, err := json.Marshal(v)
	if err != nil { // a struct of strings always encodes
		return dialect.PlainFailure(err)
	}
	return dialect.Response{Status: status, ContentType: jsonType, Body: append(body, '\n')}
}
