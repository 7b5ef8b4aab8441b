package invite

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
)

var (
	anna = address.Address{Local: "anna+news", Domain: "xn--bcher-kva.example"}
	noon = time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
)

const (
	firstSecret  = "0123456789abcdef0123456789abcdef"
	secondSecret = "fedcba9876543210fedcba9876543210"
)

func keys(t testing.TB, secrets ...string) *Keys {
	t.Helper()
	k, err := NewKeys(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func seal(t testing.TB, k *Keys, p Purpose, until time.Time) string {
	t.Helper()
	return k.Seal(p, anna, until)
}

func TestATokenStandsForItsAddress(t *testing.T) {
	k := keys(t, firstSecret)
	token := seal(t, k, Setup, noon.Add(time.Hour))
	a, until, err := k.Open(Setup, token, noon)
	if err != nil || a != anna || !until.Equal(noon.Add(time.Hour)) {
		t.Errorf("%v, %v, %v", a, until, err)
	}
	if strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		t.Errorf("%s needs escaping in a URL", token)
	}
	if again := seal(t, k, Setup, noon.Add(time.Hour)); again == token {
		t.Error("the same address has the same token twice: a log would tell who it is")
	}
}

func TestExpiry(t *testing.T) {
	k := keys(t, firstSecret)
	token := seal(t, k, Setup, noon)
	if _, _, err := k.Open(Setup, token, noon); err != nil {
		t.Errorf("at its last second: %v", err)
	}
	a, until, err := k.Open(Setup, token, noon.Add(time.Second))
	if !errors.Is(err, ErrExpired) || a != anna || !until.Equal(noon) {
		t.Errorf("a second later: %v, %v, %v", a, until, err)
	}
}

// TestPages pins how long the URL of a page works and shows the user name.
func TestPages(t *testing.T) {
	k := keys(t, firstSecret)
	for _, tc := range []struct {
		sealed Purpose
		after  time.Duration
		proven bool
		err    error
	}{
		{Page, 0, false, nil},
		{Page, 30 * 24 * time.Hour, false, nil},
		{Page, 31 * 24 * time.Hour, false, ErrExpired},
		{Proven, time.Hour, true, nil},
		{Proven, 2 * time.Hour, false, nil},
		{Proven, 29 * 24 * time.Hour, false, nil},
		{Proven, 31 * 24 * time.Hour, false, ErrExpired},
		{Setup, 0, false, ErrInvalid},
	} {
		token := k.SealPage(tc.sealed, anna, noon)
		if tc.sealed == Setup {
			token = k.Seal(Setup, anna, noon.Add(time.Hour))
		}
		a, _, proven, err := k.OpenPage(token, noon.Add(tc.after))
		if !errors.Is(err, tc.err) || proven != tc.proven || tc.err == nil && a != anna {
			t.Errorf("%d after %s: %v, proven %v, %v", tc.sealed, tc.after, a, proven, err)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	old := seal(t, keys(t, firstSecret), Setup, noon)
	both := keys(t, secondSecret, firstSecret)
	if _, _, err := both.Open(Setup, old, noon); err != nil {
		t.Errorf("a link of the old key: %v", err)
	}
	renewed := seal(t, both, Setup, noon)
	if _, _, err := keys(t, secondSecret).Open(Setup, renewed, noon); err != nil {
		t.Errorf("the new key does not seal: %v", err)
	}
	if _, _, err := keys(t, secondSecret).Open(Setup, old, noon); !errors.Is(err, ErrInvalid) {
		t.Errorf("the old key is gone: %v", err)
	}
}

func TestNothingElseOpens(t *testing.T) {
	k := keys(t, firstSecret)
	token := seal(t, k, Setup, noon)
	if _, _, err := k.Open(Page, token, noon); !errors.Is(err, ErrInvalid) {
		t.Errorf("for another purpose: %v", err)
	}
	for _, broken := range []string{"", "x", "....", token[1:], token[:len(token)-1], token + "A", token + "=", token[:9] + "\n" + token[9:], strings.Repeat("A", 100_000)} {
		if _, _, err := k.Open(Setup, broken, noon); !errors.Is(err, ErrInvalid) {
			t.Errorf("%.40q: %v", broken, err)
		}
	}
	for i := range token { // each letter counts
		swapped := []byte(token)
		swapped[i] = map[bool]byte{true: 'B', false: 'A'}[swapped[i] == 'A']
		if _, _, err := k.Open(Setup, string(swapped), noon); !errors.Is(err, ErrInvalid) {
			t.Fatalf("with another letter at %d: %v", i, err)
		}
	}
}

func TestTheLongestAddress(t *testing.T) {
	label := strings.Repeat("a", 60)
	a, err := address.Parse(strings.Repeat("l", 64) + "@" + strings.Join([]string{label, label, label, label}, "."))
	if err != nil {
		t.Fatal(err)
	}
	k := keys(t, firstSecret)
	token := k.Seal(Setup, a, noon)
	if got, _, err := k.Open(Setup, token, noon); err != nil || got != a {
		t.Errorf("%v, %v", got, err)
	}
}

func TestSecretsThatAreTooShort(t *testing.T) {
	for _, tc := range []struct {
		secrets []string
		want    string
	}{
		{nil, "there is no key"},
		{[]string{firstSecret, "short"}, "key 2 is too short: it has 5 characters and needs 32; generate one with openssl rand -base64 32"},
	} {
		if _, err := NewKeys(tc.secrets); err == nil || err.Error() != tc.want {
			t.Errorf("got %v, want %s", err, tc.want)
		}
	}
}

func TestRandomKeys(t *testing.T) {
	k, other := RandomKeys(), RandomKeys()
	token := seal(t, k, Page, noon)
	if _, _, err := k.Open(Page, token, noon); err != nil {
		t.Error(err)
	}
	if _, _, err := other.Open(Page, token, noon); !errors.Is(err, ErrInvalid) {
		t.Error("two processes have the same random keys")
	}
}

// sealed is a token of firstSecret for anna until noon. It pins the form too: a
// release that cannot open it breaks every link there is.
const sealed = "WL0uGxbcEboYW7lRmjYKmdVzEwkvqEx5wHIGZ-ZQjqfAqeOtj2JEkLfowLRHKAP_ccjbiZIodwRbuB5QPC1gqj-UcZEpxWsTQgkLKxT7Cg"

func TestTheFormStays(t *testing.T) {
	if a, until, err := keys(t, firstSecret).Open(Setup, sealed, noon); err != nil || a != anna || !until.Equal(noon) {
		t.Errorf("%v, %v, %v", a, until, err)
	}
}

// FuzzOpen pins that whatever opens was sealed.
func FuzzOpen(f *testing.F) {
	k := keys(f, firstSecret)
	f.Add(sealed)
	f.Add(sealed[:10])
	f.Fuzz(func(t *testing.T, s string) {
		if a, _, err := k.Open(Setup, s, noon); err == nil && (s != sealed || a != anna) {
			t.Errorf("%q opens: %v", s, a)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	k := keys(b, firstSecret)
	token := seal(b, k, Setup, noon)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := k.Open(Setup, token, noon); err != nil {
			b.Fatal(err)
		}
	}
}
