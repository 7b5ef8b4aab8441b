package autodiscover

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

// askJSON sends a request to the endpoint that the server would choose: path
// folded to lower case, the parameter decoded.
func askJSON(t testing.TB, host, target string) (status int, contentType, body string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "https://autodiscover.example.com"+target, nil)
	r.Host = host
	path := jsonPath
	if addr, ok := strings.CutPrefix(strings.ToLower(r.URL.Path), jsonPath+"/v1.0/"); ok {
		path += "/v1.0/{address}"
		r.SetPathValue("address", addr)
	}
	resp, _ := ask(t, path, r)
	return resp.Status, resp.ContentType, string(resp.Body)
}

func TestJSON(t *testing.T) {
	const (
		xmlFound  = `{"Protocol":"AutodiscoverV1","Url":"https://autodiscover.example.com/autodiscover/autodiscover.xml"}`
		syncFound = `{"Protocol":"ActiveSync","Url":"https://sync.example.net/Microsoft-Server-ActiveSync"}`
		invalid   = `{"ErrorCode":"InvalidProtocol","ErrorMessage":"The given protocol value is invalid. Supported values are 'AutodiscoverV1'."}`
		missing   = `{"ErrorCode":"MandatoryParameterMissing","ErrorMessage":"A valid value must be provided for the query parameter 'Protocol'. Supported values are 'AutodiscoverV1'."}`
		unknown   = `{"ErrorCode":"UserNotFound","ErrorMessage":"this server does not answer for that domain"}`
		off       = `{"ErrorCode":"NotFound","ErrorMessage":"this form of Autodiscover is not offered for that domain"}`
	)
	for _, tc := range []struct {
		name, host, target string
		status             int
		want               string
	}{
		{"Outlook 2019", "", "/autodiscover/autodiscover.json?Email=anna%40example.com&Protocol=Autodiscoverv1&RedirectCount=1", 200, xmlFound},
		{"Outlook, the other spelling", "", "/autodiscover/autodiscover.json?Email=anna@example.com&Protocol=AutodiscoverV1", 200, xmlFound},
		{"any case everywhere", "", "/AutoDiscover/AutoDiscover.JSON/V1.0/Anna@EXAMPLE.com?PROTOCOL=AUTODISCOVERV1", 200, xmlFound},
		{"address in the path", "", "/autodiscover/autodiscover.json/v1.0/anna@example.com?Protocol=AutodiscoverV1", 200, xmlFound},
		{"address in the path, encoded", "", "/autodiscover/autodiscover.json/v1.0/anna%40example.com?Protocol=AutodiscoverV1", 200, xmlFound},
		{"sub-address in the path", "", "/autodiscover/autodiscover.json/v1.0/anna+b%40example.com?Protocol=AutodiscoverV1", 200, xmlFound},
		{"U-labels in the path", "", "/autodiscover/autodiscover.json/v1.0/anna%40b%C3%BCcher.example?Protocol=AutodiscoverV1", 200, xmlFound},
		{"no address", "", "/autodiscover/autodiscover.json?Protocol=AutodiscoverV1", 200, xmlFound},
		{"empty address", "", "/autodiscover/autodiscover.json?Email=&Protocol=AutodiscoverV1", 200, xmlFound},
		{"the host the client used, without its port", "Mail.Example.NET:8443", "/autodiscover/autodiscover.json?Email=anna@example.com&Protocol=AutodiscoverV1", 200, `{"Protocol":"AutodiscoverV1","Url":"https://mail.example.net/autodiscover/autodiscover.xml"}`},
		{"a proxy that hides the host", "127.0.0.1:8080", "/autodiscover/autodiscover.json?Email=anna@dav.example.com&Protocol=AutodiscoverV1", 200, `{"Protocol":"AutodiscoverV1","Url":"https://autodiscover.dav.example.com/autodiscover/autodiscover.xml"}`},
		{"Nine, where there is ActiveSync", "", "/autodiscover/autodiscover.json?Email=anna@sync.example.com&Protocol=ActiveSync", 200, syncFound},
		{"ActiveSync in lower case", "", "/autodiscover/autodiscover.json?email=anna@sync.example.com&protocol=activesync", 200, syncFound},

		{"Nine, where there is no ActiveSync", "", "/autodiscover/autodiscover.json?Email=anna@example.com&Protocol=ActiveSync", 400, invalid},
		{"Apple Mail", "", "/autodiscover/autodiscover.json/v1.0/anna@example.com?Protocol=EWS", 400, invalid},
		{"what is supported depends on the provider", "", "/autodiscover/autodiscover.json?Email=anna@sync.example.com&Protocol=REST", 400, strings.Replace(invalid, "AutodiscoverV1'", "AutodiscoverV1,ActiveSync'", 1)},
		{"hostile protocol is not repeated", "", "/autodiscover/autodiscover.json?Email=anna@example.com&Protocol=%22%3Cscript%3E%0D%0A", 400, invalid},
		{"protocol that is not encoded correctly", "", "/autodiscover/autodiscover.json?Email=anna@example.com&Protocol=%zz", 400, invalid},
		{"no protocol", "", "/autodiscover/autodiscover.json?Email=anna@example.com", 400, missing},
		{"empty protocol", "", "/autodiscover/autodiscover.json?Email=anna@example.com&Protocol=", 400, missing},
		{"no protocol, address in the path", "", "/autodiscover/autodiscover.json/v1.0/anna@example.com", 400, missing},
		{"malformed address", "", "/autodiscover/autodiscover.json?Email=a@b@example.com&Protocol=AutodiscoverV1", 400, `{"ErrorCode":"InvalidUserId","ErrorMessage":"the address has more than one @"}`},
		{"malformed address in the path", "", "/autodiscover/autodiscover.json/v1.0/anna?Protocol=AutodiscoverV1", 400, `{"ErrorCode":"InvalidUserId","ErrorMessage":"the address has no @"}`},
		{"address in the path, encoded twice", "", "/autodiscover/autodiscover.json/v1.0/anna%2540example.com?Protocol=AutodiscoverV1", 400, `{"ErrorCode":"InvalidUserId","ErrorMessage":"the address has no @"}`},
		{"address that is not encoded correctly", "", "/autodiscover/autodiscover.json?Email=%zz&Protocol=AutodiscoverV1", 400, `{"ErrorCode":"InvalidUserId","ErrorMessage":"the address in the query is not encoded correctly: % must be followed by two hexadecimal digits"}`},
		{"neither address nor host name", "127.0.0.1:8080", "/autodiscover/autodiscover.json?Protocol=AutodiscoverV1", 400, `{"ErrorCode":"InvalidUserId","ErrorMessage":"the request has no address, and its host name is not a domain"}`},

		{"unknown domain", "", "/autodiscover/autodiscover.json?Email=anna@elsewhere.example&Protocol=AutodiscoverV1", 404, unknown},
		{"unknown host", "elsewhere.example", "/autodiscover/autodiscover.json?Protocol=AutodiscoverV1", 404, unknown},
		{"switched off", "", "/autodiscover/autodiscover.json?Email=anna@no-json.example.com&Protocol=AutodiscoverV1", 404, off},
		{"switched off, no protocol", "", "/autodiscover/autodiscover.json?Email=anna@no-json.example.com", 404, off},
		{"a source of settings is down", "", "/autodiscover/autodiscover.json?Email=anna@down.example.com&Protocol=AutodiscoverV1", 503, `{"ErrorCode":"InternalServerError","ErrorMessage":"the settings cannot be read at the moment"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			host := tc.host
			if host == "" {
				host = "autodiscover.example.com"
			}
			status, contentType, body := askJSON(t, host, tc.target)
			if status != tc.status || contentType != "application/json" || body != tc.want+"\n" {
				t.Errorf("have %d %s %s, want %d %s", status, contentType, body, tc.status, tc.want)
			}
		})
	}
}

// FuzzJSON pins that every answer is one JSON object with a status that fits,
// that a URL in it is https on a valid host, and that errors repeat nothing.
func FuzzJSON(f *testing.F) {
	f.Add("autodiscover.example.com", "anna@example.com", "Email=anna%40example.com&Protocol=Autodiscoverv1&RedirectCount=1")
	f.Add("127.0.0.1:80", "", "protocol=activesync&email=anna@sync.example.com")
	f.Add("[::1]", "anna%40example.com", "Protocol=EWS&Protocol=AutodiscoverV1")
	f.Add("a\r\nb", "a%zz", "Protocol=%zz&Email=%")
	f.Fuzz(func(t *testing.T, host, addr, query string) {
		path := jsonPath
		r := httptest.NewRequest(http.MethodGet, "https://x"+jsonPath, nil)
		r.Host, r.URL.RawQuery = host, query
		if addr != "" {
			path += "/v1.0/{address}"
			r.SetPathValue("address", addr)
		}
		resp, err := ask(t, path, r)
		var doc map[string]string
		if uerr := json.Unmarshal(resp.Body, &doc); uerr != nil || len(doc) != 2 || resp.ContentType != jsonType {
			t.Fatalf("%s %q: %v", resp.ContentType, resp.Body, uerr)
		}
		switch resp.Status {
		case http.StatusOK:
			u, perr := url.Parse(doc["Url"])
			if err != nil || perr != nil || u.Scheme != "https" {
				t.Fatalf("%q: %v", resp.Body, err)
			}
			if d, derr := address.ParseDomain(u.Host); derr != nil || string(d) != u.Host {
				t.Fatalf("host of %q", resp.Body)
			}
		case http.StatusBadRequest, http.StatusNotFound, http.StatusServiceUnavailable:
			if err == nil || doc["ErrorCode"] == "" || len(doc["ErrorMessage"]) > 160 {
				t.Fatalf("%q: %v", resp.Body, err)
			}
		default:
			t.Fatalf("status %d", resp.Status)
		}
	})
}
