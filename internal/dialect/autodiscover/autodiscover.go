package autodiscover

import (
	"errors"
	"io"
	"net/http"
	"slices"
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

// New returns the dialect. The clock stamps error documents and nothing else.
func New(r dialect.Resolver, now func() time.Time) dialect.Dialect {
	d := answerer{resolver: r, requests: newShapes(), outlook: cached{dialect.NewMemo()}}
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
		Fail: func(err error) dialect.Response { return fail(err, now()) },
	}
}

type answerer struct {
	resolver dialect.Resolver
	requests shapes
	outlook  cached
}

// post answers a POX request. It is answered over plain HTTP too: Thunderbird
// posts there, and behind a proxy that does not say it was https a redirect
// would lead back to itself.
func (d answerer) post(r *http.Request) (dialect.Response, error) {
	text, err := readBody(r.Body)
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
		body, err := RenderMoved(moved, q.Address)
		return dialect.Response{Status: http.StatusOK, ContentType: xmlType, Body: body}, err
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

func readBody(body io.Reader) ([]byte, error) {
	text, err := io.ReadAll(body)
	if err == nil {
		return text, nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, settings.Errorf(settings.TooLarge, "the request is too large for an Autodiscover request")
	}
	return nil, &settings.Error{Kind: settings.BadRequest, Message: "the request could not be read", Cause: err}
}

// render renders the first schema of the client's list for which there is
// something to say.
func (d answerer) render(s settings.Settings, schemas []schema) (body []byte, err error) {
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

// get answers a GET of the XML path. Over http it is Outlook's redirect step:
// only a 302 to https counts. Over https nothing may be said with a 200:
// Delta Chat would take any XML for an answer, and Thunderbird, whose POST
// became a GET on a redirect, repeats the POST only where the GET fails.
func get(r *http.Request) (dialect.Response, error) {
	host := dialect.HostName(r)
	if r.URL.Scheme == "http" && host != "" {
		return dialect.Response{
			Status: http.StatusFound,
			Header: http.Header{"Location": {"https://" + string(host) + xmlPath}},
		}, nil
	}
	err := settings.Errorf(settings.MethodNotAllowed, "mail clients ask here with POST; there is nothing to see with a browser")
	resp := dialect.PlainFailure(err)
	resp.Header = http.Header{"Allow": {http.MethodPost}}
	return resp, err
}
