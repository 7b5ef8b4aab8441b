package client

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Client is one mail program.
type Client struct {
	Name string
	// Ask returns what the client asks to set up an address. Questions that
	// depend on a DNS answer are part of the plan when found has that answer.
	Ask  func(address string, found DNS) Plan
	Read map[Format]Reader // by the formats that the client understands
	// ReadRecords returns the account that the client sets up from the SRV records
	// of a domain, by service such as "_imaps._tcp"; nil when it needs a document.
	ReadRecords func(found map[string][]SRV, address string) (Account, error)
	// TypedLogin is set when the client logs in with what the person typed, whatever
	// the document names.
	TypedLogin bool
}

// SRV is one record that names a server.
type SRV struct {
	Priority, Weight, Port uint16
	Target                 string // without a final dot; "." for none
}

// Reader returns the account that a client sets up for an address from a
// document. Its error is a *Refusal.
type Reader func(document []byte, address string) (Account, error)

// Format is the kind of document that answers a question.
type Format string

// The formats.
const (
	Autoconfig   Format = "autoconfig"
	Autodiscover Format = "autodiscover"      // Outlook's XML
	JSON         Format = "autodiscover-json" // which names the URL of Outlook's XML
	Profile      Format = "profile"           // Apple's property list, without its signature
	PACC         Format = "pacc"
	WellKnown    Format = "well-known" // a redirect to calendars or contacts (RFC 6764)
	Records      Format = "dns"        // no document: the DNS answer itself names the servers
)

// DNS holds the answers that later questions are made of.
type DNS struct {
	MX  string            // the mail exchanger with the lowest preference value, without a final dot
	SRV map[string]string // host of the first target, by service: "_autodiscover._tcp"
}

// Plan is everything that a client asks, in stages. The client begins the next
// stage when no question of a stage was answered.
type Plan []Stage

// Stage is a list of questions that are answered in one format.
type Stage struct {
	Format Format
	// Always is set when the client also asks these questions after an earlier
	// stage found an account.
	Always bool
	// AtOnce is set when the client sends all questions together, and prefers
	// the answers in the order of the list.
	AtOnce    bool
	Rules     Rules
	Questions []Question
}

// Rules say which answers a client accepts.
type Rules struct {
	Status     int           // the only status that counts; 0 for any 2xx
	MediaTypes []string      // the answer must have one of them; nil for any
	Timeout    time.Duration // for one answer; 0 when not known
	// ConfirmPlain is set when the person must confirm what came over plain http,
	// or what a redirect over plain http led to.
	ConfirmPlain bool
	Final        Final
}

// Final says which answer ends a stage. After any other answer, a time-out or
// a failed connection the client asks the next question of the stage.
type Final string

const (
	// FirstSuccess is the first answer with the right status, even when the
	// client cannot read its document.
	FirstSuccess Final = "first success"
	// FirstDocument is the first document with the right status that the client
	// does not reject.
	FirstDocument Final = "first document"
	// FirstXML is the first well-formed XML, whatever its status.
	FirstXML Final = "first XML"
	// FirstRedirect is the first redirect.
	FirstRedirect Final = "first redirect"
)

// AcceptsStatus reports whether a status can end a stage.
func (r Rules) AcceptsStatus(status int) bool {
	switch {
	case r.Final == FirstXML:
		return true
	case r.Final == FirstRedirect:
		return slices.Contains([]int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}, status)
	case r.Status != 0:
		return status == r.Status
	}
	return status >= 200 && status < 300
}

// AcceptsContentType reports whether the client reads a document that is
// served with this Content-Type.
func (r Rules) AcceptsContentType(contentType string) bool {
	return len(r.MediaTypes) == 0 || slices.ContainsFunc(r.MediaTypes, func(t string) bool { return strings.HasPrefix(contentType, t) })
}

// Question is one HTTP request, or one DNS question when Record is set.
type Question struct {
	Owner  Owner
	Method string
	URL    string // absolute
	Header http.Header
	Body   string

	Record string // "MX", "SRV" or "TXT"
	Name   string // that is looked up, without a final dot
}

// Owner is whose server a question goes to.
type Owner string

// The owners.
const (
	Domain   Owner = "domain"    // the domain of the address
	MailHost Owner = "mail host" // the domain of its mail exchanger
	Target   Owner = "target"    // the target of an SRV record
	Vendor   Owner = "vendor"    // the maker of the client, or a public database
)

// Get returns a GET request.
func Get(owner Owner, url string) Question {
	return Question{Owner: owner, Method: http.MethodGet, URL: url}
}

// Lookup returns a DNS question about the domain of the address.
func Lookup(record, name string) Question {
	return Question{Owner: Domain, Record: record, Name: name}
}

// FindDAV returns how clients find calendars and contacts (RFC 6764 section 6): by
// SRV records and their TXT records, then by the well-known URLs of the domain.
func FindDAV(domain, method string) Stage {
	stage := Stage{Format: WellKnown, Always: true, Rules: Rules{Final: FirstRedirect}}
	for _, service := range []string{"caldav", "carddav"} {
		q := Question{Owner: Domain, Method: method, URL: "https://" + domain + "/.well-known/" + service}
		if method == "PROPFIND" {
			q.Header = http.Header{"Depth": {"0"}}
		}
		name := "_" + service + "s._tcp." + domain
		stage.Questions = append(stage.Questions, Lookup("SRV", name), Lookup("TXT", name), q)
	}
	return stage
}

// WithAgent sets the User-Agent of every HTTP request of a plan.
func (p Plan) WithAgent(agent string) Plan {
	for _, stage := range p {
		for i, q := range stage.Questions {
			if q.Method != "" {
				header := q.Header.Clone()
				if header == nil {
					header = http.Header{}
				}
				header.Set("User-Agent", agent)
				stage.Questions[i].Header = header
			}
		}
	}
	return p
}

// MXParents returns the host name of a mail exchanger without its first label,
// and its registrable domain by the public suffix list; the two are often the
// same. Both are "" when the host name has no registrable domain.
func MXParents(host string) (parent, base string) {
	base, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host))
	if err != nil {
		return "", ""
	}
	parent = base
	if _, rest, _ := strings.Cut(strings.ToLower(host), "."); len(rest) > len(base) {
		parent = rest
	}
	return parent, base
}
