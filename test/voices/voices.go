package voices

import (
	"regexp"
	"strings"
)

const (
	formal   = "formal"
	informal = "informal"
)

// vocabulary has what belongs to one voice of a language.
type vocabulary struct {
	words string // pronouns, and commands that are nothing else
	// commands are also another form, as in "the app sends" or "Microsoft looks for":
	// they count only where a command begins.
	commands string
}

// vocabularies are those of each language and voice. A word in lower case may begin
// with a capital, too.
var vocabularies = map[string]map[string]vocabulary{
	"de": {
		formal: {words: "Sie Ihnen Ihr Ihre Ihrem Ihren Ihrer Ihres"},
		informal: {words: "du dich dir dein deine deinem deinen deiner deines achte akzeptiere beende benutze bestätige doppelklicke entferne " +
			"erstelle fange folge füge geh gib installiere klicke kopiere lade lass mach meintest melde nimm notiere öffne prüfe richte schalte schicke " +
			"schreibe sende setze starte tippe trage vergleiche verwende verzichte wähle warte", commands: "frage stelle suche versuche"},
	},
	"fr": {
		formal: {words: "vous votre vos faites"}, // and all that end in -ez
		informal: {words: "tu te toi ton ta tes t’ voulais", commands: "accepte active ajoute attends choisis clique coche commence compare configure " +
			"confirme contacte continue copie crée décoche demande désactive écris envoie fais ferme indique installe laisse lance note ouvre " +
			"passe prends recharge recommence réessaie respecte saisis supprime télécharge termine touche utilise vérifie vise"},
	},
	"it": {
		formal: {words: "lei suo sua sue suoi intendeva vedrà Può acceda aggiunga apra chieda chiuda faccia inserisca rimuova rivolga scelga scriva tocchi tolga",
			commands: "annoti aspetti attivi avvii cerchi confermi configuri confronti continui controlli copi crei disattivi imposti inquadri " +
				"installi inizi invii lasci passi ricarichi ricominci riprovi scarichi selezioni usi"},
		informal: {words: "ti tu tuo tua tue tuoi hai vuoi intendevi vedrai puoi accedi aggiungi aggiungilo aggiungine apri chiedi chiedine chiudi " +
			"copialo fai inserisci installalo rimuovi rivolgiti scegli scrivila toccalo togli",
			commands: "annota aspetta attiva avvia cerca conferma configura confronta contatta continua controlla copia crea disattiva imposta " +
				"inquadra inizia installa invia lascia passa ricarica ricomincia riprova scarica seleziona tocca usa"},
	},
	"es": {
		formal: {words: "usted su sus le verá Puede quería cópielo envíese envíeselo escríbalo instálelo inténtelo",
			commands: "abra active anote añada apunte busque cierre compare compruebe configure confirme contacte continúe copie cree deje descargue " +
				"desactive desmarque elija elimine empiece envíe escriba espere haga inicie instale marque pase pida pregunte pruebe recargue respete siga " +
				"termine toque use vuelva"},
		informal: {words: "tú tu tus te ti has verás puedes querías cópialo envíatelo envíate escríbelo instálalo inténtalo",
			commands: "abre activa anota añade apunta busca cierra compara comprueba configura confirma contacta continúa copia crea deja descarga " +
				"desactiva desmarca elige elimina empieza envía escribe espera haz inicia instala marca pasa pide pregunta prueba recarga respeta sigue " +
				"termina toca usa vuelve"},
	},
}

var (
	word = regexp.MustCompile(`\p{L}+’?`)
	// begins is what precedes a command.
	begins = regexp.MustCompile(`(?:^|[.:;,?!…][ \x{202f}]|[»}] |-|\b(?i:und|oder|et|ou|puis|e|o|y|poi|oppure|después|entonces|allora|alors|donc) )$`)
)

// WordOf returns a function that returns the first word in a text that belongs to a
// voice; "" for none.
func WordOf(language, voice string) func(text string) string {
	set := func(words string) map[string]bool {
		all := map[string]bool{}
		for _, w := range strings.Fields(words) {
			all[w] = true
		}
		return all
	}
	words, commands := set(vocabularies[language][voice].words), set(vocabularies[language][voice].commands)
	return func(text string) string {
		for _, at := range word.FindAllStringIndex(text, -1) {
			found := text[at[0]:at[1]]
			plain := strings.ToLower(found)
			if words[found] || words[plain] || commands[plain] && begins.MatchString(text[:at[0]]) ||
				language == "fr" && voice == formal && strings.HasSuffix(plain, "ez") && plain != "chez" {
				return found
			}
		}
		return ""
	}
}

// ownWords are those of an app: in quotation marks, or in a path of menus. A path ends
// where the sentence goes on.
var (
	labels = regexp.MustCompile(`[„«][^“»]*[“»]`)
	paths  = regexp.MustCompile(`› [^.,:;()›]*`)
	goesOn = regexp.MustCompile(` (?:und|et|e|y) \p{Ll}.*`)
)

// WithoutLabels returns a text without the words of apps.
func WithoutLabels(text string) string {
	text = labels.ReplaceAllString(text, "«»")
	return paths.ReplaceAllStringFunc(text, goesOn.FindString)
}
