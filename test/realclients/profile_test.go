package realclients

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
)

// TestProfiles downloads profiles in every shape that the examples give, signed
// by an identity that OpenSSL made. OpenSSL must find the signature good, and
// two readers of property lists must find the same in them: the accounts of the
// canonical settings.
func TestProfiles(t *testing.T) {
	openssl := programs.Need(t, "openssl", "openssl")
	tools := readers{
		plistutil: programs.Need(t, "plistutil", "libplist-utils"),
		python:    programs.Need(t, "python3", "python3"),
	}
	chain := newChain(t, openssl)
	for _, example := range []string{"infomaniak.yaml", "selfhosted.yaml", "hosting.yaml"} {
		w := start(t, example, chain.signing())
		emails := []string{}
		for domain := range w.cfg.Domains {
			emails = append(emails, "anna@"+string(domain))
		}
		if w.cfg.CatchAll != nil {
			emails = append(emails, "anna@unlisted.test")
		}
		slices.Sort(emails)
		for _, email := range emails {
			s := w.canonical(t, email, "")
			for _, selection := range []string{"", "mail", "contacts", "calendar,contacts"} {
				want := payloads(t, s, selection)
				if len(want) == 0 {
					continue // nothing of that is offered
				}
				t.Run(email+" "+cmp.Or(selection, "everything"), func(t *testing.T) {
					signed := w.get(t, "/profile.mobileconfig?"+url.Values{"email": {email}, "services": {selection}}.Encode())
					profile, err := certtest.OpenSSL(t, signed, chain.rootFile)
					if err != nil {
						t.Fatal(err)
					}
					compareProfile(t, tools.read(t, profile), s, want)
				})
			}
		}
	}
}

// TestSignaturesThatAreNotGood shows that the verification can fail.
func TestSignaturesThatAreNotGood(t *testing.T) {
	openssl := programs.Need(t, "openssl", "openssl")
	chain, stranger := newChain(t, openssl), newChain(t, openssl)
	w := start(t, "infomaniak.yaml", chain.signing())
	signed := w.get(t, "/profile.mobileconfig?email=anna@example.com")
	if _, err := certtest.OpenSSL(t, signed, stranger.rootFile); err == nil || !strings.Contains(err.Error(), "unable to get local issuer certificate") {
		t.Errorf("by the root of a stranger: %v", err)
	}
	changed := bytes.Replace(signed, []byte("mail.infomaniak.com"), []byte("mail.infomaniak.org"), 1)
	if _, err := certtest.OpenSSL(t, changed, chain.rootFile); err == nil || !strings.Contains(err.Error(), "verification failure") {
		t.Errorf("after a change: %v", err)
	}
}

// compareProfile requires the payloads of want in a profile. want has only the keys
// that matter.
func compareProfile(t *testing.T, profile map[string]any, s settings.Settings, want []map[string]any) {
	t.Helper()
	if profile["PayloadType"] != "Configuration" || profile["PayloadVersion"] != json.Number("1") {
		t.Errorf("it is a %v of version %v", profile["PayloadType"], profile["PayloadVersion"])
	}
	consent, _ := profile["ConsentText"].(map[string]any)
	if len(consent) != len(s.Provider.Profile.ConsentText) {
		t.Errorf("the consent is in %d languages", len(consent))
	}
	for language, text := range s.Provider.Profile.ConsentText {
		if consent[language] != text {
			t.Errorf("the consent in %s is %q", language, consent[language])
		}
	}
	content, _ := profile["PayloadContent"].([]any)
	if len(content) != len(want) {
		t.Fatalf("%d payloads, want %d", len(content), len(want))
	}
	for i, payload := range content {
		got, _ := payload.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(want[i])) {
			if got[key] != want[i][key] {
				t.Errorf("%s: %s is %#v, want %#v", want[i]["PayloadType"], key, got[key], want[i][key])
			}
		}
	}
}

