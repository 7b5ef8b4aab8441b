package openapi

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/waymark-mail/waymark/api"
)

// Side is a kind of listener.
type Side string

// The sides: each path of the document is on one of them.
const (
	Public Side = "public"
	Ops    Side = "ops" // in the document, paths with servers of their own
)

// Contract is the document as something to hold requests and answers against.
// Where the document lets answers grow, it does not: what Waymark says today is
// all described.
type Contract struct {
	Doc     *openapi3.T
	answers sync.Map // answerKey to what answer said of it: most refusals are alike
}

type answerKey struct {
	described *openapi3.ResponseRef
	head      bool
	header    string
	body      string
}

// Load reads the document.
func Load() (*Contract, error) { return Parse(api.Description()) }

// Parse reads a document.
func Parse(text []byte) (*Contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	for _, schema := range doc.Components.Schemas {
		closeObjects(schema.Value)
	}
	for _, plain := range []string{"text/html", "text/css", "text/javascript", "application/openmetrics-text"} {
		openapi3filter.RegisterBodyDecoder(plain, openapi3filter.PlainBodyDecoder)
	}
	openapi3filter.RegisterBodyDecoder("text/xml", wellFormed)
	openapi3filter.RegisterBodyDecoder("image/svg+xml", wellFormed)
	return &Contract{Doc: doc}, nil
}

// closeObjects forbids properties that the document does not describe.
func closeObjects(s *openapi3.Schema) {
	if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil {
		s.AdditionalProperties.Has = new(bool)
	}
	for _, p := range s.Properties {
		closeObjects(p.Value)
	}
}

// wellFormed reads XML as the text that it is.
func wellFormed(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	rd := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := rd.Token(); errors.Is(err, io.EOF) {
			return string(text), nil
		} else if err != nil {
			return nil, err
		}
	}
}

// SideOf returns where a path of the document is answered.
func (c *Contract) SideOf(path string) Side {
	if len(c.Doc.Paths.Value(path).Servers) > 0 {
		return Ops
	}
	return Public
}

// Answer is what came back for a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Check holds one request and its answer against the document. The body of the
// request is read.
func (c *Contract) Check(side Side, r *http.Request, a Answer) error {
	path, params := c.match(side, r.URL)
	if path == "" && side == Public && a.Status == http.StatusTooManyRequests { // unknown paths count too
		return c.refusal(side, "TooManyRequests", http.StatusTooManyRequests, a)
	}
	if path == "" {
		return c.refusal(side, "NoSuchPath", http.StatusNotFound, a)
	}
	item := c.Doc.Paths.Value(path)
	op := operation(item, r.Method)
	if op == nil {
		if strings.HasPrefix(path, "/api/") {
			return c.refusal(side, "ProblemOfMethod", http.StatusMethodNotAllowed, a)
		}
		return c.refusal(side, "MethodNotAllowed", http.StatusMethodNotAllowed, a)
	}
	if !refused(a) { // otherwise it may have been anything
		if err := c.request(r, item, op, params); err != nil {
			return err
		}
	}
	described := op.Responses.Status(a.Status)
	if described == nil {
		return fmt.Errorf("the status %d is not described", a.Status)
	}
	return c.answer(described, a, r.Method == http.MethodHead)
}

// refusal compares an answer with what is described for all paths of a side.
func (c *Contract) refusal(side Side, name string, status int, a Answer) error {
	if a.Status != status {
		return fmt.Errorf("what is answered with %d is not described; %d would be", a.Status, status)
	}
	if side == Ops {
		name = "Ops" + name
	}
	return c.answer(c.Doc.Components.Responses[name], a, false)
}

// refused reports whether an answer rejects the request. Autodiscover
// uses status 200 for that.
func refused(a Answer) bool {
	return a.Status >= http.StatusBadRequest || bytes.Contains(a.Body, []byte("<Error Time="))
}

// match returns the path of the document that a URL stands for, and what stands
// in its places; "" when there is none.
func (c *Contract) match(side Side, u *url.URL) (string, map[string]string) {
	asked := u.RawPath
	if asked == "" {
		asked = u.Path
	}
	if strings.HasPrefix(strings.ToLower(asked), "/autodiscover/") {
		asked = strings.ToLower(asked)
	}
	for _, path := range slices.Sorted(maps.Keys(c.Doc.Paths.Map())) { // "{" comes after every letter
		if params, ok := places(path, asked); ok && c.SideOf(path) == side {
			return path, params
		}
	}
	return "", nil
}

