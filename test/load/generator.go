//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// request is what every connection sends, again and again.
type request struct {
	method, host, path string
	header, body       string // header lines, each with CRLF
	status             int    // of the expected answer
	encrypted          bool
	reconnect          bool // a new connection for each request
}

// varying is replaced in a request by a number of as many digits that is new each
// time.
const varying = "00000000"

// bytes returns the request as it is sent.
func (q request) bytes() []byte {
	text := q.method + " " + q.path + " HTTP/1.1\r\nHost: " + q.host + "\r\nUser-Agent: load\r\n" + q.header
	if q.reconnect {
		text += "Connection: close\r\n"
	}
	if q.body != "" {
		text += "Content-Type: text/xml\r\nContent-Length: " + strconv.Itoa(len(q.body)) + "\r\n"
	}
	return []byte(text + "\r\n" + q.body)
}

// measured is the result of one run.
type measured struct {
	requests  int
	took      time.Duration
	latencies []time.Duration // sorted
}

func (m measured) percentile(p int) time.Duration { return m.latencies[(len(m.latencies)-1)*p/100] }

// latest is how long an answer may take.
const latest = 10 * time.Second

// drive sends a request to an address on so many connections for a time.
func drive(address string, q request, connections int, long time.Duration) (measured, error) {
	var (
		number atomic.Int64
		all    sync.WaitGroup
		each   = make([][]time.Duration, connections)
		errs   = make([]error, connections)
		begun  = time.Now()
	)
	for i := range connections {
		all.Go(func() {
			c := &client{address: address, request: q, text: q.bytes()}
			defer c.close()
			for time.Since(begun) < long && errs[i] == nil {
				sent := time.Now()
				_, errs[i] = c.ask(number.Add(1))
				each[i] = append(each[i], time.Since(sent))
			}
		})
	}
	all.Wait()
	m := measured{took: time.Since(begun), latencies: slices.Concat(each...)}
	m.requests = len(m.latencies)
	slices.Sort(m.latencies)
	return m, errors.Join(errs...)
}

// client is one connection. It does the least that HTTP needs, so that the server
// is the slower one.
type client struct {
	address string
	request request
	text    []byte
	conn    net.Conn
	in      *bufio.Reader
}

// answer is what ask returns of a response.
type answer struct {
	status, length int
	etag           string
}

// ask sends the request once. The error says that it was not answered as expected.
func (c *client) ask(number int64) (answer, error) {
	if c.conn == nil {
		if err := c.connect(); err != nil {
			return answer{}, err
		}
	}
	if err := c.conn.SetDeadline(time.Now().Add(latest)); err != nil {
		return answer{}, err
	}
	text := c.text
	if bytes.Contains(text, []byte(varying)) {
		text = bytes.ReplaceAll(text, []byte(varying), fmt.Appendf(nil, "%0*d", len(varying), number))
	}
	if _, err := c.conn.Write(text); err != nil {
		return answer{}, err
	}
	a, err := c.read()
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", c.request.method, c.request.path, err)
	}
	if a.status != c.request.status {
		return answer{}, fmt.Errorf("%s %s: status %d, want %d", c.request.method, c.request.path, a.status, c.request.status)
	}
	if c.request.reconnect {
		c.close()
	}
	return a, nil
}

func (c *client) connect() (err error) {
	dialer := &net.Dialer{Timeout: latest}
	if c.request.encrypted {
		// The certificate is made for each run.
		c.conn, err = tls.DialWithDialer(dialer, "tcp", c.address, &tls.Config{InsecureSkipVerify: true, ServerName: c.request.host})
	} else {
		c.conn, err = dialer.Dial("tcp", c.address)
	}
	if err != nil {
		c.conn = nil
		return err
	}
	if c.in == nil {
		c.in = bufio.NewReader(c.conn)
	}
	c.in.Reset(c.conn)
	return nil
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// read reads one response.
func (c *client) read() (answer, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return answer{}, err
	}
	var a answer
	if len(line) > 12 {
		a.status, err = strconv.Atoi(string(line[9:12]))
	}
	if err != nil || a.status == 0 {
		return answer{}, fmt.Errorf("not a status line: %q", line)
	}
	a.length = -1
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return answer{}, err
		}
		name, value, _ := bytes.Cut(textproto.TrimBytes(line), []byte(": "))
		switch {
		case len(name) == 0:
			if a.length < 0 && a.status != 304 {
				return answer{}, errors.New("the response has no Content-Length")
			}
			_, err = c.in.Discard(max(a.length, 0))
			return a, err
		case bytes.EqualFold(name, []byte("content-length")):
			if a.length, err = strconv.Atoi(string(value)); err != nil {
				return answer{}, err
			}
		case bytes.EqualFold(name, []byte("etag")):
			a.etag = string(value)
		}
	}
}

// once asks a server a single time.
func once(address string, q request) (answer, error) {
	c := &client{address: address, request: q, text: q.bytes()}
	defer c.close()
	a, err := c.ask(0)
	if errors.Is(err, io.EOF) {
		err = errors.New("the connection was closed without an answer")
	}
	return a, err
}
