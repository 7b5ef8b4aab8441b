//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A goal is a ratio to the bare server, or for a signed profile to the signature
// alone. The floor is a tenth below it.
const belowGoal = 0.9

// row is one kind of request.
type row struct {
	name    string
	request request
	// base is the path at the bare server; "" for as many bytes as Waymark answers.
	base string
	// perBase is how many of what the row measures one request to base does; 0 for one.
	perBase int
	// goal and quiet are the goals with log lines and without; 0 for none.
	goal, quiet float64
}

const poxRequest = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>anna@example.com</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`

// rows are the requests that make load measures. etag is that of the autoconfig
// document.
func rows(etag string) []row {
	const withAddress = "/mail/config-v1.1.xml?emailaddress=anna%40example.com"
	get := func(host, path string) request {
		return request{method: "GET", host: host, path: path, status: 200}
	}
	known, kept := get("autoconfig.example.com", withAddress), get("autoconfig.example.com", withAddress)
	known.status, known.header = 304, "If-None-Match: "+etag+"\r\n"
	kept.encrypted = true
	fresh := kept
	fresh.reconnect = true
	return []row{
		{name: "autoconfig", request: get("autoconfig.example.com", "/mail/config-v1.1.xml"), goal: 0.80, quiet: 0.90},
		{name: "autoconfig, address", request: get("autoconfig.example.com", withAddress), goal: 0.80, quiet: 0.90},
		{name: "autoconfig, 304", request: known, goal: 0.80, quiet: 0.90},
		{name: "Autodiscover, POST", request: request{method: "POST", host: "autodiscover.example.com", path: "/autodiscover/autodiscover.xml", body: poxRequest, status: 200}, goal: 0.60, quiet: 0.70},
		{name: "Autodiscover, JSON", request: get("autodiscover.example.com", "/autodiscover/autodiscover.json?Email=anna%40example.com&Protocol=AutodiscoverV1")},
		{name: "PACC", request: get("ua-auto-config.example.com", "/.well-known/user-agent-configuration.json"), goal: 0.80, quiet: 0.90},
		{name: "set-up page", request: get("example.com", "/")},
		{name: "autoconfig, TLS, kept", request: kept, goal: 0.80, quiet: 0.90},
		{name: "autoconfig, TLS, new", request: fresh, goal: 0.90, quiet: 0.90},
		{name: "profile, P-256", request: get("example.com", "/profile.mobileconfig?email=anna"+varying+"%40example.com"), base: "/sign/ecdsa", perBase: signaturesAtOnce, goal: 0.49},
		{name: "profile, RSA-2048", request: get("rsa.example.com", "/profile.mobileconfig?email=anna"+varying+"%40rsa.example.com"), base: "/sign/rsa", perBase: signaturesAtOnce, goal: 0.90},
	}
}

// figure is what one server did of one row at one number of connections.
type figure struct {
	row         string
	server      string
	connections int
	perSecond   float64 // by the clock
	perCPU      float64 // per second of CPU time; 0 for a server that was running
	ratio       float64 // of perCPU to that of the bare server, else of perSecond; 1 for the bare server
	median, p99 time.Duration
	goal        float64 // of ratio; 0 for none
}

// missed returns the figures below their floors, a line for each.
func missed(all []figure) []string {
	var lines []string
	for _, f := range all {
		if f.goal > 0 && f.ratio < f.goal*belowGoal {
			lines = append(lines, fmt.Sprintf("%s, %s, %d connections: ratio %.2f is below the floor %.2f", f.row, f.server, f.connections, f.ratio, f.goal*belowGoal))
		}
	}
	return lines
}

// limit is a figure of the process, which is to stay below a goal.
type limit struct {
	name, unit     string
	measured, goal float64
}

// exceeded returns the limits whose goals are exceeded by more than a tenth.
func exceeded(all []limit) []string {
	var lines []string
	for _, l := range all {
		if l.measured > l.goal/belowGoal {
			lines = append(lines, fmt.Sprintf("%s: %.1f %s is above the limit %.1f", l.name, l.measured, l.unit, l.goal/belowGoal))
		}
	}
	return lines
}

const line = "%-22s %4s  %-16s %10s %10s %7s %6s %9s %9s\n"

func printHead(w io.Writer) {
	_, _ = fmt.Fprintf(w, line, "request", "conn", "server", "req/s", "req/CPU s", "ratio", "goal", "median", "p99")
}

func (f figure) print(w io.Writer) {
	optional := func(format string, value float64) string {
		if value == 0 {
			return "-"
		}
		return fmt.Sprintf(format, value)
	}
	_, _ = fmt.Fprintf(w, line, f.row, fmt.Sprint(f.connections), f.server, fmt.Sprintf("%.0f", f.perSecond), optional("%.0f", f.perCPU),
		fmt.Sprintf("%.2f", f.ratio), optional("%.2f", f.goal), f.median.Round(time.Microsecond), f.p99.Round(time.Microsecond))
}

// separated returns the words of a list with commas.
func separated(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}
