package service

import (
	"bufio"
	"crypto/tls"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fullsailor/pkcs7"
	"go.uber.org/zap"
	"golang.org/x/tools/txtar"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/sign"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/certtest"
)

var update = flag.Bool("update", false, "write the responses into the golden conversations instead of comparing them")

// aMoment is when every golden conversation takes place.
func aMoment() time.Time { return time.Date(2026, 11, 5, 14, 30, 15, 123456700, time.UTC) }

// TestConversations replays what real clients ask, in their order and their
// spelling, through the whole handler. Each file of testdata/conversations
// holds the settings, then requests as they come over the wire, each followed
// by the response. A request line with an https URL came over TLS.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	signer := testIdentity(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			replay(t, archive, signer)
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// replay compares the responses of one conversation, or, with -update, puts
// them into the archive.
func replay(t *testing.T, archive *txtar.Archive, signer certtest.Profiles) {
	var handler http.Handler
	response := ""
	for i, f := range archive.Files {
		switch {
		case f.Name == "waymark.yaml":
			cfg, findings := config.Parse(f.Name, f.Data, config.Environment{})
			if findings.HasErrors() {
				t.Fatalf("settings: %v", findings)
			}
			handler = described(t, Handler(cfg, Deps{Signer: signer, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Now: aMoment}))
		case strings.HasPrefix(f.Name, "request"):
			response = converse(t, handler, f.Data)
		case strings.HasPrefix(f.Name, "response"):
			if *update {
				archive.Files[i].Data = []byte(response)
			} else if string(f.Data) != response {
				t.Errorf("%s: got\n%s\nwant\n%s", f.Name, response, f.Data)
			}
		default:
			t.Fatalf("unknown section %q; known: waymark.yaml, request…, response…", f.Name)
		}
	}
}

// converse sends one request as it is written and returns the response as text.
func converse(t *testing.T, h http.Handler, wire []byte) string {
	t.Helper()
	head, body, _ := strings.Cut(string(wire), "\n\n")
	body = strings.TrimSuffix(body, "\n")
	head = strings.ReplaceAll(head, "\n", "\r\n")
	if body != "" {
		head += fmt.Sprintf("\r\nContent-Length: %d", len(body))
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n\r\n" + body)))
	if err != nil {
		t.Fatalf("the request cannot be read: %v", err)
	}
	r.RemoteAddr = "203.0.113.9:49152"
	if r.URL.Scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return asText(t, rec)
}

// asText returns a response with its fields in order. A signed profile is
// shown as what is inside its signature, once that is found good.
func asText(t *testing.T, rec *httptest.ResponseRecorder) string {
	t.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "HTTP %d\n", rec.Code)
	body := rec.Body.Bytes()
	for _, name := range slices.Sorted(maps.Keys(rec.Header())) {
		switch name {
		case "X-Request-Id", "X-Content-Type-Options", "Content-Length": // on every response alike
		default:
			fmt.Fprintf(&out, "%s: %s\n", name, strings.Join(rec.Header()[name], ", "))
		}
	}
	if rec.Header().Get("Content-Type") == "application/x-apple-aspen-config" {
		signed, err := pkcs7.Parse(body)
		if err != nil {
			t.Fatalf("the profile is not signed: %v", err)
		}
		if err := signed.Verify(); err != nil {
			t.Fatalf("the signature of the profile is not good: %v", err)
		}
		out.WriteString("(signed)\n")
		body = signed.Content
	}
	out.WriteString("\n")
	out.Write(body)
	if len(body) > 0 && body[len(body)-1] != '\n' {
		out.WriteString("\n")
	}
	return out.String()
}

func testIdentity(t testing.TB) certtest.Profiles {
	t.Helper()
	cert, key := certtest.Certify("config.example.com", certtest.NewKey(), nil).Write(t, t.TempDir())
	id, err := sign.Load(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return certtest.Profiles{By: id}
}
