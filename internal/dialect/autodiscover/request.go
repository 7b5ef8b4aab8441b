package autodiscover

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/waymark-mail/waymark/internal/settings"
)

// schema is a response schema that a client can request.
type schema uint8

const (
	outlook schema = iota
	mobileSync
)

// request is a parsed POX request (MS-OXDSCLI section 2.2.3).
type request struct {
	address string   // as sent, without surrounding white space; never empty
	schemas []schema // those that the client accepts and this package knows, preferred first; never empty
}

// maxDepth limits the nesting of elements; a request has three levels.
const maxDepth = 32

// parseRequest parses a request and ignores its Content-Type: FairEmail posts XML
// as a form, others send none. Elements are matched by local name in any
// namespace, and unknown ones are ignored.
func parseRequest(body []byte) (request, error) {
	text, err := toUTF8(body)
	if err != nil {
		return request{}, invalid("the text encoding of the request cannot be read")
	}
	rd := reader{xml: xml.NewDecoder(bytes.NewReader(text))}
	rd.xml.CharsetReader = declaredCharset
	if err := rd.read(); err != nil {
		return request{}, err
	}
	return rd.request()
}

// reader reads a document once. It tracks open elements itself, which is much
// cheaper than the namespaces of encoding/xml's Token.
type reader struct {
	xml      *xml.Decoder
	open     [maxDepth]xml.Name
	depth    int
	declared bool // the XML declaration was read
	rooted   bool // the root element was opened

	requested bool // there is a Request in the Autodiscover
	address   strings.Builder
	accepts   strings.Builder
	addressed bool // the first EMailAddress that is not empty is complete
	asked     bool // an AcceptableResponseSchema is not empty
	schemas   []schema
}

func (rd *reader) read() error {
	for {
		token, err := rd.xml.RawToken()
		if errors.Is(err, io.EOF) {
			if !rd.rooted || rd.depth > 0 {
				return invalid("the request is not a complete XML document")
			}
			return nil
		}
		if err != nil {
			// The decoder's message repeats parts of the request.
			return invalid("the request is not well-formed XML in a known encoding")
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = rd.start(t.Name)
		case xml.EndElement:
			err = rd.end(t.Name)
		case xml.CharData:
			err = rd.text(t)
		case xml.ProcInst:
			err = rd.instruction(t)
		case xml.Directive:
			err = invalid("the request has a DOCTYPE or another directive; not accepted")
		}
		if err != nil {
			return err
		}
	}
}

func (rd *reader) start(name xml.Name) error {
	switch {
	case rd.depth == maxDepth:
		return invalid("the elements of the request are nested too deep")
	case rd.depth == 0 && rd.rooted:
		return invalid("the request has more than one root element")
	case rd.depth == 0 && name.Local != "Autodiscover":
		return invalid("the request is not an Autodiscover document")
	}
	rd.rooted = true
	rd.open[rd.depth] = name
	rd.depth++
	if rd.depth == 2 && name.Local == "Request" {
		rd.requested = true
	}
	return nil
}

func (rd *reader) end(name xml.Name) error {
	if rd.depth == 0 || rd.open[rd.depth-1] != name {
		return invalid("the request is not well-formed XML: an end tag does not match")
	}
	switch rd.field() {
	case "EMailAddress":
		rd.addressed = strings.TrimSpace(rd.address.String()) != ""
	case "AcceptableResponseSchema":
		rd.accept(strings.TrimSpace(rd.accepts.String()))
		rd.accepts.Reset()
	}
	rd.depth--
	return nil
}

func (rd *reader) text(t xml.CharData) error {
	if rd.depth == 0 {
		if len(bytes.TrimSpace(t)) > 0 {
			return invalid("the request has text outside of its root element")
		}
		return nil
	}
	switch rd.field() {
	case "EMailAddress":
		if !rd.addressed {
			rd.address.Write(t)
		}
	case "AcceptableResponseSchema":
		rd.accepts.Write(t)
	}
	return nil
}

// instruction ignores processing instructions. A declaration is accepted once:
// each could wrap the input in another decoder.
func (rd *reader) instruction(t xml.ProcInst) error {
	if t.Target != "xml" {
		return nil
	}
	if rd.declared || rd.rooted {
		return invalid("the request has an XML declaration that is not at its beginning")
	}
	rd.declared = true
	return nil
}

// field returns the local name of the innermost open element when it is a
// child of the Request, else "".
func (rd *reader) field() string {
	if rd.depth != 3 || rd.open[1].Local != "Request" {
		return ""
	}
	return rd.open[2].Local
}

// accept adds one AcceptableResponseSchema: older versions of Outlook list several.
func (rd *reader) accept(name string) {
	if name == "" {
		return
	}
	rd.asked = true
	// Microsoft's documentation has these names with https by mistake, and some
	// clients follow it.
	if rest, ok := strings.CutPrefix(name, "https:"); ok {
		name = "http:" + rest
	}
	var known schema
	switch name {
	case outlookSchema:
		known = outlook
	case mobileSyncSchema:
		known = mobileSync
	default:
		return
	}
	if !slices.Contains(rd.schemas, known) {
		rd.schemas = append(rd.schemas, known)
	}
}

// request returns the parsed request. Without an AcceptableResponseSchema, the
// schema is that of mail clients. A LegacyDN, a name in an Exchange directory,
// does not replace the address.
func (rd *reader) request() (request, error) {
	req := request{address: strings.TrimSpace(rd.address.String()), schemas: rd.schemas}
	switch {
	case !rd.requested:
		return request{}, invalid("the Autodiscover document has no Request")
	case req.address == "":
		return request{}, invalid("the request has no EMailAddress")
	case !rd.asked:
		req.schemas = []schema{outlook}
	case len(req.schemas) == 0:
		return request{}, &codedError{noProvider, settings.Errorf(settings.NotOffered, "no known response schema is acceptable to the request")}
	}
	return req, nil
}

func invalid(message string) error {
	return &settings.Error{Kind: settings.BadRequest, Message: message}
}

// toUTF8 removes a byte order mark and converts UTF-16, which Windows programs
// send, to UTF-8. Without a mark, the first character, "<", gives the byte order.
func toUTF8(body []byte) ([]byte, error) {
	if rest, ok := bytes.CutPrefix(body, []byte("\xef\xbb\xbf")); ok {
		return rest, nil
	}
	if len(body) < 2 {
		return body, nil
	}
	order := unicode.BigEndian
	switch [2]byte(body) {
	case [2]byte{'<', 0}:
		order = unicode.LittleEndian
	case [2]byte{0, '<'}, [2]byte{0xfe, 0xff}, [2]byte{0xff, 0xfe}:
	default:
		return body, nil
	}
	return unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(body)
}

// declaredCharset decodes the other encodings that a declaration may name. A
// declared UTF-16 was decoded already, or is wrong: .NET declares it in documents
// that it sends as UTF-8.
func declaredCharset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii", "utf8", "utf-16", "utf-16le", "utf-16be", "unicode":
		return input, nil
	case "iso-8859-1", "windows-1252":
		return charmap.Windows1252.NewDecoder().Reader(input), nil
	}
	return nil, errors.New("unknown encoding")
}
