package conformance_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/sign"
)

// A layer is between Waymark and the client and does one thing wrong.
type layer func(http.Handler) http.Handler

// when selects the requests that a layer changes.
type when func(*http.Request) bool

func at(paths ...string) when {
	return func(r *http.Request) bool {
		return slices.ContainsFunc(paths, func(path string) bool { return strings.EqualFold(path, r.URL.Path) })
	}
}

func (w when) and(other when) when { return func(r *http.Request) bool { return w(r) && other(r) } }

func method(names ...string) when {
	return func(r *http.Request) bool { return slices.Contains(names, r.Method) }
}

// mentions reports whether the query of a request holds a text.
func mentions(text string) when {
	return func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, text) }
}

func host(names ...string) when {
	return func(r *http.Request) bool { return slices.Contains(names, r.Host) }
}

func overTLS(r *http.Request) bool   { return r.TLS != nil }
func overPlain(r *http.Request) bool { return r.TLS == nil }

func anyConfig(r *http.Request) bool {
	return at("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml", "/.well-known/mail-v1.xml")(r)
}

func pox(r *http.Request) bool {
	return r.Method == http.MethodPost && at("/autodiscover/autodiscover.xml")(r)
}

func jsonOf(r *http.Request) bool {
	return strings.HasPrefix(strings.ToLower(r.URL.Path), "/autodiscover/autodiscover.json")
}

func profileOf(r *http.Request) bool { return at("/profile.mobileconfig")(r) }
func paccOf(r *http.Request) bool    { return at("/.well-known/user-agent-configuration.json")(r) }
func dav(r *http.Request) bool       { return at("/.well-known/caldav", "/.well-known/carddav")(r) }

// says returns a layer that answers certain requests itself.
func says(is when, status int, contentType, body string) layer {
	return instead(is, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func instead(is when, serve http.HandlerFunc) layer {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if is(r) {
				serve(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// asks changes certain requests before they are answered.
func asks(is when, change func(*http.Request)) layer {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if is(r) {
				change(r)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// reply is a finished answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (a *reply) replace(old, replacement string) {
	a.body = bytes.ReplaceAll(a.body, []byte(old), []byte(replacement))
}

// changes changes the answers to certain requests.
func changes(is when, change func(*http.Request, *reply)) layer {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !is(r) {
				next.ServeHTTP(w, r)
				return
			}
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			a := &reply{rec.Code, rec.Header(), rec.Body.Bytes()}
			a.header.Del("Content-Length")
			change(r, a)
			for name, values := range a.header {
				w.Header()[name] = values
			}
			w.WriteHeader(a.status)
			_, _ = w.Write(a.body)
		})
	}
}

// writes replaces a text in certain answers.
func writes(is when, old, replacement string) layer {
	return changes(is, func(_ *http.Request, a *reply) { a.replace(old, replacement) })
}

// sets sets a field of the header of certain answers; "" takes it out.
func sets(is when, name, value string) layer {
	return changes(is, func(_ *http.Request, a *reply) {
		a.header.Del(name)
		if value != "" {
			a.header.Set(name, value)
		}
	})
}

// profiles serves profiles without their signature and with another content.
func profiles(change func(r *http.Request, content string) string) layer {
	return changes(profileOf, func(r *http.Request, a *reply) {
		if report, err := sign.Verify(a.body, nil, time.Now()); err == nil {
			a.body = []byte(change(r, string(report.Content)))
		}
	})
}

func inProfiles(old, replacement string) layer {
	return profiles(func(_ *http.Request, content string) string { return strings.ReplaceAll(content, old, replacement) })
}

// slowly waits for as long as a slow lookup takes.
func slowly(is when, d time.Duration) layer {
	return asks(is, func(r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
	})
}
