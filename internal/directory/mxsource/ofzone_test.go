package mxsource

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestWhatFailed tells failures of a zone from those of the resolver.
func TestWhatFailed(t *testing.T) {
	known := zone(t, "plain.example. 60 IN MX 10 mx1.mail.example.")
	about := func(domain string, answer func(r, reply *dns.Msg) bool) func(r, reply *dns.Msg) bool {
		return func(r, reply *dns.Msg) bool {
			if strings.EqualFold(r.Question[0].Name, domain) {
				return answer(r, reply)
			}
			return known(r, reply)
		}
	}
	tooLong := func(_, reply *dns.Msg) bool {
		reply.Truncated = true
		return true
	}
	for _, tc := range []struct {
		name   string
		answer func(r, reply *dns.Msg) bool
		ofName bool
	}{
		{"a zone whose servers fail", about("bad.example.", fails(dns.RcodeServerFailure)), true},
		{"a zone whose servers are silent", about("bad.example.", silent), true},
		{"a zone that a policy blocks", about("bad.example.", fails(dns.RcodeRefused)), true},
		{"every zone fails", fails(dns.RcodeServerFailure), true},
		{"a resolver that is silent", silent, false},
		{"a resolver that refuses everything", fails(dns.RcodeRefused), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 200*time.Millisecond, newResolver(t, tc.answer).addr)
			_, err := s.Domain(t.Context(), "bad.example")
			var ofName *source.NameError
			if err == nil || errors.As(err, &ofName) != tc.ofName {
				t.Errorf("of the name is %v, want %v: %v", !tc.ofName, tc.ofName, err)
			}
		})
	}
	t.Run("an answer that needs TCP, which is closed", func(t *testing.T) {
		t.Parallel()
		server := newResolver(t, about("bad.example.", tooLong))
		s := open(t, time.Second, udpOnly(t, server.addr))
		_, err := s.Domain(t.Context(), "bad.example")
		if !errors.As(err, new(*source.NameError)) {
			t.Error(err)
		}
	})
}

// TestAnotherAnswerProvesTheResolver sends no extra question while others are
// answered.
func TestAnotherAnswerProvesTheResolver(t *testing.T) {
	known := zone(t, "plain.example. 60 IN MX 10 mx1.mail.example.")
	began := make(chan struct{}, 8)
	server := newResolver(t, func(r, reply *dns.Msg) bool {
		if r.Question[0].Name == "bad.example." {
			began <- struct{}{}
			return false
		}
		return known(r, reply)
	})
	s := open(t, 300*time.Millisecond, server.addr)
	done := make(chan error, 1)
	go func() {
		_, err := s.Domain(t.Context(), "bad.example")
		done <- err
	}()
	<-began
	if _, err := s.Domain(t.Context(), "plain.example"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.As(err, new(*source.NameError)) {
		t.Error(err)
	}
	if n := server.asked.Load(); n != 3 { // bad twice, plain once
		t.Errorf("%d questions, want 3", n)
	}
}

// udpOnly returns the address of a forwarder to a resolver that has no TCP.
func udpOnly(t *testing.T, to string) string {
	t.Helper()
	p, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	go func() {
		buf := make([]byte, dns.MaxMsgSize)
		for {
			n, from, err := p.ReadFrom(buf)
			if err != nil {
				return
			}
			conn, err := net.Dial("udp", to)
			if err != nil {
				return
			}
			_, _ = conn.Write(buf[:n])
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			if n, err = conn.Read(buf); err == nil {
				_, _ = p.WriteTo(buf[:n], from)
			}
			_ = conn.Close()
		}
	}()
	return p.LocalAddr().String()
}
