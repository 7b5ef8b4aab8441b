package mobileconfig

import (
	"regexp"
	"testing"

	howett "howett.net/plist"

	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig/schema"
)

// fromName is a UUID of version 5: made from a name, never at random.
var fromName = regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`)

// checkProfile validates a profile by Apple's schema and returns its payloads
// by their type.
func checkProfile(t *testing.T, profile []byte) (top map[string]any, payloads map[string]map[string]any) {
	t.Helper()
	if err := schema.Check(profile); err != nil {
		t.Fatalf("%v\n%s", err, profile)
	}
	if _, err := howett.Unmarshal(profile, &top); err != nil {
		t.Fatal(err)
	}
	payloads = map[string]map[string]any{}
	uuids := []any{top["PayloadUUID"]}
	for _, c := range top["PayloadContent"].([]any) {
		d := c.(map[string]any)
		payloads[d["PayloadType"].(string)] = d
		uuids = append(uuids, d["PayloadUUID"])
	}
	for _, id := range uuids {
		if !fromName.MatchString(id.(string)) {
			t.Errorf("%s is no UUID of version 5", id)
		}
	}
	return top, payloads
}
