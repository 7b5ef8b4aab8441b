package passwordcheck

import (
	"net"
	"slices"
	"strings"
)

// submission logs in by AUTH PLAIN or AUTH LOGIN (RFC 4954).
func (s *session) submission() (Verdict, error) {
	code, _, err := s.smtpAnswer()
	switch {
	case err != nil:
		return Unreachable, err
	case code != "220":
		return Unreachable, errGoodbye
	}
	mechanisms, err := s.smtpHello()
	if err != nil {
		return Unreachable, err
	}
	if s.upgrade != nil {
		code, _, err := s.smtpCommand("STARTTLS")
		if err := s.startTLS(code == "220", err); err != nil {
			return Unreachable, err
		}
		if mechanisms, err = s.smtpHello(); err != nil {
			return Unreachable, err
		}
	}
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		return s.smtpAuth("PLAIN", func() []byte { return plain(s.login, s.password) })
	case slices.Contains(mechanisms, "LOGIN"):
		return s.smtpAuth("LOGIN",
			func() []byte { return encoded([]byte(s.login)) },
			func() []byte { return encoded([]byte(s.password)) })
	}
	return Unsupported, nil
}

// smtpHello sends EHLO and returns the mechanisms of AUTH, in upper case. The
// name is an address literal, for a host without a name (RFC 5321 section
// 4.1.4).
func (s *session) smtpHello() ([]string, error) {
	name := "localhost"
	if at, ok := s.conn.LocalAddr().(*net.TCPAddr); ok {
		if name = "[" + at.IP.String() + "]"; at.IP.To4() == nil {
			name = "[IPv6:" + at.IP.String() + "]"
		}
	}
	code, lines, err := s.smtpCommand("EHLO " + name)
	switch {
	case err != nil:
		return nil, err
	case code != "250":
		return nil, errGarbage
	}
	for _, line := range lines[1:] { // the first is a greeting
		if words := strings.Fields(strings.ToUpper(line)); len(words) > 0 && words[0] == "AUTH" {
			return words[1:], nil
		}
	}
	return nil, nil
}

// smtpAuth answers the challenges of a mechanism in turn.
func (s *session) smtpAuth(mechanism string, answers ...func() []byte) (Verdict, error) {
	code, _, err := s.smtpCommand("AUTH " + mechanism)
	for i, answer := range answers {
		switch {
		case err != nil:
			return Unreachable, err
		case code == "334":
		case code[0] == '5' && i == 0: // nothing was sent yet
			return Unsupported, nil
		case code[0] == '2':
			return Unreachable, errGarbage
		default: // some servers reject an unknown mailbox here
			return smtpVerdict(code)
		}
		if err := s.sendSecret("", answer()); err != nil {
			return Unreachable, err
		}
		code, _, err = s.smtpAnswer()
	}
	if err != nil {
		return Unreachable, err
	}
	return smtpVerdict(code)
}

// smtpVerdict returns the verdict for the reply to the password (RFC 4954
// section 6).
func smtpVerdict(code string) (Verdict, error) {
	switch {
	case code == "235":
		return Right, nil
	case code == "432": // the password must be changed first
		return Wrong, nil
	case code[0] == '4':
		return Unreachable, errTemporary
	case code == "530", code == "538", strings.HasPrefix(code, "50"): // stronger encryption required; unknown command
		return Unsupported, nil
	case code[0] == '5':
		return Wrong, nil
	}
	return Unreachable, errGarbage
}

func (s *session) smtpCommand(command string) (code string, lines []string, err error) {
	if err := s.send(command); err != nil {
		return "", nil, err
	}
	return s.smtpAnswer()
}

// smtpAnswer reads a reply: the three-digit code that all of its lines have, and
// their texts, at least one.
func (s *session) smtpAnswer() (code string, lines []string, err error) {
	for {
		line, err := s.receive()
		if err != nil {
			return "", nil, err
		}
		if !smtpLine(line) || code != "" && line[:3] != code {
			return "", nil, errGarbage
		}
		code = line[:3]
		if len(line) == 3 {
			return code, append(lines, ""), nil
		}
		lines = append(lines, line[4:])
		if line[3] == ' ' {
			return code, lines, nil
		}
	}
}

// smtpLine reports whether a line is a valid line of a reply.
func smtpLine(line string) bool {
	return len(line) >= 3 && line[0] >= '2' && line[0] <= '5' && digit(line[1]) && digit(line[2]) &&
		(len(line) == 3 || line[3] == ' ' || line[3] == '-')
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
