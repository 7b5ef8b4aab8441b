package doctor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/dnslookup"
)

// digest verifies the digest of the PACC document, without which clients do not
// use it (draft-ietf-mailmaint-pacc).
func (x *examination) digest(ctx context.Context, j *journey) {
	name := "_ua-auto-config." + x.domain
	content := j.documents[0].content
	sum := sha256.Sum256(content)
	want := "v=UAAC1; a=sha256; d=" + base64.StdEncoding.EncodeToString(sum[:])
	record := fmt.Sprintf("Publish the record: %s. TXT \"%s\"", name, want)
	answer, err := x.net.lookup(ctx, name, dnslookup.TXT)
	if err != nil {
		j.breaks = append(j.breaks, fault{"dns-failure", name, err.Error(), "Make the name servers of " + x.domain + " answer."})
		return
	}
	digests := 0
	for _, text := range answer.Texts("") {
		tags, ok := readTags(text)
		if !ok || tags["v"] != "UAAC1" || tags["a"] != "sha256" {
			continue
		}
		digests++
		if tags["d"] == base64.StdEncoding.EncodeToString(sum[:]) {
			x.issuer(ctx, content, j)
			return
		}
	}
	if digests == 0 {
		j.breaks = append(j.breaks, fault{"pacc-digest-missing", name, "there is no TXT record with the digest of the document", record})
		return
	}
	j.breaks = append(j.breaks, fault{"pacc-digest-mismatch", name, "no published digest is that of the served document", record})
}

// readTags reads a list such as "v=STSv1; id=1"; false when a tag is listed twice.
func readTags(text string) (map[string]string, bool) {
	tags := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if name == "" && !ok {
			continue
		}
		if _, twice := tags[name]; twice || !ok {
			return nil, false
		}
		tags[name] = strings.TrimSpace(value)
	}
	return tags, true
}

// issuer verifies the metadata of the OAuth2 issuer that the PACC document names
// (RFC 8414): its own issuer, and that a client can register.
func (x *examination) issuer(ctx context.Context, content []byte, j *journey) {
	var document struct {
		Authentication struct {
			OAuthPublic struct {
				Issuer string `json:"issuer"`
			} `json:"oauth-public"`
			Password bool `json:"password"`
		} `json:"authentication"`
	}
	if err := json.Unmarshal(content, &document); err != nil || document.Authentication.OAuthPublic.Issuer == "" {
		return
	}
	issuer := document.Authentication.OAuthPublic.Issuer
	note := func(f fault) {
		if document.Authentication.Password {
			x.book.add(f, "") // the client falls back to the password
			return
		}
		j.breaks = append(j.breaks, f)
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		note(fault{"oauth-issuer-invalid", issuer, "the issuer is not an https URL without query and fragment", "Correct the issuer in the settings of the server."})
		return
	}
	x.examineResources(ctx, j.documents[0], issuer)
	at := wellKnown(u, "oauth-authorization-server", strings.TrimSuffix(u.EscapedPath(), "/"))
	a := x.web.ask(ctx, client.Get(client.Target, at))
	var metadata struct {
		Issuer       string   `json:"issuer"`
		Registration string   `json:"registration_endpoint"`
		Scopes       []string `json:"scopes_supported"`
	}
	switch {
	case a.fault != nil || a.status != http.StatusOK:
		note(fault{"oauth-metadata-missing", at, "the issuer has no metadata: " + a.summary(), "Publish the metadata of the authorization server (RFC 8414) at this URL."})
		return
	case json.Unmarshal(a.body, &metadata) != nil:
		note(fault{"oauth-metadata-unreadable", at, "the metadata of the issuer is not a JSON object", "Publish the metadata of the authorization server (RFC 8414) at this URL."})
		return
	case metadata.Issuer != issuer:
		note(fault{"oauth-issuer-mismatch", at, fmt.Sprintf("the metadata is of the issuer %q, the document names %q", metadata.Issuer, issuer), "Write the issuer exactly as its metadata has it."})
		return
	}
	if metadata.Registration == "" {
		note(fault{"oauth-no-registration", at, "the issuer does not let clients register (RFC 7591)", "Enable dynamic registration at the issuer: clients of PACC have no other client id."})
	}
	if mail := "urn:ietf:params:oauth:scope:mail"; !slices.Contains(metadata.Scopes, mail) {
		note(fault{"oauth-no-mail-scope", at, "the issuer does not list the scope " + mail, "Add the scope " + mail + " at the issuer."})
	}
}

// wellKnown returns where the metadata of a URL is: the well-known part comes before
// its path (RFC 8414 section 3.1, RFC 9728 section 3.1).
func wellKnown(u *url.URL, kind, path string) string {
	return u.Scheme + "://" + u.Host + "/.well-known/" + kind + path
}
