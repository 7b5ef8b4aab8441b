package passwordcheck

import "github.com/waymark-mail/waymark/internal/settings"

// Login returns the user name that Verify tries passwords with; "" when it tries none.
func Login(s settings.Settings) string {
	_, login, _ := choose(s)
	return login
}

// choose returns the service to try a password at, and the user name: IMAP
// before POP3 before submission, TLS before STARTTLS, then in the operator's
// order; never one without encryption. It returns false when no service accepts
// a password.
func choose(s settings.Settings) (svc settings.Service, login string, ok bool) {
	for _, protocol := range []settings.Protocol{settings.IMAP, settings.POP3, settings.Submission} {
		for _, security := range []settings.Security{settings.TLS, settings.STARTTLS} {
			for _, svc := range s.Services() {
				if svc.Protocol != protocol || svc.Security != security || !svc.Accepts(settings.Password) {
					continue
				}
				if login, ok := s.Login(svc); ok && login != "" && oneLine(login) {
					return svc, login, true
				}
			}
		}
	}
	return settings.Service{}, "", false
}
