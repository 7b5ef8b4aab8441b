package mobileconfig

import (
	"os"
	"strings"
	"testing"
)

func TestReadContents(t *testing.T) {
	profile, err := os.ReadFile("testdata/golden/alias-addresses.mobileconfig")
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadContents(profile)
	if err != nil || c.Name == "" || c.Identifier == "" || len(c.Payloads) == 0 || c.Payloads[0].Type != "com.apple.mail.managed" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := ReadContents([]byte("hello")); err == nil || !strings.HasPrefix(err.Error(), "not a configuration profile: ") {
		t.Errorf("a text: %v", err)
	}
}
