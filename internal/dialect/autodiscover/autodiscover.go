package autodiscover

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

const (
	xmlPath  = "/autodiscover/autodiscover.xml"
	jsonPath = "/autodiscover/autodiscover.json"

	xmlType  = "text/xml; charset=utf-8"
	jsonType = "application/json"
)

// New returns the dialect. The clock is for error documents only.
func New(r dialect.Resolver, now func() time.Time) dialect.Dialect {
	d := autodiscover{resolver: r, requests: newShapes(), outlook: cached{dialect.NewMemo()}}
	read := []string{http.MethodGet}
	return dialect.Dialect{
		Name:   "autodiscover",
		Render: dialect.IgnoreChoice(Render),
		Endpoints: []dialect.Endpoint{
			{Path: xmlPath, FoldCase: true, Methods: []string{http.MethodPost}, Serve: d.post},
			{Path: xmlPath, FoldCase: true, Methods: read, Serve: get},
			{Path: jsonPath, FoldCase: true, Methods: read, Serve: d.json},
			{Path: jsonPath + "/v1.0/{address}", FoldCase: true, Methods: read, Serve: d.json},
		},
		Fail: func(_ *http.Request, err error) dialect.Response { return fail(err, now()) },
	}
}

type autodiscover struct {
	resolver dialect.Resolver
	requests shapes
	outlook  cached
}

// post answers a POX request, also over plain HTTP: Thunderbird posts there, and
// behind a proxy without X-Forwarded-Proto a redirect would loop.
func (d autodiscover) post(r *http.Request) (dialect.Response, error) {
	text, err := readBody(http.MaxBytesReader(nil, r.Body, maxRequest))
	if err != nil {
		return dialect.Response{}, err
	}
	req, err := d.requests.parse(text)
	if err != nil {
		return dialect.Response{}, err
	}
	q, err := dialect.Ask(r, req.address)
	if err != nil {
		return dialect.Response{}, &codedError{badAddress, err}
	}
	s, err := d.resolver.Resolve(r.Context(), q)
	if moved, ok := errors.AsType[*settings.MovedError](err); ok && slices.Contains(req.schemas, outlook) {
		body, err := RenderRedirect(moved.To, q.Address)
		return dialect.Response{Status: http.StatusOK, ContentType: xmlType, Body: body}, err
	}
	if err == nil {
		err = refuseLoop(r, s)
	}
	if err != nil {
		return dialect.Response{}, err
	}
	body, err := d.render(s, req.schemas)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Status: http.StatusOK, ContentType: xmlType, Body: body, Domain: s.Domain}, nil
}

// maxRequest bounds the body in bytes. Outlook sends about 500; parsing XML is what
// costs most here.
const maxRequest = 4 << 10

func readBody(body io.Reader) ([]byte, error) {
	text, err := io.ReadAll(body)
	if err == nil {
		return text, nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, settings.Errorf(settings.TooLarge, "the request is too large")
	}
	return nil, &settings.Error{Kind: settings.BadRequest, Message: "the request could not be read", Cause: err}
}

// render renders the first schema of the client's list that the provider offers.
func (d autodiscover) render(s settings.Settings, schemas []schema) (body []byte, err error) {
	for _, want := range schemas {
		switch want {
		case outlook:
			body, err = d.outlook.render(s)
		case mobileSync:
			body, err = RenderMobileSync(s)
		}
		if err == nil || settings.KindOf(err) != settings.NotOffered {
			return body, err
		}
	}
	return nil, err
}

// get answers a GET of the XML path. Over http it is Outlook's redirect step,
// which accepts only a 302 to https. Over https it must not return 200: Delta
// Chat would accept any XML, and Thunderbird, whose POST becomes a GET on a
// redirect, repeats the POST only if the GET fails. Where any proxy received https,
// also one that is not trusted, a redirect would lead back here again and again.
func get(r *http.Request) (dialect.Response, error) {
	host := dialect.HostName(r)
	forwarded := strings.Join(r.Header["X-Forwarded-Proto"], ",")
	if r.URL.Scheme == "http" && host != "" && !strings.Contains(forwarded, "https") {
		return dialect.Response{
			Status: http.StatusFound,
			Header: http.Header{"Location": {"https://" + string(host) + xmlPath}},
		}, nil
	}
	err := settings.Errorf(settings.MethodNotAllowed, "mail clients send POST requests here; there is no page for browsers")
	resp := dialect.PlainFailure(err)
	resp.Header = http.Header{"Allow": {http.MethodPost}}
	return resp, err
}