// places returns the values of the path parameters of the document.
func places(path, asked string) (map[string]string, bool) {
	have, want := strings.Split(asked, "/"), strings.Split(path, "/")
	if len(have) != len(want) {
		return nil, false
	}
	params := map[string]string{}
	for i, segment := range want {
		name, isPlace := strings.CutPrefix(segment, "{")
		switch {
		case isPlace && have[i] != "":
			params[strings.TrimSuffix(name, "}")] = have[i]
		case segment != have[i]:
			return nil, false
		}
	}
	return params, true
}

// operation returns what describes a method of a path.
func operation(item *openapi3.PathItem, method string) *openapi3.Operation {
	if method == http.MethodHead || item.Extensions["x-every-method"] == true {
		return item.Get
	}
	return item.Operations()[method]
}

func (c *Contract) request(r *http.Request, item *openapi3.PathItem, op *openapi3.Operation, params map[string]string) error {
	described := r.Clone(r.Context())
	if op.RequestBody != nil {
		// Where any type does, the body is still of the one that is named.
		content := op.RequestBody.Value.Content
		if anything := content["*/*"]; anything != nil && content.Get(r.Header.Get("Content-Type")) == anything {
			for name := range content {
				if name != "*/*" {
					described.Header.Set("Content-Type", name)
				}
			}
		}
	}
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request:     described,
		PathParams:  params,
		QueryParams: query(r, op),
		Route:       &routers.Route{Spec: c.Doc, PathItem: item, Method: r.Method, Operation: op},
		Options: &openapi3filter.Options{
			RejectWhenRequestBodyNotSpecified: true,
			SkipSettingDefaults:               true,
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc, // the answer says whether it was right
		},
	})
}

// query returns the parameters of a query by the names that are described:
// clients write them in any case.
func query(r *http.Request, op *openapi3.Operation) url.Values {
	described := url.Values{}
	for name, values := range r.URL.Query() {
		for _, p := range op.Parameters {
			if p.Value.In == openapi3.ParameterInQuery && strings.EqualFold(p.Value.Name, name) {
				name = p.Value.Name
			}
		}
		described[name] = append(described[name], values...)
	}
	return described
}

// everywhere are the fields of an answer that the description has in words, and
// those of HTTP itself.
func everywhere() []string {
	return []string{"Content-Type", "Content-Length", "X-Content-Type-Options", "Date", "Connection"}
}

// answer compares an answer with the description of its status, once for all
// answers that differ in the date alone: the library compiles the schemas for each.
func (c *Contract) answer(described *openapi3.ResponseRef, a Answer, head bool) error {
	header := a.Header.Clone()
	header.Del("Date")
	key := answerKey{described, head, fmt.Sprint(header), string(a.Body)}
	if said, ok := c.answers.Load(key); ok {
		err, _ := said.(error)
		return err
	}
	err := c.compare(described, a, head)
	c.answers.Store(key, err)
	return err
}

func (c *Contract) compare(described *openapi3.ResponseRef, a Answer, head bool) error {
	for name := range a.Header {
		known := slices.Contains(everywhere(), name)
		for field := range described.Value.Headers {
			known = known || strings.EqualFold(field, name)
		}
		if !known {
			return fmt.Errorf("the field %s is not described", name)
		}
	}
	content, media := described.Value.Content, a.Header.Get("Content-Type")
	if len(content) == 0 && (len(a.Body) > 0 || media != "") {
		return errors.New("no body is described")
	}
	noBody := head && len(a.Body) == 0
	if noBody && content.Get(media) == nil {
		return fmt.Errorf("the type %q is not described", media)
	}
	// The library ignores HEAD, and over redirects and 304 whatever they say:
	// it is asked about a GET that found something.
	responses := openapi3.NewResponses(openapi3.WithStatus(http.StatusOK, described))
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}},
			Route:   &routers.Route{Spec: c.Doc, Operation: &openapi3.Operation{Responses: responses}},
		},
		Status:  http.StatusOK,
		Header:  a.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: noBody},
	}
	return openapi3filter.ValidateResponse(context.Background(), input.SetBodyBytes(a.Body))
}
