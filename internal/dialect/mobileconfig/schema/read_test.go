package schema

import (
	"strings"
	"testing"
	"time"
)

func TestReadRefuses(t *testing.T) {
	list := func(inside string) string { return `<?xml version="1.0"?><plist version="1.0">` + inside + `</plist>` }
	for _, tc := range []struct{ name, content, want string }{
		{"nothing", "", "not a property list: there is no XML in it"},
		{"binary", "bplist00\x00\x00", "the property list is binary; convert it with plutil -convert xml1 before it is signed"},
		{"too long", list(strings.Repeat(" ", maxBytes)), "the property list is over 1048576 bytes"},
		{"too deep", list(strings.Repeat("<array>", maxDepth) + strings.Repeat("</array>", maxDepth)), "the property list has over 20000 elements, or more than 32 levels"},
		{"never ending levels", list(strings.Repeat("<array>", 100_000)), "the property list has over 20000 elements, or more than 32 levels"},
		{"too many elements", list("<array>" + strings.Repeat("<true/>", maxElements) + "</array>"), "the property list has over 20000 elements, or more than 32 levels"},
		{"an old form", strings.Repeat("(", 500_000), "not a property list: there is no XML in it"},
		{"an old form behind XML", `<?xml version="1.0"?>` + strings.Repeat("(", 500_000), "not a property list: there is no XML in it"},
		{"another document", "<html><body/></html>", "not a property list: the root element is <html>"},
		{"cut short", list("<dict>")[:50], "not a property list: XML syntax error"},
		{"a string", list("<string>x</string>"), "not a property list: "},
		{"an array", list("<array/>"), "not a property list: "},
		{"an empty list", list(""), "not a property list: "},
		{"an archiver's reference", list("<dict><key>CF$UID</key><integer>1</integer></dict>"), "not a property list: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			begin := time.Now()
			top, err := Read([]byte(tc.content))
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, %v; want %s", top, err, tc.want)
			}
			if took := time.Since(begin); took > 30*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestReadWithoutProlog(t *testing.T) {
	top, err := Read([]byte("<plist version=\"1.0\"><dict><key>PayloadVersion</key><integer>1</integer></dict></plist>\n"))
	if err != nil || top["PayloadVersion"] != uint64(1) {
		t.Errorf("%v, %v", top, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(profile))
	f.Add([]byte("bplist00"))
	f.Add([]byte(`<plist><dict><key>CF$UID</key><integer>1</integer></dict></plist>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		if top, err := Read(content); (top == nil) == (err == nil) {
			t.Errorf("%v, %v", top, err)
		}
	})
}
