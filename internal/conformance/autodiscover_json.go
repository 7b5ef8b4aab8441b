package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

const jsonPath = "/autodiscover/autodiscover.json"

func autodiscoverJSONChecks() []Check {
	return []Check{
		check(33, "Autodiscover JSON names the URL of the XML in both forms of its path, and returns 400 for Exchange protocols", (*probe).autodiscoverJSON),
	}
}

func (p *probe) autodiscoverJSON() {
	host := autodiscoverHost(p.target.Domain)
	address := p.target.Known
	forms := func(protocol string) []string {
		return []string{
			p.at(host, jsonPath+"?Email="+url.QueryEscape(address)+protocol),
			p.at(host, jsonPath+"?Email="+address+"&RedirectCount=1"+protocol),
			p.at(host, jsonPath+"/v1.0/"+address+"?"+strings.TrimPrefix(protocol, "&")),
			p.at(host, "/Autodiscover/Autodiscover.json/v1.0/"+url.PathEscape(address)+"?"+strings.TrimPrefix(protocol, "&")),
		}
	}
	if p.target.NoJSON {
		for _, url := range forms("&Protocol=AutodiscoverV1") {
			if a, ok := p.ask(get(url)); ok && a.status != http.StatusNotFound {
				p.find(a.request, "the status is %d; it must be 404 when JSON is disabled", a.status)
			}
		}
		return
	}
	for _, protocol := range []string{"&Protocol=AutodiscoverV1", "&protocol=autodiscoverv1", "&Protocol=AUTODISCOVERV1"} {
		for _, url := range forms(protocol) {
			p.pointsToXML(url)
		}
	}
	others := []string{"REST", "Unknown"}
	if !p.target.EWS {
		others = append(others, "EWS", "ews")
	}
	if !p.target.ActiveSync {
		others = append(others, "ActiveSync", "activesync")
	}
	for _, other := range others {
		for _, url := range forms("&Protocol=" + other) {
			p.jsonError(url, "InvalidProtocol")
		}
	}
	for _, url := range forms("") {
		p.jsonError(url, "")
	}
}

// readJSON requires a status and a JSON object.
func (p *probe) readJSON(url string, status int) (answer, map[string]any, bool) {
	a, ok := p.ask(get(url))
	if !ok {
		return a, nil, false
	}
	var object map[string]any
	err := json.Unmarshal(a.body, &object)
	if a.status != status || a.mediaType() != "application/json" || err != nil {
		p.find(a.request, "the answer is %d %s; it must be %d with a JSON object as application/json", a.status, a.contentType(), status)
		return a, nil, false
	}
	return a, object, true
}

func (p *probe) pointsToXML(from string) {
	a, object, ok := p.readJSON(from, http.StatusOK)
	if !ok {
		return
	}
	if object["Protocol"] != "AutodiscoverV1" {
		p.find(a.request, "Protocol is %q; it must be AutodiscoverV1", object["Protocol"])
	}
	location, _ := object["Url"].(string)
	to, err := url.Parse(location)
	if err != nil || to.Scheme != "https" || to.Hostname() == "" || !strings.EqualFold(to.Path, poxPath) {
		p.find(a.request, "Url is %s; it must be https with the path %s", quoted(location), poxPath)
		return
	}
	p.poxAnswer(post(p.at(to.Hostname(), to.Path), poxType, outlookRequest(p.target.Known)))
}

// jsonError requires 400 in JSON, with this code unless it is "".
func (p *probe) jsonError(url, code string) {
	a, object, ok := p.readJSON(url, http.StatusBadRequest)
	if !ok {
		return
	}
	got, _ := object["ErrorCode"].(string)
	message, _ := object["ErrorMessage"].(string)
	if got == "" || message == "" || code != "" && got != code {
		p.find(a.request, "ErrorCode is %s and ErrorMessage %s; both are required, with the code %s", quoted(got), quoted(message), code)
	}
}
