package mobileconfig

// texts are what a device shows of a profile in one language. %s stands for
// the address.
type texts struct {
	description string // of the profile
	mail        string // names of the payloads
	calendar    string
	contacts    string
}

// textsIn returns the texts of a language, else the English ones.
func textsIn(language string) texts {
	switch language {
	case "de":
		return texts{
			description: "Richtet die Konten von %s auf diesem Gerät ein. Das Profil enthält kein Passwort: das Gerät fragt danach.",
			mail:        "E-Mail",
			calendar:    "Kalender",
			contacts:    "Kontakte",
		}
	case "fr":
		return texts{
			description: "Configure les comptes de %s sur cet appareil. Le profil ne contient pas de mot de passe : l’appareil le demande.",
			mail:        "E-mail",
			calendar:    "Calendriers",
			contacts:    "Contacts",
		}
	case "it":
		return texts{
			description: "Configura gli account di %s su questo dispositivo. Il profilo non contiene la password: la chiede il dispositivo.",
			mail:        "E-mail",
			calendar:    "Calendari",
			contacts:    "Contatti",
		}
	case "es":
		return texts{
			description: "Configura las cuentas de %s en este dispositivo. El perfil no contiene la contraseña: el dispositivo la pide.",
			mail:        "Correo",
			calendar:    "Calendarios",
			contacts:    "Contactos",
		}
	}
	return texts{
		description: "Sets up the accounts of %s on this device. The profile holds no password: the device asks for it.",
		mail:        "Mail",
		calendar:    "Calendars",
		contacts:    "Contacts",
	}
}

// Languages lists the languages there are texts in, the default first.
func Languages() []string { return []string{"en", "de", "fr", "it", "es"} }
