package domainconnect

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Key signs links.
type Key struct {
	private *rsa.PrivateKey
	public  string // in base64
}

// MaxKeyFile is more than a key has, in octets.
const MaxKeyFile = 64 << 10

// ParseKey reads a private key in PEM. DNS providers verify RSA only.
func ParseKey(text []byte) (*Key, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("has no key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("is not a private RSA key; make one with: openssl genrsa -out domain-connect.key 2048")
	}
	if bits := private.N.BitLen(); bits < 2048 {
		return nil, fmt.Errorf("has %d bits; at least 2048 are safe", bits)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	return &Key{private, base64.StdEncoding.EncodeToString(public)}, nil
}

// partSize keeps each text below the 255 octets of a string in DNS.
const partSize = 200

// Texts returns the texts of the TXT records that publish the public key.
func (k *Key) Texts() []string {
	var all []string
	for part := range slices.Chunk([]byte(k.public), partSize) {
		all = append(all, fmt.Sprintf("p=%d,a=RS256,d=%s", len(all)+1, part))
	}
	return all
}

// publishedAs reports whether TXT records have the public key. Resolvers return them in
// any order.
func (k *Key) publishedAs(texts []string) bool {
	type part struct {
		number int
		data   string
	}
	var parts []part
	for _, text := range texts {
		p := part{}
		for field := range strings.SplitSeq(text, ",") {
			switch name, value, _ := strings.Cut(strings.TrimSpace(field), "="); name {
			case "p":
				p.number, _ = strconv.Atoi(value) // 0 for a wrong one, which then comes first
			case "d":
				p.data = value
			}
		}
		parts = append(parts, p)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.number, b.number) })
	public := ""
	for _, p := range parts {
		public += p.data
	}
	return public == k.public
}

// sign returns the signature of a query string in base64.
func (k *Key) sign(query string) (string, error) {
	digest := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
	return base64.StdEncoding.EncodeToString(signature), err
}
