package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
	"github.com/waymark-mail/waymark/internal/clients/pox"
	"github.com/waymark-mail/waymark/internal/dnslookup"
)

// journey is one client on its way to an account.
type journey struct {
	client  client.Client
	steps   []Step
	account client.Account
	// format and url are of the document that the account is from.
	format client.Format
	url    string
	found  bool
	over   bool // the client stopped asking without an account
	// obstacles are what went wrong on the way. They break the client when it ends
	// without an account.
	obstacles []fault
	breaks    []fault // what breaks the client although it has an account
	asks      []fault // what makes it ask the user
	documents []document
}

// document is one that was read, by any client.
type document struct {
	format  client.Format
	url     string
	content []byte
	contact client.Account
}

// follow asks the questions of one client about an address. If an answer
// redirects to another address, it follows once.
func (x *examination) follow(ctx context.Context, c client.Client, address string, again bool) *journey {
	j := &journey{client: c}
	_, domain := client.SplitAddress(address)
	for _, stage := range c.Ask(address, x.dnsOf(ctx, domain)) {
		if j.found || j.over || stage.Format == client.WellKnown {
			continue
		}
		if stage.Format == client.Records {
			x.records(ctx, stage, address, j)
			continue
		}
		if to := x.stage(ctx, stage, address, j); to != "" && again {
			x.redirected(ctx, to, stage, address, j)
		}
	}
	return j
}

// dnsOf looks up what the later questions of a plan depend on.
func (x *examination) dnsOf(ctx context.Context, domain string) client.DNS {
	found := client.DNS{SRV: map[string]string{}}
	if answer, err := x.net.lookup(ctx, domain, dnslookup.MX); err == nil {
		if first := mostPreferred(answer.Records); len(first) > 0 && first[0].Target != "." {
			found.MX = first[0].Target
		}
	}
	const service = "_autodiscover._tcp"
	if answer, err := x.net.lookup(ctx, service+"."+domain, dnslookup.SRV); err == nil {
		if first := mostPreferred(answer.Records); len(first) > 0 && first[0].Target != "." {
			found.SRV[service] = first[0].Target
		}
	}
	return found
}

func mostPreferred(records []dnslookup.Record) []dnslookup.Record {
	sorted := slices.Clone(records)
	slices.SortStableFunc(sorted, func(a, b dnslookup.Record) int { return int(a.Priority) - int(b.Priority) })
	return sorted
}

