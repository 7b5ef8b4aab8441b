package browser

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/page"
)

// markup fetches every page that there is, for every app in every language,
// and checks it by the rules of HTML.
func (p *pages) markup(t *testing.T) {
	files := map[string]string{}
	dir := t.TempDir()
	for _, language := range p.languages {
		keep := func(name string, status int, path string, form url.Values) {
			file := filepath.Join(dir, fmt.Sprintf("%d.html", len(files)))
			if err := os.WriteFile(file, p.fetch(t, language, status, path, form), 0o600); err != nil {
				t.Fatal(err)
			}
			files[language+", "+name] = file
		}
		keep("start", http.StatusOK, "/", nil)
		keep("problem", http.StatusNotFound, "/", url.Values{"email": {"anna@elsewhere.example"}})
		keep("no address", http.StatusBadRequest, "/", url.Values{"email": {`"><b>&amp;`}})
		keep("invitation", http.StatusOK, p.invitation(t, "anna@example.com", time.Hour), nil)
		keep("expired", http.StatusGone, p.invitation(t, "anna@example.com", -time.Hour), nil)
		keep("no device", http.StatusOK, "/", url.Values{"email": {"anna@example.com"}})
		keep("wrong password", http.StatusOK, p.pageOf(t, "markup."+language+"@tried.example")+"/password", url.Values{"password": {"wrong"}})
		keep("a domain", http.StatusOK, "/domain", nil)
		keep("wrong domain", http.StatusNotFound, "/domain?domain=elsewhere.example", nil)
		keep("own domain", http.StatusOK, "/domain?domain=example.com", nil)
		keep("password", http.StatusOK, p.pageOf(t, "anna@example.com"), nil)
		keep("the end", http.StatusOK, p.pageOf(t, "anna@example.com")+"?device=iphone&done=1", nil)
		for _, app := range page.Apps() {
			for _, address := range []string{"anna@example.com", "anna@little.example", longAddress} {
				keep(app+", "+address, http.StatusOK, "/", url.Values{"email": {address}, "app": {app}})
			}
		}
	}
	p.run(t, "markup.mjs", map[string]any{"pages": files}, clean)
}

// pageOf returns the path of the page that a typed address leads to.
func (p *pages) pageOf(t *testing.T, address string) string {
	t.Helper()
	resp, err := p.client.PostForm("https://"+setupHost+"/", url.Values{"email": {address}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.Request.URL.Path
}

// fetch gets a page, or posts a form to one.
func (p *pages) fetch(t *testing.T, language string, status int, path string, form url.Values) []byte {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+setupHost+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Language", language)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := p.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	if resp.StatusCode != status {
		t.Fatalf("%s %v: %s", path, form, resp.Status)
	}
	return body
}
