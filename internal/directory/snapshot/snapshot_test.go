package snapshot

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

func answers() []lookup.Known {
	at := time.Unix(1_800_000_000, 0)
	return []lookup.Known{
		{Domain: "a.example", Source: "customers", Record: &source.Record{Provider: "hoster", Overrides: []source.Override{{Protocol: settings.IMAP, Host: "imap.a.example", Port: 993}}}, Asked: at},
		{Domain: "b.example", Source: "resellers", Record: &source.Record{Disabled: true}, Asked: at},
		{Local: "anna", Domain: "a.example", Source: "customers", Record: &source.Record{Login: "web1p1"}, Asked: at},
		{Local: "nobody", Domain: "a.example", Source: "customers", Asked: at},
	}
}

func read(t *testing.T, path string, sources map[string]string, most int) ([]lookup.Known, error) {
	t.Helper()
	var got []lookup.Known
	err := Read(path, sources, func(k lookup.Known) { got = append(got, k) }, most)
	for i := range got {
		got[i].Asked = time.Unix(got[i].Asked.Unix(), 0)
	}
	return got, err
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "answers")
	sources := map[string]string{"customers": "1", "resellers": "1"}
	all := answers()
	for range 2 { // the second one replaces the first
		if err := Write(path, sources, slices.Values(all), 100); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("%d files, want 1, %v", len(files), err)
	}
	for _, tc := range []struct {
		name    string
		sources map[string]string
		most    int
		want    []lookup.Known
	}{
		{"the same sources", sources, 100, all},
		{"a source that is asked in another way", map[string]string{"customers": "2", "resellers": "1"}, 100, all[1:2]},
		{"a source that was removed", map[string]string{"resellers": "1"}, 100, all[1:2]},
		{"a smaller cache", sources, 2, all[:2]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, err := read(t, path, tc.sources, tc.most); err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, tc.want)
			}
		})
	}
	if err := Write(path, sources, slices.Values(all), 1); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, path, sources, 100); err != nil || len(got) != 1 {
		t.Errorf("%d answers, want 1, %v", len(got), err)
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	sources := map[string]string{"customers": "1", "resellers": "1"}
	if got, err := read(t, filepath.Join(dir, "missing"), sources, 100); err != nil || len(got) > 0 {
		t.Errorf("a missing file: %v, %v", got, err)
	}
	path := filepath.Join(dir, "answers")
	if err := Write(path, sources, slices.Values(answers()), 100); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var other strings.Builder
	if err := encode(&other, header{Version: version + 1, Sources: sources}, slices.Values(answers()), 100); err != nil {
		t.Fatal(err)
	}
	var noDomain strings.Builder
	if err := encode(&noDomain, header{Version: version, Sources: sources}, slices.Values([]lookup.Known{{Domain: "A b", Source: "customers"}}), 100); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, content, want string }{
		{"empty", "", "cannot be read: "},
		{"another program's", "PK\x03\x04 and so on", "cannot be read: "},
		{"cut off", string(whole[:len(whole)-5]), "cannot be read: "},
		{"another version", other.String(), "has version 2, not 1"},
		{"a name that is no domain", noDomain.String(), "has a name that is not a domain"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := read(t, path, sources, 100); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if err := Write(filepath.Join(path, "below a file"), sources, slices.Values(answers()), 100); err == nil {
		t.Error("wrote below a file")
	}
}
