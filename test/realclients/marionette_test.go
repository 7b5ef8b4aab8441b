package realclients

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// marionette is a connection to the remote control of a Mozilla program. A
// message is its length in decimal, a colon, and JSON.
type marionette struct {
	conn net.Conn
	in   *bufio.Reader
	last int
}

// dialMarionette connects and opens a session in which scripts run with all
// the rights of the program itself.
func dialMarionette(ctx context.Context, t *testing.T, address string) (*marionette, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	m := &marionette{conn: conn, in: bufio.NewReader(conn)}
	var hello struct {
		Protocol int `json:"marionetteProtocol"`
	}
	if err := m.receive(ctx, &hello); err != nil {
		return nil, err
	}
	if hello.Protocol != 3 {
		return nil, fmt.Errorf("marionette speaks protocol %d, this is for 3", hello.Protocol)
	}
	if err := m.command(ctx, "WebDriver:NewSession", map[string]any{}, nil); err != nil {
		return nil, err
	}
	// The deadline of the caller's context ends a script, not this.
	if err := m.command(ctx, "WebDriver:SetTimeouts", map[string]any{"script": time.Hour.Milliseconds()}, nil); err != nil {
		return nil, err
	}
	return m, m.command(ctx, "Marionette:SetContext", map[string]any{"value": "chrome"}, nil)
}

// run executes a function body and decodes what it returns, or what the
// promise that it returns becomes.
func (m *marionette) run(ctx context.Context, script string, result any, args ...any) error {
	if args == nil {
		args = []any{}
	}
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	params := map[string]any{"script": script, "args": args, "sandbox": "system", "newSandbox": true}
	if err := m.command(ctx, "WebDriver:ExecuteScript", params, &answer); err != nil {
		return err
	}
	return json.Unmarshal(answer.Value, result)
}

// command sends one command and waits for its response.
func (m *marionette) command(ctx context.Context, name string, params, result any) error {
	m.last++
	body, err := json.Marshal([]any{0, m.last, name, params})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(m.conn, "%d:%s", len(body), body); err != nil {
		return err
	}
	var response [4]json.RawMessage // 1, the number of the command, error, result
	if err := m.receive(ctx, &response); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if got := string(response[1]); got != strconv.Itoa(m.last) {
		return fmt.Errorf("%s: the response is to command %s", name, got)
	}
	if string(response[2]) != "null" {
		return fmt.Errorf("%s: %s", name, response[2])
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(response[3], result)
}

// receive reads one message, until ctx ends.
func (m *marionette) receive(ctx context.Context, v any) error {
	stop := context.AfterFunc(ctx, func() { _ = m.conn.SetReadDeadline(time.Now()) })
	defer stop()
	length, err := m.in.ReadString(':')
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	if err != nil || n < 0 || n > 1<<20 {
		return fmt.Errorf("the length of a message is %q", length)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(m.in, body); err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}
