package thunderbird

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Thunderbird turns a document into JavaScript objects first (JXON.sys.mjs). A
// value is one of: undefined, float64, bool, date, string, *object.
type (
	undefined struct{}
	date      struct{ text string }
)

// object is an element with elements or attributes in it. Attributes have "@"
// in front of their names.
type object struct {
	first map[string]any
	lists map[string][]any
}

// jxon converts a node. A scalar with an attribute becomes an object, which
// compares equal to no text; an empty scalar becomes true.
func jxon(n *markup.Node) any {
	if len(n.Children) == 0 && len(n.Attrs) == 0 {
		if n.Own != "" {
			return scalar(n.Own)
		}
		if !n.Filled {
			return true
		}
	}
	o := &object{map[string]any{}, map[string][]any{}}
	for _, c := range n.Children {
		value := jxon(c)
		if _, ok := o.first[c.Name]; !ok {
			o.first[c.Name] = value
		}
		o.lists[c.Name] = append(o.lists[c.Name], value)
	}
	for _, a := range n.Attrs {
		o.first["@"+a.Name] = scalar(a.Value)
	}
	return o
}

// get returns a property; undefined when value is no object or has none.
func get(value any, name string) any {
	if o, ok := value.(*object); ok {
		if v, ok := o.first[name]; ok {
			return v
		}
	}
	return undefined{}
}

// has is the operator "in".
func has(value any, name string) bool {
	_, missing := get(value, name).(undefined)
	return !missing
}

// list returns every element of that name.
func list(value any, name string) []any {
	if o, ok := value.(*object); ok {
		return o.lists[name]
	}
	return nil
}

// dateLike matches the forms of a date that Date.parse accepts in every engine,
// and Firefox's numeric forms. Firefox accepts more.
var dateLike = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d{4}-\d\d(-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?)?$|^\d{1,4}[/-]\d{1,2}[/-]\d{1,4}$`)
})

// scalar converts text that looks like a boolean, a number or a date. It does
// not trim.
func scalar(text string) any {
	switch strings.ToLower(text) {
	case "true":
		return true
	case "false":
		return false
	}
	if isNumber(text) {
		return parseFloat(text)
	}
	if dateLike().MatchString(text) {
		return date{text}
	}
	return text
}

var (
	decimal = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?`)
	})
	radix = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)$`)
	})
)

// isNumber is isFinite(text), which accepts blank text and surrounding white space.
func isNumber(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" || radix().MatchString(text) {
		return true
	}
	return decimal().FindString(text) == text && !math.IsInf(parseFloat(text), 0)
}

// parseFloat reads the number that text begins with; NaN when there is none.
func parseFloat(text string) float64 {
	digits := decimal().FindString(strings.TrimSpace(text))
	if digits == "" {
		return math.NaN()
	}
	n, _ := strconv.ParseFloat(digits, 64) // infinite when it is out of range
	return n
}

// toString is String(value).
func toString(value any) string {
	switch v := value.(type) {
	case undefined:
		return "undefined"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return numberText(v)
	case date:
		return "the date " + v.text
	case string:
		return v
	}
	return "[object Object]"
}

// numberText is Number.prototype.toString.
func numberText(n float64) string {
	switch abs := math.Abs(n); {
	case math.IsNaN(n):
		return "NaN"
	case n == 0:
		return "0"
	case abs >= 1e21 || abs < 1e-6:
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(n, 'e', -1, 64), "e")
		return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// falsy reports whether !value.
func falsy(value any) bool {
	switch v := value.(type) {
	case undefined:
		return true
	case bool:
		return !v
	case float64:
		return v == 0 || math.IsNaN(v)
	case string:
		return v == ""
	}
	return false
}

// replaceFirst is String.prototype.replace with a string: it replaces the first
// occurrence only, and $ has a meaning in the replacement.
func replaceFirst(text, old, with string) string {
	before, after, found := strings.Cut(text, old)
	if !found {
		return text
	}
	return before + strings.NewReplacer("$$", "$", "$&", old, "$`", before, "$'", after).Replace(with) + after
}
