package config

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// defaultSample is the share of requests that are traced.
const defaultSample = 0.01

// maxHeaders is more than any collector asks for.
const maxHeaders = 16

func readTracing(r *reader, v value, f *file) {
	f.Tracing = &Tracing{Sample: defaultSample}
	if readBlock(r, v, []field[Tracing]{
		{"endpoint", func(r *reader, v value, t *Tracing) { t.Endpoint = r.collector(v) }},
		{"sample", func(r *reader, v value, t *Tracing) { t.Sample = r.share(v) }},
		{"headers", func(r *reader, v value, t *Tracing) { t.Headers = r.headers(v) }},
	}, f.Tracing) {
		r.need(v, "endpoint")
	}
}

// collector reads the URL of a collector.
func (r *reader) collector(v value) string {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		r.refuse(v, "must be the URL of a collector such as http://127.0.0.1:4318, without a user name and a query; secrets go into headers")
		return ""
	}
	return u.String()
}

// share reads a number from 0 to 1.
func (r *reader) share(v value) float64 {
	const want = "a number from 0 to 1 such as 0.01"
	s, ok := r.scalar(v, want, false)
	if !ok {
		return 0
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0 && n <= 1) || strings.ContainsAny(s, "xXpP_") {
		r.refuse(v, "must be %s, is %s", want, describe(v.node))
		return 0
	}
	return n
}

// headers reads HTTP headers with secrets. Findings never contain a value.
func (r *reader) headers(v value) map[string]string {
	all := map[string]string{}
	r.each(v, "a block with one key per HTTP header", func(key, v value) {
		name := http.CanonicalHeaderKey(key.written())
		s, ok := r.filled(v)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			r.refuse(key, "is not the name of an HTTP header such as Authorization")
		case ok && !httpguts.ValidHeaderFieldValue(s):
			r.refuse(v, "contains a character that is not allowed in an HTTP header")
		case ok && len(all) == maxHeaders:
			r.refuse(v, "there are more than %d headers", maxHeaders)
		case ok:
			r.warnInClear(v)
			all[name] = s
		}
	})
	return all
}
