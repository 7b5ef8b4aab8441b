package service

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// listing returns settings with this many domains.
func listing(domains int) string {
	text := settingsFor("mail.example.net")
	if domains == 0 {
		text, _, _ = strings.Cut(text, "domains:")
	}
	for i := range domains - 1 {
		text += fmt.Sprintf("  d%d.example: {provider: one}\n", i)
	}
	return text
}

// TestAFileThatIsCutOff reloads files with fewer domains, as when an editor or a copy
// is interrupted at the end of a line.
func TestAFileThatIsCutOff(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before, after int
		force         bool
		refused       bool
	}{
		"cut off":                       {2001, 900, false, true},
		"cut off, but that is intended": {2001, 900, true, false},
		"a tenth":                       {1000, 900, false, false},
		"a tenth and one":               {1000, 899, false, true},
		"ten of few":                    {12, 2, false, false},
		"eleven of few":                 {12, 1, false, true},
		"all of few":                    {1, 0, false, true},
		"more than before":              {900, 2001, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, listing(tc.before))
			h.write(h.file, listing(tc.after))
			query := ""
			if tc.force {
				query = "?force"
			}
			status := http.StatusOK
			if tc.refused {
				status = http.StatusUnprocessableEntity
			}
			resp, err := http.Post("http://"+h.svc.Addr("ops")+"/-/reload"+query, "", nil)
			if err != nil || resp.StatusCode != status {
				t.Fatalf("%v, %v", resp, err)
			}
			_ = resp.Body.Close()
			want, serves := "waymark_config_last_reload_successful 1", tc.after
			if tc.refused {
				want, serves = "waymark_config_last_reload_successful 0", tc.before
			}
			if metrics := h.opsPage("/metrics"); !strings.Contains(metrics, want) || !strings.Contains(metrics, fmt.Sprintf("waymark_config_domains %d\n", serves)) {
				t.Errorf("%s and %d domains are not in the metrics", want, serves)
			}
			finding := fmt.Sprintf("%d of %d domains are missing", tc.before-tc.after, tc.before)
			logged := strings.Contains(fmt.Sprint(h.logs.All()), finding)
			if logged != tc.refused && !tc.force { // before it is forced, the watcher may have been refused
				t.Errorf("logged %v: %s", logged, finding)
			}
		})
	}
}
