package server

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// panicked is the error of a request whose handler panicked.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// errorText returns what the log may contain of an error. Of an error that the
// client caused, that is the public message: the cause may quote the request. Of a
// fault of this server it is everything but what the request contained.
func errorText(r *http.Request, err error, failure dialect.Failure) string {
	var e *settings.Error
	if !failure.Ours && errors.As(err, &e) {
		return e.Message
	}
	return redact(r, err.Error())
}

// mailAddress matches addresses, also encoded ones.
var mailAddress = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^\s"'<>()=&?/]*(?:@|%40)[^\s"'<>()=&?/]*`) })

// shortest is the length from which a value of a request is redacted. Shorter ones
// are not secret, and are parts of words.
const shortest = 4

// redact replaces mail addresses and the variable parts of a request in a text.
func redact(r *http.Request, text string) string {
	var pairs []string
	for _, secret := range variableParts(r) {
		if len(secret) >= shortest && strings.Contains(text, secret) {
			pairs = append(pairs, secret, "[redacted]")
		}
	}
	return redactAddresses(strings.NewReplacer(pairs...).Replace(text))
}

func redactAddresses(text string) string { return mailAddress().ReplaceAllString(text, "[redacted]") }

// variableParts returns what the client chose: parameters of the path, values of
// the query and of a form, a malformed Host and the credentials, the longest first.
func variableParts(r *http.Request) []string {
	var all []string
	add := func(values ...string) {
		for _, v := range values {
			all = append(all, v)
			if decoded, err := url.QueryUnescape(v); err == nil && decoded != v {
				all = append(all, decoded)
			}
			if local, _, ok := strings.Cut(v, "@"); ok {
				all = append(all, local)
			}
		}
	}
	if route := chi.RouteContext(r.Context()); route != nil {
		add(route.URLParams.Values...)
	}
	add(r.URL.RawQuery)
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		_, value, _ := strings.Cut(pair, "=")
		add(value)
	}
	for _, values := range r.PostForm {
		add(values...)
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		for _, value := range r.Header[name] {
			add(value)
			add(strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(" ;=,", c) })...)
		}
	}
	if dialect.HostName(r) == "" {
		add(r.Host)
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return all
}