// records lets a client read SRV records.
func (x *examination) records(ctx context.Context, stage client.Stage, address string, j *journey) {
	found := map[string][]client.SRV{}
	for _, q := range stage.Questions {
		answer, err := x.net.lookup(ctx, q.Name, dnslookup.Type(q.Record))
		got := strings.Join(answer.Targets(), ", ")
		if err != nil {
			got = err.Error()
		}
		j.step(q, orNone(got))
		if q.Record != "SRV" {
			continue
		}
		labels := strings.SplitN(q.Name, ".", 3)
		for _, r := range answer.Records {
			service := labels[0] + "." + labels[1]
			found[service] = append(found[service], client.SRV{Priority: r.Priority, Weight: r.Weight, Port: r.Port, Target: r.Target})
		}
	}
	if j.client.ReadRecords == nil || len(found) == 0 {
		return
	}
	if account, err := j.client.ReadRecords(found, address); err == nil {
		j.account, j.format, j.found = account, client.Records, true
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func (j *journey) step(q client.Question, got string) {
	asked := q.Record + " " + q.Name
	if q.Method != "" {
		asked = q.Method + " " + q.URL
	}
	j.steps = append(j.steps, Step{asked, got})
}

// stage asks the questions of a stage, in the order in which the client prefers
// their answers. It returns where the client is told to ask again.
func (x *examination) stage(ctx context.Context, stage client.Stage, address string, j *journey) (again string) {
	for _, q := range stage.Questions {
		if q.Record != "" {
			x.lookupStep(ctx, q, j)
			continue
		}
		if q.Owner == client.Vendor && stage.Format == client.JSON {
			j.step(q, "not asked: the doctor sends no address to the maker of the client")
			continue
		}
		a := x.question(ctx, stage, q, address)
		j.step(q, a.summary())
		end, to := x.judge(stage, q, a, address, j)
		if end || to != "" {
			return to
		}
	}
	return ""
}

func (x *examination) lookupStep(ctx context.Context, q client.Question, j *journey) {
	answer, err := x.net.lookup(ctx, q.Name, dnslookup.Type(q.Record))
	got := append(answer.Targets(), answer.Texts("")...)
	got = slices.DeleteFunc(got, func(s string) bool { return s == "" })
	if err != nil {
		got = []string{err.Error()}
	}
	j.step(q, orNone(strings.Join(got, ", ")))
}

// question sends one request, and the further one that the format needs.
func (x *examination) question(ctx context.Context, stage client.Stage, q client.Question, address string) answer {
	switch {
	case stage.Format == client.Autodiscover && q.Method == http.MethodGet && strings.HasPrefix(q.URL, "http://"):
		// Outlook wants a redirect to https, and posts there.
		a := x.web.askOnly(ctx, q)
		target, err := url.Parse(a.location)
		if a.fault != nil || err != nil || target.Scheme != "https" {
			a.status = http.StatusNotFound // any other answer is none
			return a
		}
		a = x.web.ask(ctx, pox.Post(q.Owner, target.String(), address))
		a.plain = true
		return a
	case stage.Format == client.JSON:
		a := x.web.ask(ctx, q)
		var named struct{ URL string }
		if a.fault != nil || a.status != http.StatusOK || json.Unmarshal(a.body, &named) != nil || !strings.HasPrefix(named.URL, "https://") {
			return a
		}
		return x.web.ask(ctx, pox.Post(client.Target, named.URL, address))
	}
	return x.web.ask(ctx, q)
}

// summary is what a step shows.
func (a answer) summary() string {
	if a.fault != nil {
		return a.fault.seen
	}
	text := fmt.Sprint(a.status)
	if a.contentType != "" {
		text += " " + a.contentType
	}
	if a.redirects > 0 {
		text += " at " + a.url
	}
	return text
}

// judge decides what a client makes of an answer: whether it ends the stage, or
// leads elsewhere.
func (x *examination) judge(stage client.Stage, q client.Question, a answer, address string, j *journey) (end bool, to string) {
	k := kindOf(stage.Format)
	if patience := stage.Rules.Timeout; a.fault == nil && patience > 0 && a.took > x.net.wait(q.URL, patience) {
		a.fault = &fault{id: "-slow", where: q.URL, seen: fmt.Sprintf("the answer takes longer than %v", patience), fix: "Answer within a second: Thunderbird waits 5 s."}
	}
	obstacle := func(f fault) {
		f.where = withoutQuery(f.where)
		if q.Owner != client.Vendor {
			j.obstacles = append(j.obstacles, k.of(f))
		}
	}
	_, domain := client.SplitAddress(address)
	ofWebsite := strings.EqualFold(hostOf(q.URL), domain) // which may know nothing of mail
	switch {
	case a.fault != nil:
		if !isExpected(q, a, ofWebsite) {
			obstacle(*a.fault)
		}
		return false, ""
	case stage.Rules.Final == client.FirstXML && a.status != stage.Rules.Status:
		if _, err := markup.Parse(a.body); err != nil {
			refusedStatus(a, ofWebsite, obstacle)
			return false, ""
		}
		obstacle(fault{"-error-is-xml", q.URL, fmt.Sprintf("the error %d has an XML body, which ends the search of %s", a.status, j.client.Name), "Send errors as text/plain."})
		j.over = true
		return true, ""
	case !stage.Rules.AcceptsStatus(a.status):
		refusedStatus(a, ofWebsite, obstacle)
		return false, ""
	}
	reader := j.client.Read[stage.Format]
	if stage.Format == client.JSON {
		reader = j.client.Read[client.Autodiscover]
	}
	f, refusal := x.read(stage, q, a, address, reader, j)
	if f == nil {
		return true, ""
	}
	ends := stage.Rules.Final == client.FirstSuccess
	switch {
	case refusal != nil && refusal.Does == client.AsksAgain:
		return false, refusal.To
	case refusal != nil && refusal.Does == client.Ignores:
		ends, j.over = true, true
	}
	if ends || !ofWebsite {
		obstacle(*f)
	}
	return ends, ""
}

// isExpected reports whether a request fails although nothing is wrong: there is no
// such host, or it was not set up for mail clients.
func isExpected(q client.Question, a answer, ofWebsite bool) bool {
	switch {
	case a.fault.id == absent, ofWebsite && a.ofHost:
		return true
	case q.Owner == client.MailHost && a.ofHost:
		return !strings.HasPrefix(a.fault.id, "tls-") || !strings.HasPrefix(hostOf(q.URL), "auto")
	}
	return false
}

// refusedStatus notes an answer with a status that is no success.
func refusedStatus(a answer, ofWebsite bool, obstacle func(fault)) {
	switch a.status {
	case http.StatusNoContent:
		obstacle(fault{"-empty", a.url, "the answer 204 is empty", "Return 404 where there is no document, and the document elsewhere."})
	case http.StatusUnauthorized:
		obstacle(fault{"-requires-password", a.url, "the server asks for a password (401), which clients do not have yet", "Serve the document without authentication: it holds no secret."})
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusBadRequest, http.StatusNotImplemented:
		// A clean refusal: the client asks its next question.
	default:
		if !ofWebsite {
			obstacle(fault{"-http-error", a.url, fmt.Sprintf("the server returns %d %s", a.status, http.StatusText(a.status)), "Look into the log of the server: it should return 200 with the document."})
		}
	}
}

// read lets a client read a document. It returns why it does not.
func (x *examination) read(stage client.Stage, q client.Question, a answer, address string, reader client.Reader, j *journey) (*fault, *client.Refusal) {
	k := kindOf(stage.Format)
	content, signature := a.body, (*fault)(nil)
	switch {
	case len(bytes.TrimSpace(a.body)) == 0:
		return &fault{"-empty", a.url, fmt.Sprintf("the answer %d is empty", a.status), "Return 404 where there is no document, and the document elsewhere."}, nil
	case isHTML(a):
		return &fault{k.notID, a.url, fmt.Sprintf("the answer %d is an HTML page", a.status),
			"Return 404 where there is no document. Web applications often answer every path with their start page."}, nil
	case !stage.Rules.AcceptsContentType(a.contentType):
		return &fault{"-wrong-content-type", a.url, fmt.Sprintf("the Content-Type is %q", a.contentType), "Send Content-Type: " + k.contentTyp}, nil
	}
	if stage.Format == client.Profile {
		var invalid *fault
		if content, signature, invalid = x.unsigned(a); invalid != nil {
			return invalid, nil
		}
	}
	account, err := reader(content, address)
	var refusal *client.Refusal
	if errors.As(err, &refusal) {
		return &fault{"-unreadable", a.url, "clients reject the document: " + refusal.Why, "Correct the document."}, refusal
	}
	j.account, j.format, j.url, j.found = account, stage.Format, withoutQuery(a.url), true
	j.documents = append(j.documents, document{stage.Format, withoutQuery(a.url), content, account})
	if signature != nil {
		signature.where = withoutQuery(signature.where)
		j.asks = append(j.asks, *signature)
	}
	if stage.Rules.ConfirmPlain && a.plain && q.Owner != client.Vendor {
		j.asks = append(j.asks, k.of(fault{"-plain-http", withoutQuery(q.URL), "the way to the settings begins with plain http, which anybody on the network can change", fmt.Sprintf("Serve %s over https at the first URL that clients ask.", k.name)}))
	}
	return nil, nil
}

// isHTML reports whether an answer is a page for people.
func isHTML(a answer) bool {
	start := strings.ToLower(string(bytes.TrimSpace(a.body[:min(len(a.body), 512)])))
	return strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

// redirected asks where the document of Autodiscover leads: at another URL, or for
// another address.
func (x *examination) redirected(ctx context.Context, to string, stage client.Stage, address string, j *journey) {
	if strings.HasPrefix(to, "https://") {
		stage.Questions = []client.Question{pox.Post(client.Target, to, address)}
		x.stage(ctx, stage, address, j)
		return
	}
	if _, domain := client.SplitAddress(to); domain == "" {
		j.obstacles = append(j.obstacles, fault{"autodiscover-unreadable", stage.Questions[0].URL, "the document leads to something that is neither an https URL nor an address", "Correct RedirectUrl or RedirectAddr."})
		return
	}
	next := x.follow(ctx, j.client, to, false)
	next.steps = append(j.steps, next.steps...)
	*j = *next
}

func hostOf(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// withoutQuery returns a URL as a report shows it, without the address.
func withoutQuery(at string) string {
	at, _, _ = strings.Cut(at, "?")
	return at
}

// formatOf returns the format that a client mainly reads.
func formatOf(c client.Client, address string) client.Format {
	for _, stage := range c.Ask(address, client.DNS{}) {
		if stage.Format != client.Records && stage.Format != client.JSON {
			return stage.Format
		}
	}
	return client.Autoconfig
}

// judgement returns what the client does in the end. What breaks it is never empty
// when it has no account.
func (j *journey) judgement(domain, address string) (Outcome, []fault) {
	switch {
	case !j.found && len(j.obstacles) > 0:
		return Broken, j.obstacles
	case !j.found:
		return Broken, []fault{kindOf(formatOf(j.client, address)).missing(domain)}
	case len(j.breaks) > 0:
		return Broken, j.breaks
	case len(j.asks) > 0:
		return Question, j.asks
	}
	return Works, nil
}
