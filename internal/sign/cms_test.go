package sign

import (
	"bytes"
	"testing"
	"time"

	smallstep "github.com/smallstep/pkcs7"

	"github.com/waymark-mail/waymark/test/certtest"
)

// TestSameBytesAsTheLibrary compares signatures by RSA, which are deterministic, with
// those of smallstep/pkcs7.
func TestSameBytesAsTheLibrary(t *testing.T) {
	root := certtest.Authority("Root", nil)
	middle := certtest.Authority("Middle", &root)
	leaf := certtest.Certify("signer", rsaKey(), &middle)
	id := identity(t, leaf, middle)
	for _, content := range [][]byte{nil, []byte("short"), profile[:127], profile[:128], profile[:255], profile[:256], profile, bytes.Repeat(profile, 20)} {
		for begun := time.Now(); ; {
			before := certtest.Must(id.Sign(content))
			want := bySmallstep(t, leaf, content, middle)
			if after := certtest.Must(id.Sign(content)); bytes.Equal(before, after) { // within one second
				if !bytes.Equal(before, want) {
					t.Errorf("%d bytes: %d bytes differ from the %d of the library", len(content), len(before), len(want))
				}
				break
			}
			if time.Since(begun) > 30*time.Second {
				t.Fatal("two signatures within one second always differ")
			}
		}
	}
}

func bySmallstep(t *testing.T, leaf certtest.Party, content []byte, above certtest.Party) []byte {
	t.Helper()
	data := certtest.Must(smallstep.NewSignedData(content))
	data.SetDigestAlgorithm(smallstep.OIDDigestAlgorithmSHA256)
	if err := data.AddSigner(leaf.Cert, leaf.Key, smallstep.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	data.AddCertificate(above.Cert)
	return certtest.Must(data.Finish())
}

func TestSigningTimes(t *testing.T) {
	id := identity(t, certtest.Certify("signer", certtest.NewKey(), nil))
	for _, at := range []time.Time{
		time.Date(2026, 11, 28, 12, 0, 0, 0, time.FixedZone("", 3600)),
		time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(2049, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600)), // 2050 in UTC
		time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		signed := certtest.Must(id.envelope.sign(profile, at))
		if _, err := Verify(signed, nil, testTime()); err != nil {
			t.Errorf("%s: %v", at, err)
		}
		parsed := certtest.Must(smallstep.Parse(signed))
		var got time.Time
		if err := parsed.UnmarshalSignedAttribute(smallstep.OIDAttributeSigningTime, &got); err != nil || !got.Equal(at) {
			t.Errorf("%s is read as %s: %v", at, got, err)
		}
	}
}
