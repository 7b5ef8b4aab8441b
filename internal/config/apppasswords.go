package config

// AppPasswords is the endpoint of a provider that creates passwords for single apps.
type AppPasswords struct {
	Hook   string // https URL
	Secret string // key of the signatures of requests
}

func readAppPasswords(r *reader, v value, p *provider) {
	var a AppPasswords
	before := r.errors
	if !readBlock(r, v, []field[AppPasswords]{
		{"hook", func(r *reader, v value, a *AppPasswords) { a.Hook = r.webURL(v) }},
		{"secret", func(r *reader, v value, a *AppPasswords) {
			if !v.referenced() { // a text could be the secret itself
				r.refuse(v, "must be ${env:NAME} or ${file:PATH}, so that the secret is not in this file")
				return
			}
			a.Secret, _ = r.secret(v)
		}},
	}, &a) {
		return
	}
	r.need(v, "hook", "secret")
	if r.errors > before {
		return
	}
	if r.appPasswords == nil {
		r.appPasswords = map[string]AppPasswords{}
	}
	r.appPasswords[p.ID] = a
	r.hooks = append(r.hooks, v)
}

// checkAppPasswords warns about endpoints that are never asked.
func (r *reader) checkAppPasswords(cfg *Config) {
	if cfg.Pages.VerifyPassword || r.wrong["pages.verify_password"] {
		return
	}
	for _, v := range r.hooks {
		r.warn(v, "has no effect: an app password follows a password check, which needs pages.verify_password")
	}
}
