package browser

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// codes has zbarimg read a screenshot of the QR code. The code of a page leads to the
// page, and so to the profile, which OpenSSL verifies. The code of an invitation leads
// to the invitation. The codes for apps say what the apps read.
func (p *pages) codes(t *testing.T) {
	var visits []map[string]any
	invitation := p.invitation(t, "anna@example.com", time.Hour)
	for name, visit := range map[string]map[string]any{
		"on a Mac":                {"userAgent": devices[2].userAgent, "width": 1280},
		"on a dark Mac":           {"userAgent": devices[2].userAgent, "width": 1280, "scheme": "dark"},
		"on Windows, for a phone": {"userAgent": devices[3].userAgent, "width": 1280, "device": "iphone"},
		"on a phone":              {"userAgent": devices[0].userAgent, "width": 320, "scheme": "dark", "scale": 2},
		"invitation":              {"userAgent": devices[3].userAgent, "path": invitation},
		"Thunderbird":             {"userAgent": devices[3].userAgent, "app": "thunderbird", "code": "for=thunderbird"},
		"DAVx5, dark":             {"userAgent": devices[3].userAgent, "scheme": "dark", "device": "android", "app": "davx5", "code": "for=carddav"},
	} {
		visit["name"] = name
		if visit["path"] == nil {
			visit["address"] = "anna@example.com"
		}
		visits = append(visits, visit)
	}
	p.run(t, "code.mjs", map[string]any{"visits": visits}, func(t *testing.T, l looked) {
		clean(t, l)
		link, err := p.read(t, l.Files["code"])
		if err != nil {
			t.Fatal(err)
		}
		if want, ok := map[string]string{
			"invitation":  "https://" + setupHost + invitation,
			"Thunderbird": thunderbirdCode("imap.example.com", 993, "anna@example.com"),
			"DAVx5, dark": "carddavs://anna%40example.com@dav.example.com/contacts/",
		}[l.Name]; ok {
			if link != want {
				t.Errorf("it says %s, want %s", link, want)
			}
			return
		}
		path, ok := strings.CutPrefix(link, "https://"+setupHost+"/s/")
		if !ok || strings.Contains(link, "anna") {
			t.Fatalf("it leads to %s", link)
		}
		if page := p.fetch(t, "en", http.StatusOK, "/s/"+path, nil); !strings.Contains(string(page), `action="/p/`+path+`"`) && !strings.Contains(string(page), "anna@example.com") {
			t.Fatalf("the page is %s", page)
		}
		p.verify(t, p.fetch(t, "en", http.StatusOK, "/p/"+path, nil), "anna@example.com")
	})
}

// thunderbirdCode is what Thunderbird for Android reads.
func thunderbirdCode(imap string, port int, address string) string {
	return fmt.Sprintf(`[1,[1,1],[0,%q,%d,3,1,%q],[[[0,"smtp.example.com",465,3,1,%[3]q],[%[3]q,""]]]]`, imap, port, address)
}

// read returns the text of the QR code in a picture.
func (p *pages) read(t *testing.T, picture string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), p.zbarimg, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture).Output()
	if err != nil {
		return "", fmt.Errorf("zbarimg reads nothing: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
