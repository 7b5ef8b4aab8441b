package passwordcheck

import (
	"slices"
	"strings"
)

// pop3 logs in by AUTH PLAIN (RFC 5034) or by USER and PASS (RFC 1939).
func (s *session) pop3() (Verdict, error) {
	ok, _, err := s.pop3Answer()
	switch {
	case err != nil:
		return Unreachable, err
	case !ok:
		return Unreachable, errGoodbye
	}
	if s.upgrade != nil {
		ok, _, err := s.pop3Command("STLS")
		if err := s.startTLS(ok, err); err != nil {
			return Unreachable, err
		}
	}
	plainOffered, userOffered, err := s.pop3Capabilities()
	switch {
	case err != nil:
		return Unreachable, err
	case plainOffered:
		return s.pop3Auth()
	case userOffered:
		return s.pop3User()
	}
	return Unsupported, nil
}

// pop3Capabilities requests the capabilities (RFC 2449). A server without CAPA
// supports USER.
func (s *session) pop3Capabilities() (plainOffered, userOffered bool, err error) {
	ok, _, err := s.pop3Command("CAPA")
	if err != nil || !ok {
		return false, !ok, err
	}
	for {
		line, err := s.receive()
		if err != nil {
			return false, false, err
		}
		words := strings.Fields(strings.ToUpper(line))
		switch {
		case line == ".":
			return plainOffered, userOffered, nil
		case len(words) > 0 && words[0] == "SASL":
			plainOffered = slices.Contains(words[1:], "PLAIN")
		case len(words) > 0 && words[0] == "USER":
			userOffered = true
		}
	}
}

// pop3Auth sends the password after the continuation request: a command line is
// too short for a long one (RFC 5034 section 4).
func (s *session) pop3Auth() (Verdict, error) {
	if err := s.send("AUTH PLAIN"); err != nil {
		return Unreachable, err
	}
	line, err := s.receive()
	mark, rest, _ := strings.Cut(line, " ")
	switch {
	case err != nil:
		return Unreachable, err
	case mark == "-ERR":
		if pop3Code(rest) != "" {
			return pop3Refusal(rest)
		}
		return Unsupported, nil // the password was not sent yet
	case mark != "+":
		return Unreachable, errGarbage
	}
	if err := s.sendSecret("", plain(s.login, s.password)); err != nil {
		return Unreachable, err
	}
	return s.pop3Verdict()
}

func (s *session) pop3User() (Verdict, error) {
	ok, text, err := s.pop3Command("USER " + s.login)
	switch {
	case err != nil:
		return Unreachable, err
	case !ok: // some servers reject an unknown mailbox here
		return pop3Refusal(text)
	}
	if err := s.sendSecret("PASS ", []byte(s.password)); err != nil {
		return Unreachable, err
	}
	return s.pop3Verdict()
}

// pop3Verdict reads the reply to the password.
func (s *session) pop3Verdict() (Verdict, error) {
	ok, text, err := s.pop3Answer()
	switch {
	case err != nil:
		return Unreachable, err
	case ok, pop3Code(text) == "IN-USE": // another app has the mailbox open; only the right password reveals that
		return Right, nil
	}
	return pop3Refusal(text)
}

// pop3Refusal returns the verdict for the text of an -ERR (RFC 2449 section 8,
// RFC 3206).
func pop3Refusal(text string) (Verdict, error) {
	switch pop3Code(text) {
	case "LOGIN-DELAY":
		return Limited, nil
	case "SYS", "IN-USE":
		return Unreachable, errTemporary
	}
	return Wrong, nil
}

// pop3Code returns the first level of a response code such as [SYS/TEMP].
func pop3Code(text string) string {
	code, ok := strings.CutPrefix(text, "[")
	if !ok {
		return ""
	}
	code, _, _ = strings.Cut(code, "]")
	code, _, _ = strings.Cut(code, "/")
	return strings.ToUpper(code)
}

func (s *session) pop3Command(command string) (ok bool, text string, err error) {
	if err := s.send(command); err != nil {
		return false, "", err
	}
	return s.pop3Answer()
}

// pop3Answer reads one line: +OK or -ERR, and its text.
func (s *session) pop3Answer() (ok bool, text string, err error) {
	line, err := s.receive()
	if err != nil {
		return false, "", err
	}
	status, text, _ := strings.Cut(line, " ")
	switch status {
	case "+OK":
		return true, text, nil
	case "-ERR":
		return false, text, nil
	}
	return false, "", errGarbage
}
