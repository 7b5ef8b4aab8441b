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

// schema is a form of answer that a client can ask for.
type schema uint8

const (
	outlook schema = iota
	mobileSync
)

// request is what a POX request says (MS-OXDSCLI section 2.2.3).
type request struct {
	address string   // as it was sent, without white space around it; never empty
	schemas []schema // what the client accepts and this package knows, first wish first; never empty
}

// maxDepth bounds how deep elements may nest; a request has three levels.
const maxDepth = 32

// parseRequest reads a request whatever its Content-Type said: FairEmail posts
// XML as a form, others say nothing. Elements count by their local names, in
// whatever namespace, and unknown ones are ignored anywhere.
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

// reader walks through a document once. It keeps the open elements itself:
// that is all of encoding/xml's Token that is needed here, and far cheaper
// than its name spaces.
type reader struct {
	xml      *xml.Decoder
	open     [maxDepth]xml.Name
	depth    int
	declared bool // the XML declaration was read
	rooted   bool // the root element was opened

	requested bool // there is a Request in the Autodiscover
	address   strings.Builder
	accepts   strings.Builder
	addressed bool // the first EMailAddress that says something is complete
	asked     bool // some AcceptableResponseSchema says something
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
			// The decoder's words repeat parts of the request.
			return invalid("the request is not well-formed XML in an encoding that is known here")
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
			err = invalid("the request has a DOCTYPE or another directive; none is accepted")
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
		return invalid("the request is not well-formed XML: an end tag does not fit")
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

// instruction ignores processing instructions. A declaration is accepted
// once: each could wrap the input in another decoder.
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

// accept takes one AcceptableResponseSchema: older versions of Outlook list
// several.
func (rd *reader) accept(name string) {
	if name == "" {
		return
	}
	rd.asked = true
	// Microsoft's documentation prints these names with https by mistake, and
	// what was written after it asks like that.
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

// request says what was read. A request without AcceptableResponseSchema gets
// the only form of answer that mail programs read; one that names somebody by
// LegacyDN alone, a name in an Exchange directory, names nobody here.
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
		return request{}, &codedError{noProvider, settings.Errorf(settings.NotOffered, "none of the response schemas that the request accepts is known here")}
	}
	return req, nil
}

func invalid(words string) error {
	return &settings.Error{Kind: settings.BadRequest, Message: words}
}

// toUTF8 takes a byte order mark off and turns UTF-16, which Windows programs
// send, into UTF-8. Without a mark, the first character of a document, "<",
// tells the byte order.
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

// declaredCharset decodes the encodings besides UTF-8 that a declaration may
// name. A declared UTF-16 was decoded already, or is not true: .NET writes it
// into documents that it then sends as UTF-8.
func declaredCharset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii", "utf8", "utf-16", "utf-16le", "utf-16be", "unicode":
		return input, nil
	case "iso-8859-1", "windows-1252":
		return charmap.Windows1252.NewDecoder().Reader(input), nil
	}
	return nil, errors.New("unknown encoding")
}