// payloads returns the payloads of a selection of the canonical settings.
func payloads(t *testing.T, s settings.Settings, selection string) []map[string]any {
	t.Helper()
	var all []map[string]any
	chosen := func(kind string) bool { return selection == "" || slices.Contains(strings.Split(selection, ","), kind) }
	if chosen("mail") {
		a := accountOf(t, s)
		all = append(all, map[string]any{
			"PayloadType":                            "com.apple.mail.managed",
			"EmailAccountType":                       "EmailTypeIMAP",
			"EmailAddress":                           s.Address.String(),
			"IncomingMailServerAuthentication":       "EmailAuthPassword",
			"IncomingMailServerHostName":             a.Incoming.Host,
			"IncomingMailServerPortNumber":           json.Number(strconv.Itoa(a.Incoming.Port)),
			"IncomingMailServerUseSSL":               true,
			"IncomingMailServerUsername":             a.Incoming.User,
			"OutgoingMailServerAuthentication":       "EmailAuthPassword",
			"OutgoingMailServerHostName":             a.Outgoing.Host,
			"OutgoingMailServerPortNumber":           json.Number(strconv.Itoa(a.Outgoing.Port)),
			"OutgoingMailServerUseSSL":               true,
			"OutgoingMailServerUsername":             a.Outgoing.User,
			"OutgoingPasswordSameAsIncomingPassword": true,
		})
	}
	for _, dav := range []struct {
		kind, payloadType, prefix string
		protocol                  settings.Protocol
	}{
		{"calendar", "com.apple.caldav.account", "CalDAV", settings.CalDAV},
		{"contacts", "com.apple.carddav.account", "CardDAV", settings.CardDAV},
	} {
		svc, ok := settings.First(s.Services(), dav.protocol)
		if !ok || !chosen(dav.kind) {
			continue
		}
		user, _ := s.Login(svc)
		at, err := url.Parse(svc.URL)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, map[string]any{
			"PayloadType":           dav.payloadType,
			dav.prefix + "HostName": at.Host,
			dav.prefix + "UseSSL":   true,
			dav.prefix + "Username": user,
		})
	}
	return all
}

// readers read property lists; neither of them is Go.
type readers struct{ plistutil, python string }

// read converts the XML to the binary form with libplist, and reads both with Python.
func (r readers) read(t *testing.T, profile []byte) map[string]any {
	t.Helper()
	binary := output(t, profile, r.plistutil, "-i", "-", "-o", "-", "-f", "bin")
	if !bytes.HasPrefix(binary, []byte("bplist00")) {
		t.Fatalf("plistutil made %.20q", binary)
	}
	file := filepath.Join(t.TempDir(), "profile.plist")
	if err := os.WriteFile(file, profile, 0o600); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(output(t, binary, r.python, "-c", `import json, plistlib, sys
with open(sys.argv[1], "rb") as file:
    json.dump([plistlib.load(file), plistlib.loads(sys.stdin.buffer.read())], sys.stdout)
`, file)))
	decoder.UseNumber() // 993 is not 993.0
	var fromXML, fromBinary map[string]any
	if err := decoder.Decode(&[]any{&fromXML, &fromBinary}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(fromXML, fromBinary) {
		t.Errorf("libplist and plistlib read it differently:\n%v\n%v", fromBinary, fromXML)
	}
	return fromXML
}

// chain is an identity for signing: a root, an intermediate and a leaf.
type chain struct {
	rootFile, certFile, keyFile string
}

func newChain(t *testing.T, openssl string) chain {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	certificate := func(name, subject, issuer string, extensions ...string) {
		args := []string{"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2",
			"-subj", "/O=Example/CN=" + subject, "-keyout", at(name + ".key"), "-out", at(name + ".pem")}
		if issuer != "" {
			args = append(args, "-CA", at(issuer+".pem"), "-CAkey", at(issuer+".key"))
		}
		for _, extension := range extensions {
			args = append(args, "-addext", extension)
		}
		output(t, nil, openssl, args...)
	}
	certificate("root", "Example Root", "", "keyUsage=critical,keyCertSign")
	certificate("middle", "Example Intermediate", "root", "basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign")
	certificate("leaf", "mail.example.com", "middle", "basicConstraints=critical,CA:FALSE",
		"keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth", "subjectAltName=DNS:mail.example.com")
	var both []byte
	for _, name := range []string{"leaf.pem", "middle.pem"} {
		text, err := os.ReadFile(at(name))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, text...)
	}
	if err := os.WriteFile(at("chain.pem"), both, 0o600); err != nil {
		t.Fatal(err)
	}
	return chain{at("root.pem"), at("chain.pem"), at("leaf.key")}
}

// signing returns the line of settings that names the identity.
func (c chain) signing() string {
	return fmt.Sprintf("signing: {cert_file: %q, key_file: %q}\n", c.certFile, c.keyFile)
}

// output runs a program that must succeed.
func output(t *testing.T, stdin []byte, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	return []byte(programs.Output(t, cmd))
}
