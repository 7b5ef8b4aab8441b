package apppassword

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Hook is an endpoint that creates passwords.
type Hook struct {
	URL    string // https
	Secret string // key of the signatures
}

// Request is the body that the endpoint gets. Its JSON is a contract with operators.
type Request struct {
	// ID is random. An endpoint that has seen it before refuses the request.
	ID string `json:"id"`
	// Address is the mail address that the person typed, in canonical form.
	Address string `json:"address"`
	// Login is the user name whose password was right.
	Login string `json:"login"`
	// Device is a guess, such as iphone or windows; "" for an unknown one.
	Device string `json:"device"`
}

// Headers of the request.
const (
	// TimestampHeader has the Unix time in seconds.
	TimestampHeader = "Waymark-Timestamp"
	// SignatureHeader has "v1=" and the HMAC-SHA256, in lower-case hex, of the
	// timestamp, a full stop and the body.
	SignatureHeader = "Waymark-Signature"
)

const (
	// timeLimit bounds the whole conversation. With the password check before it, the
	// response still fits into the time that the server has to write it.
	timeLimit = 5 * time.Second
	// maxAnswer bounds the body of the answer, and its headers, in octets.
	maxAnswer = 4 << 10
	// maxPassword is in octets, and longer than apps accept.
	maxPassword = 256
)

// Result is how a request ended.
type Result string

// The results.
const (
	Created     Result = "created"
	Unreachable Result = "unreachable" // no connection, an untrusted certificate, or no answer in time
	Refused     Result = "refused"     // another status than 200
	Invalid     Result = "invalid"     // an answer without a usable password
)

// Error is a failure, in words for the log.
type Error struct {
	Result Result
	text   string
}

func (e *Error) Error() string { return e.text }

// Client asks endpoints. It is safe for concurrent use, and holds no connections.
type Client struct {
	http *http.Client
	now  func() time.Time
}

// New returns a Client that trusts certificates of these authorities; nil for those of
// the system.
func New(roots *x509.CertPool, now func() time.Time) *Client {
	return &Client{
		now: now,
		http: &http.Client{
			Timeout: timeLimit,
			Transport: &http.Transport{
				TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
				DisableKeepAlives:      true, // requests are rare
				DisableCompression:     true, // a compressed answer could be as large as it likes
				MaxResponseHeaderBytes: maxAnswer,
			},
			// A redirect would carry the signed request to a host that the settings do not name.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Create asks for a new password. It sets the ID of the request. The error is an *Error.
func (c *Client) Create(ctx context.Context, h Hook, r Request) (string, error) {
	r.ID = rand.Text()
	body, err := json.Marshal(r)
	if err != nil {
		return "", &Error{Invalid, "the request cannot be encoded"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return "", &Error{Unreachable, "the URL is not valid"}
	}
	timestamp := strconv.FormatInt(c.now().Unix(), 10)
	req.Header = http.Header{
		"Content-Type":  {"application/json"},
		"Accept":        {"application/json"},
		"User-Agent":    {"Waymark"},
		TimestampHeader: {timestamp},
		SignatureHeader: {"v1=" + sign(h.Secret, timestamp, body)},
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return "", &Error{Unreachable, reason(err)}
	}
	defer func() { _ = resp.Body.Close() }() // the answer is read, or refused
	if resp.StatusCode != http.StatusOK {
		return "", &Error{Refused, fmt.Sprintf("the endpoint answered with status %d", resp.StatusCode)}
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return "", &Error{Unreachable, reason(err)}
	case len(answer) > maxAnswer:
		return "", &Error{Invalid, fmt.Sprintf("the answer is larger than %d octets", maxAnswer)}
	}
	var created struct{ Password string }
	if json.Unmarshal(answer, &created) != nil { // whose error quotes the answer
		return "", &Error{Invalid, `the answer is not JSON such as {"password": "…"}`}
	}
	if !usable(created.Password) {
		return "", &Error{Invalid, fmt.Sprintf("the password is empty, longer than %d octets, or has characters that cannot be typed", maxPassword)}
	}
	return created.Password, nil
}

// sign returns the signature of a request.
func sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// usable reports whether a person can copy a password, and type it.
func usable(password string) bool {
	return password != "" && len(password) <= maxPassword && utf8.ValidString(password) &&
		password == strings.TrimSpace(password) && !strings.ContainsFunc(password, func(r rune) bool { return !unicode.IsPrint(r) })
}

// reason returns a cause without what the endpoint sent: errors of net/http quote parts
// of malformed answers.
func reason(err error) string {
	if ue, ok := errors.AsType[*url.Error](err); ok && ue.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", timeLimit)
	}
	if errors.Is(err, context.Canceled) {
		return "the visitor left"
	}
	if ce, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return ce.Error()
	}
	if oe, ok := errors.AsType[*net.OpError](err); ok {
		return oe.Error()
	}
	return "the connection broke, or the answer is not HTTP over TLS"
}
