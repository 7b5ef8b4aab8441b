package domainconnect

import (
	"bytes"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
)

// verified reports whether a signature is of a query, as DNS providers verify it: RSA by
// hand (RFC 8017 section 8.2.2), with the public key from the TXT records.
func verified(t *testing.T, texts []string, query, signature string) bool {
	t.Helper()
	parts := make([]string, len(texts))
	for _, text := range texts {
		number, data := 0, ""
		if _, err := fmt.Sscanf(text, "p=%d,a=RS256,d=%s", &number, &data); err != nil || number < 1 || number > len(parts) {
			t.Fatalf("%q: %v", text, err)
		}
		parts[number-1] = data
	}
	key := certtest.Must(x509.ParsePKIXPublicKey(certtest.Must(base64.StdEncoding.DecodeString(strings.Join(parts, ""))))).(*rsa.PublicKey)
	s := new(big.Int).SetBytes(certtest.Must(base64.StdEncoding.DecodeString(signature)))
	got := s.Exp(s, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
	digest := sha256.Sum256([]byte(query))
	info := certtest.Must(hex.DecodeString("3031300d060960864801650304020105000420"))
	end := slices.Concat([]byte{0}, info, digest[:])
	want := slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, key.Size()-2-len(end)), end)
	return bytes.Equal(got, want)
}

// TestVerified checks the test itself with the example of the specification.
func TestVerified(t *testing.T) {
	texts := []string{
		"p=3,a=RS256,d=weDjXrJwIDAQAB",
		"p=1,a=RS256,d=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA18SgvpmeasN4BHkkv0SBjAzIc4grYLjiAXRtNiBUiGUDMeTzQrKTsWvy9NuxU1dIHCZy9o1CrKNg5EzLIZLNyMfI6qiXnM+HMd4byp97zs/3D39Q8iR5poubQcRaGozWx8yQpG0OcVdmEVcTfy",
		"p=2,a=RS256,d=R/XSEWC5u16EBNvRnNAOAvZYUdWqVyQvXsjnxQot8KcK0QP8iHpoL/1dbdRy2opRPQ2FdZpovUgknybq/6FkeDtW7uCQ6Mvu4QxcUa3+WP9nYHKtgWip/eFxpeb+qLvcLHf1h0JXtxLVdyy6OLk3f2JRYUX2ZZVDvG3biTpeJz6iRzjGg6MfGxXZHjI8",
	}
	signature := "V2te9zWMU7G3plxBTsmYSJTvn2vzMvNwAjWQ+wTe91DxuJhdVf4cVc4vZBYfEYV7u5d7PzTO7se7OrkhyiB7TpoJJW1yB5qHR7HKM5SZldUsdtg5+1SzEtIX0Uq8b2mCmQF/uJGXpqCyFrEajvpTM7fFKPk1kuctmtkjV7+ATcvNPLWY7KyE4+qc8jpfN61cP5l8iA4krAa3+fTro5cmWR8YUJ5yrnRs6KT4b5D71HFvOUk0sGEUddUUlsyRQKRHUFN6HjEya50YDHfZJlYHkHlK0xX6Yqeii9QZ2I35U9eJbSvZGQko5beqviWFXdsVDbvd3DYcbSHgJq9/XoMTTw=="
	if !verified(t, texts, "a=1&b=2&ip=10.10.10.10&domain=example.net", signature) {
		t.Error("the example of the specification is refused")
	}
	if verified(t, texts, "a=1&b=2&ip=10.10.10.11&domain=example.net", signature) {
		t.Error("another query is accepted")
	}
}

// TestKeys pins which keys are read, and that the published parts are the key again.
func TestKeys(t *testing.T) {
	private := certtest.RSAKey(2048).(*rsa.PrivateKey)
	key, err := ParseKey(certtest.PEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private)))
	if err != nil {
		t.Fatal(err)
	}
	texts := key.Texts()
	if slices.ContainsFunc(texts, func(text string) bool { return len(text) > 255 }) || len(texts) != 2 {
		t.Errorf("%q", texts)
	}
	slices.Reverse(texts)
	if !key.publishedAs(texts) || key.publishedAs(texts[:1]) || key.publishedAs(nil) {
		t.Error("the published key is not recognized")
	}
	for name, text := range map[string]string{
		"has no key in PEM":        "none",
		"not a private RSA key":    string(certtest.KeyPEM(certtest.ECKey(elliptic.P256()))),
		"has 1024 bits":            string(certtest.KeyPEM(certtest.RSAKey(1024))),
		"is not a private RSA key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		if _, err := ParseKey([]byte(text)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
