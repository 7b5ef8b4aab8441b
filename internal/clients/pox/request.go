package pox

import (
	"net/http"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Path is where Autodiscover is served. Servers must match it in any case.
const Path = "/autodiscover/autodiscover.xml"

// Post returns the request of most clients for the settings of an address.
func Post(owner client.Owner, url, address string) client.Question {
	return client.Question{
		Owner: owner, Method: http.MethodPost, URL: url,
		Header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}},
		Body:   Body(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(address)),
	}
}

// Body returns the document that Post sends (MS-OXDSCLI section 2.2.3), with
// the address exactly as given.
func Body(address string) string {
	return `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>` + address + `</EMailAddress>
    <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
  </Request>
</Autodiscover>
`
}
