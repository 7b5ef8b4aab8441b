package attack

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a client waits for an answer before it counts as lost.
const patience = 30 * time.Second

// Customers are ordinary clients. A third keeps its HTTP/1 connection, a third opens
// one for each request, a third uses HTTP/2. Those on HTTP/1 never repeat a request.
type Customers struct {
	HTTP    string      // address of the listener for plain HTTP; "" for none
	HTTPS   string      // address of the listener for HTTPS; "" for none
	TLS     *tls.Config // trusts the server
	From    string      // their IP address; "" for any
	Domain  string      // which they ask for
	Clients int
	Pause   time.Duration // from one request of a client to its next
}

// Report is what the clients saw.
type Report struct {
	Sent    int
	Right   int
	Refused int // with 429 or 503, and Retry-After
	Lost    int // no answer, or a wrong one
	P99     time.Duration
	Faults  []string // the first few
}

func (r Report) String() string {
	return fmt.Sprintf("%d sent, %d answered right, %d refused, %d lost, p99 %s", r.Sent, r.Right, r.Refused, r.Lost, r.P99.Round(100*time.Microsecond))
}

// busy is the p99 without an attack above which a machine is too busy with other
// work to measure answers under one.
const busy = 50 * time.Millisecond

// Check fails the test unless the clients lost less than 1 %, refusals included, and
// 99 % of the answers came in time. normal is what as many clients saw at the same time
// at a Waymark that nobody attacks: what other work on this machine costs.
func (r Report) Check(t testing.TB, normal Report) {
	t.Helper()
	t.Logf("%s; without an attack: %s", r, normal)
	if r.Sent == 0 || (r.wrong()-normal.wrong())*100 >= r.Sent {
		t.Errorf("%d of %d requests were not answered right, such as:\n%s", r.wrong(), r.Sent, strings.Join(r.Faults, "\n"))
	}
	r.checkTimes(t, normal, 0)
}

// CheckNoneLost is Check where no request may be lost, but each may wait once.
func (r Report) CheckNoneLost(t testing.TB, normal Report, wait time.Duration) {
	t.Helper()
	t.Logf("%s; without an attack: %s", r, normal)
	if r.Sent == 0 || r.wrong() > normal.wrong() {
		t.Errorf("%d of %d requests were not answered right, such as:\n%s", r.wrong(), r.Sent, strings.Join(r.Faults, "\n"))
	}
	r.checkTimes(t, normal, wait)
}

func (r Report) wrong() int { return r.Sent - r.Right }

// checkTimes fails the test unless 99 % of the answers came within 100 ms, or more
// where some take long without an attack.
func (r Report) checkTimes(t testing.TB, normal Report, wait time.Duration) {
	t.Helper()
	inTime := wait + max(100*time.Millisecond, 5*normal.P99)
	switch {
	case normal.P99 > busy:
		t.Log("this machine is too busy to tell how long an answer takes")
	case r.P99 > inTime:
		t.Errorf("p99 is %s, above %s", r.P99, inTime)
	}
}

