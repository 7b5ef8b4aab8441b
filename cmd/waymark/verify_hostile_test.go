package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/waymark-mail/waymark/test/certtest"
)

// signedBy returns content signed as anybody can sign it: with a certificate of
// their own making.
func signedBy(t testing.TB, name string, content []byte) []byte {
	t.Helper()
	p := certtest.Certify(name, certtest.NewKey(), nil)
	data, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := data.AddSigner(p.Cert, p.Key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	der, err := data.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// binaryList returns a binary property list with one object and the given
// root.
func binaryList(object []byte, root uint64) []byte {
	list := slices.Concat([]byte("bplist00"), object)
	table := uint64(len(list))
	list = append(list, 8) // the object's offset
	list = append(list, 0, 0, 0, 0, 0, 0, 1, 1)
	for _, n := range []uint64{1, root, table} {
		list = binary.BigEndian.AppendUint64(list, n)
	}
	return list
}

func propertyList(inside string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<plist version="1.0">` + inside + `</plist>`)
}

// hostileProfiles are contents that broke a library that reads property lists,
// or would fill its memory.
func hostileProfiles() map[string][]byte {
	return map[string][]byte{
		"a binary list whose root does not exist":      binaryList([]byte{0x09}, 1),
		"a binary list that contains itself":           binaryList([]byte{0xa1, 0}, 0),
		"a binary list with a string of 128 GiB":       binaryList([]byte{0x5f, 0x13, 0, 0, 0, 0x20, 0, 0, 0, 0}, 0),
		"a binary list with an array of 2^34 elements": binaryList([]byte{0xaf, 0x13, 0, 0, 0, 4, 0, 0, 0, 0}, 0),
		"a binary list without an end":                 []byte("bplist00"),
		"arrays nested without end":                    propertyList(strings.Repeat("<array>", 100_000)),
		"arrays nested too deep":                       propertyList(strings.Repeat("<array>", 40_000) + strings.Repeat("</array>", 40_000)),
		"half a million elements":                      propertyList("<array>" + strings.Repeat("<a/>", 200_000) + "</array>"),
		"a list in the old text form":                  []byte(strings.Repeat("(", 500_000)),
		"XML before a list in the old text form":       []byte("<?xml version=\"1.0\"?>" + strings.Repeat("(", 500_000)),
		"a profile that is a string":                   propertyList("<string>x</string>"),
		"nothing in the list":                          propertyList(""),
		"no content":                                   nil,
	}
}

// TestVerifyHostileProfiles checks that a profile from a stranger gives one
// line that says what is wrong with it.
func TestVerifyHostileProfiles(t *testing.T) {
	for name, content := range hostileProfiles() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.mobileconfig")
			if err := os.WriteFile(path, signedBy(t, "signer", content), 0o600); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			status, stdout, stderr := waymark(t, "verify", path)
			if status != statusFindings || strings.Count(stdout, "\n") != 1 || !strings.HasPrefix(stdout, path+": ") {
				t.Errorf("status %d\n%s%s", status, stdout, stderr)
			}
			if took := time.Since(begin); took > 30*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestVerifyCannotBeForged signs names that try to look like the report's own
// lines, or to move the cursor of the terminal.
func TestVerifyCannotBeForged(t *testing.T) {
	const forged = "x\ntrusted     yes\n\u009b2J\u202e"
	head := "<key>PayloadDisplayName</key><string>" + forged + "</string><key>PayloadIdentifier</key><string>" + forged + "</string>"
	payload := "<dict>" + head + "<key>PayloadType</key><string>" + forged + "</string></dict>"
	content := propertyList("<dict>" + head + "<key>PayloadType</key><string>Configuration</string><key>PayloadContent</key><array>" + payload + "</array></dict>")
	for _, format := range []string{"text", "json"} {
		path := file(t, "x.mobileconfig", string(signedBy(t, forged+"\x1b[2J", content)))
		status, stdout, stderr := waymark(t, "verify", "-o", format, path)
		if status != statusFindings || stderr != "" {
			t.Errorf("%s: status %d: %s", format, status, stderr)
		}
		checkForged(t, stdout)
		if format == "text" && !strings.Contains(stdout, "\ntrusted     no: ") {
			t.Errorf("the report is incomplete:\n%s", stdout)
		}
	}
}

// checkForged fails when output holds a line that only a stranger could have
// written, or a character that a terminal obeys.
func checkForged(t testing.TB, output string) {
	t.Helper()
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "trusted     yes") {
			t.Errorf("a forged line in\n%q", output)
		}
	}
	if i := strings.IndexAny(output, "\x1b\x7f\u009b\u202e"); i >= 0 {
		t.Errorf("the output holds %q:\n%q", output[i:i+1], output)
	}
}

// FuzzVerify reports on whatever anybody may have signed or damaged, without a
// panic, without a line of their own, and never as trusted.
func FuzzVerify(f *testing.F) {
	for _, content := range hostileProfiles() {
		if len(content) < 1000 {
			f.Add("signer", content, uint32(0))
			f.Add("signer", content, uint32(40))
		}
	}
	f.Add("x\ntrusted     yes\x1b[2J", propertyList("<dict><key>PayloadDisplayName</key><string>x\ntrusted     yes</string></dict>"), uint32(0))
	path := filepath.Join(f.TempDir(), "x.mobileconfig")
	f.Fuzz(func(t *testing.T, name string, content []byte, damage uint32) {
		der := signedBy(t, strings.ToValidUTF8(name, ""), content)
		if damage != 0 {
			der[int(damage)%len(der)] ^= 1
		}
		if err := os.WriteFile(path, der, 0o600); err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := waymark(t, "verify", path)
		if status != statusFindings || stderr != "" {
			t.Errorf("status %d: %s", status, stderr)
		}
		checkForged(t, stdout)
	})
}
