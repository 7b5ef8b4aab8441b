package markup_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/clients/markup"
)

func TestReadPropertyList(t *testing.T) {
	const head, foot = `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd"><plist version="1.0">`, `</plist>`
	for _, tc := range []struct {
		name, value string
		want        any
		err         string
	}{
		{"everything", `<dict><key>s</key><string>a &amp; b</string><key>i</key><integer>-1</integer><key>r</key><real>1.5</real><key>t</key><true/><key>f</key><false/><key>d</key><date>2040-01-02T03:04:05Z</date><key>b</key><data> YW5u YQ== </data><key>a</key><array><string/><dict/></array></dict>`,
			map[string]any{"s": "a & b", "i": int64(-1), "r": 1.5, "t": true, "f": false, "d": time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC), "b": []byte("anna"), "a": []any{"", map[string]any{}}}, ""},
		{"a real that is a whole number stays one", `<real>993</real>`, 993.0, ""},
		{"an empty integer", `<integer/>`, nil, `strconv.ParseInt: parsing "": invalid syntax`},
		{"an empty real number", `<real/>`, nil, `strconv.ParseFloat: parsing "": invalid syntax`},
		{"a duplicate key", `<dict><key>a</key><true/><key>a</key><true/></dict>`, nil, "duplicate key a"},
		{"a key without a value", `<dict><key>a</key></dict>`, nil, "a key has no value"},
		{"a value without a key", `<dict><true/><true/></dict>`, nil, "there is a <true> where a key should be"},
		{"text between the keys", `<dict>x</dict>`, nil, "there is text in <dict>"},
		{"an element in a string", `<string><true/></string>`, nil, "there is an element in <string>"},
		{"an unknown element", `<dict><key>a</key><number>1</number></dict>`, nil, "a: <number> is not a value of a property list"},
		{"an attribute", `<string x="">a</string>`, nil, "<string> has an attribute"},
		{"two values", `<true/><true/>`, nil, "the root is not a plist of version 1.0 with one value"},
	} {
		got, err := markup.ReadPropertyList([]byte(head + tc.value + foot))
		if tc.err != "" {
			if err == nil || err.Error() != tc.err {
				t.Errorf("%s: %v, want %q", tc.name, err, tc.err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %#v, %v; want %#v", tc.name, got, err, tc.want)
		}
	}
}