// Visit sends requests until ctx ends, waits for their answers, and reports.
func (c Customers) Visit(ctx context.Context) Report {
	var seen tally
	var all sync.WaitGroup
	for i := range c.Clients {
		all.Go(func() {
			put, leave := c.client(i) //nolint:bodyclose // judge closes it
			defer leave()
			wait(ctx, c.Pause*time.Duration(i)/time.Duration(c.Clients)) // not all in one moment
			for n := i; ctx.Err() == nil; n++ {
				begun := time.Now()
				seen.count(put, c.question(n))
				wait(ctx, c.Pause-time.Since(begun))
			}
		})
	}
	all.Wait()
	return seen.report()
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// question is a request with a part of its right answer.
type question struct{ method, path, body, answer string }

func (c Customers) question(n int) question {
	address := "anna@" + c.Domain
	switch n % 3 {
	case 0:
		return question{"GET", "/mail/config-v1.1.xml?emailaddress=" + address, "", "</clientConfig>"}
	case 1:
		return question{"POST", "/autodiscover/autodiscover.xml", "<Autodiscover><Request><EMailAddress>" + address +
			"</EMailAddress></Request></Autodiscover>", "<LoginName>"}
	default:
		return question{"GET", "/api/v1/settings?email=" + address, "", `"services"`}
	}
}

func (q question) request(scheme, host string) (*http.Request, error) {
	r, err := http.NewRequest(q.method, scheme+"://"+host+q.path, strings.NewReader(q.body))
	if err == nil && q.body != "" {
		r.Header.Set("Content-Type", "text/xml")
	}
	return r, err
}

// client returns how a client asks, and what it does when it leaves.
func (c Customers) client(i int) (put func(question) (*http.Response, error), leave func()) {
	dialer := net.Dialer{Timeout: patience}
	if c.From != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.From)}
	}
	if c.HTTPS != "" && (i%3 == 2 || c.HTTP == "") {
		over := &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: c.TLS.Clone(), ForceAttemptHTTP2: true}
		client := &http.Client{Transport: over, Timeout: patience}
		return func(q question) (*http.Response, error) {
			r, err := q.request("https", c.HTTPS)
			if err != nil {
				return nil, err
			}
			resp, err := client.Do(r)
			if err == nil && resp.ProtoMajor != 2 {
				err = errors.Join(errors.New("not HTTP/2"), resp.Body.Close())
			}
			return resp, err
		}, over.CloseIdleConnections
	}
	one := &keepAlive{address: c.HTTP, dialer: dialer, once: i%3 == 1}
	return one.put, one.close
}

// keepAlive is a client that keeps its connection and never repeats a request.
type keepAlive struct {
	address string
	dialer  net.Dialer
	once    bool // a connection for each request
	conn    net.Conn
	in      *bufio.Reader
}

func (k *keepAlive) put(q question) (*http.Response, error) {
	if k.once || k.ended() {
		k.close()
	}
	r, err := q.request("http", k.address)
	if err != nil {
		return nil, err
	}
	if k.conn == nil {
		if k.conn, err = k.dialer.Dial("tcp", k.address); err != nil {
			return nil, err
		}
		k.in = bufio.NewReader(k.conn)
	}
	resp, err := k.exchange(r)
	if err != nil || resp.Close {
		k.close()
	}
	return resp, err
}

// exchange returns the response with its whole body.
func (k *keepAlive) exchange(r *http.Request) (*http.Response, error) {
	if err := k.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if err := r.Write(k.conn); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(k.in, r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(strings.NewReader(string(text)))
	return resp, err
}

// ended reports whether the server has closed the connection, which every client
// looks at before it sends.
func (k *keepAlive) ended() bool {
	if k.conn == nil {
		return true
	}
	_ = k.conn.SetReadDeadline(time.Now().Add(time.Microsecond)) // Peek fails if it is closed
	_, err := k.in.Peek(1)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

func (k *keepAlive) close() {
	if k.conn != nil {
		_ = k.conn.Close() // whatever was sent has its answer
		k.conn = nil
	}
}

// tally counts what the clients see.
type tally struct {
	mu    sync.Mutex
	seen  Report
	times []time.Duration
}

func (t *tally) count(put func(question) (*http.Response, error), q question) {
	begun := time.Now()
	resp, err := put(q)
	refused, fault := false, ""
	if err == nil {
		refused, fault, err = judge(resp, q)
	}
	if err != nil {
		fault = err.Error()
	}
	took := time.Since(begun)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen.Sent++
	t.times = append(t.times, took)
	switch {
	case fault == "":
		t.seen.Right++
	case refused:
		t.seen.Refused++
	default:
		t.seen.Lost++
	}
	if fault != "" && len(t.seen.Faults) < 5 {
		t.seen.Faults = append(t.seen.Faults, fmt.Sprintf("%s %s after %s: %s", q.method, q.path, took, fault))
	}
}

// judge returns the fault of a response, or "".
func judge(resp *http.Response, q question) (refused bool, fault string, err error) {
	text, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return false, "", err
	}
	if resp.StatusCode == http.StatusOK && strings.Contains(string(text), q.answer) {
		return false, "", nil
	}
	refused = (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) && resp.Header.Get("Retry-After") != ""
	return refused, fmt.Sprintf("%s %.200s", resp.Status, text), nil
}

func (t *tally) report() Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.times) > 0 {
		slices.Sort(t.times)
		t.seen.P99 = t.times[len(t.times)*99/100]
	}
	return t.seen
}
