package passwordcheck

import (
	"slices"
	"strconv"
	"strings"
)

// imapTag is the tag of every command: only one runs at a time.
const imapTag = "waymark"

// imapReply ends a command, or requests the rest of it.
type imapReply struct {
	status string // OK, NO, BAD, or + for a continuation request
	code   string // such as AUTHENTICATIONFAILED; "" for none
}

// imap logs in by AUTHENTICATE PLAIN or by LOGIN (RFC 9051 section 6.2).
func (s *session) imap() (Verdict, error) {
	line, err := s.receive()
	if err != nil {
		return Unreachable, err
	}
	switch greeting := imapStatus(strings.TrimPrefix(line, "* ")); {
	case !strings.HasPrefix(line, "* "):
		return Unreachable, errGarbage
	case greeting.status == "BYE":
		return Unreachable, errGoodbye
	case greeting.status == "PREAUTH" && s.upgrade != nil:
		// STARTTLS is not possible once logged in, so an attacker on the network
		// can prevent it with this greeting.
		return Unreachable, errNoUpgrade
	case greeting.status == "PREAUTH":
		return Unsupported, nil
	case greeting.status != "OK":
		return Unreachable, errGarbage
	}
	if s.upgrade != nil {
		reply, _, err := s.imapCommand("STARTTLS")
		if err := s.startTLS(reply.status == "OK", err); err != nil {
			return Unreachable, err
		}
	}
	// The capabilities in the greeting may be from before TLS.
	reply, capabilities, err := s.imapCommand("CAPABILITY")
	switch {
	case err != nil:
		return Unreachable, err
	case reply.status != "OK":
		return Unreachable, errGarbage
	}
	if s.client.IsValid() && slices.Contains(capabilities, "ID") {
		// RFC 2971, with the field for the address behind a webmail that Dovecot
		// knows. The reply does not matter.
		if _, _, err := s.imapCommand(`ID ("name" "Waymark" "x-originating-ip" "` + s.client.Unmap().WithZone("").String() + `")`); err != nil {
			return Unreachable, err
		}
	}
	switch {
	case slices.Contains(capabilities, "AUTH=PLAIN"):
		return s.imapAuthenticate(slices.Contains(capabilities, "SASL-IR"))
	case slices.Contains(capabilities, "LOGINDISABLED"):
		return Unsupported, nil
	}
	return s.imapLogin()
}

func (s *session) imapAuthenticate(initial bool) (Verdict, error) {
	command := ""
	if initial { // RFC 4959
		command = imapTag + " AUTHENTICATE PLAIN "
	} else {
		reply, _, err := s.imapCommand("AUTHENTICATE PLAIN")
		if verdict, err := refusal(reply, err); verdict != "" {
			return verdict, err
		}
	}
	if err := s.sendSecret(command, plain(s.login, s.password)); err != nil {
		return Unreachable, err
	}
	return s.imapVerdict()
}

// imapLogin sends login and password as literals, which may contain any octet.
func (s *session) imapLogin() (Verdict, error) {
	reply, _, err := s.imapCommand("LOGIN " + imapLiteral(s.login))
	if verdict, err := refusal(reply, err); verdict != "" {
		return verdict, err
	}
	if err := s.send(s.login + " " + imapLiteral(s.password)); err != nil {
		return Unreachable, err
	}
	reply, _, err = s.imapAnswer()
	if verdict, err := refusal(reply, err); verdict != "" {
		return verdict, err
	}
	if err := s.sendSecret("", []byte(s.password)); err != nil {
		return Unreachable, err
	}
	return s.imapVerdict()
}

// imapLiteral announces a literal. The text follows when the server requests it.
func imapLiteral(text string) string { return "{" + strconv.Itoa(len(text)) + "}" }

// refusal returns "" if the server requests the rest of a command, and else the
// verdict. The password was not sent yet, so it cannot be wrong.
func refusal(reply imapReply, failure error) (Verdict, error) {
	switch {
	case failure != nil:
		return Unreachable, failure
	case reply.status == "+":
		return "", nil
	case reply.status != "NO":
		return Unreachable, errGarbage
	case reply.temporary():
		return Unreachable, errTemporary
	}
	return Unsupported, nil
}

// imapVerdict reads the reply to the password.
func (s *session) imapVerdict() (Verdict, error) {
	reply, _, err := s.imapAnswer()
	switch {
	case err != nil:
		return Unreachable, err
	case reply.status == "OK":
		return Right, nil
	case reply.status != "NO":
		return Unreachable, errGarbage
	case reply.temporary():
		return Unreachable, errTemporary
	case reply.code == "PRIVACYREQUIRED":
		return Unsupported, nil
	}
	return Wrong, nil
}

// temporary reports whether a NO has its reason in the server, not in the
// password (RFC 5530 section 3).
func (r imapReply) temporary() bool {
	return r.code == "UNAVAILABLE" || r.code == "INUSE" || r.code == "SERVERBUG" || r.code == "LIMIT"
}

// imapCommand sends a command without a secret and returns the reply.
func (s *session) imapCommand(command string) (imapReply, []string, error) {
	if err := s.send(imapTag + " " + command); err != nil {
		return imapReply{}, nil, err
	}
	return s.imapAnswer()
}

// imapAnswer reads up to the tagged reply or a continuation request. It returns
// the capabilities among the untagged responses, in upper case.
func (s *session) imapAnswer() (reply imapReply, capabilities []string, err error) {
	for {
		line, err := s.receive()
		if err != nil {
			return imapReply{}, nil, err
		}
		mark, rest, _ := strings.Cut(line, " ")
		switch mark {
		case "+":
			return imapReply{status: "+"}, capabilities, nil
		case imapTag:
			return imapStatus(rest), capabilities, nil
		case "*":
		default:
			return imapReply{}, nil, errGarbage
		}
		switch words := strings.Fields(strings.ToUpper(rest)); {
		case len(words) == 0:
			return imapReply{}, nil, errGarbage
		case words[0] == "BYE":
			return imapReply{}, nil, errGoodbye
		case words[0] == "CAPABILITY":
			capabilities = append(capabilities, words[1:]...)
		}
	}
}

// imapStatus reads a status and its code, such as NO [UNAVAILABLE] later.
func imapStatus(rest string) imapReply {
	status, text, _ := strings.Cut(rest, " ")
	reply := imapReply{status: strings.ToUpper(status)}
	if code, ok := strings.CutPrefix(text, "["); ok {
		code, _, _ = strings.Cut(code, "]")
		code, _, _ = strings.Cut(code, " ")
		reply.code = strings.ToUpper(code)
	}
	return reply
}
