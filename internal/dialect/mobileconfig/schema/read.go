package schema

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"howett.net/plist"
)

// A profile may come from anybody, so what is read of it is bounded. Real
// profiles stay far below.
const (
	maxBytes    = 1 << 20
	maxDepth    = 32
	maxElements = 20_000
)

// Read returns the top dictionary of a property list in XML. Its values are
// map[string]any, []any, string, uint64 (int64 when negative), float64, bool,
// time.Time and []byte. The binary form is refused: the libraries that read it
// allocate what a length field says and follow references without end, and
// profiles are sent as XML. Hostile input gives an error, never a panic.
func Read(profile []byte) (top map[string]any, err error) {
	if err := checkForm(profile); err != nil {
		return nil, err
	}
	defer func() {
		if recover() != nil { // the library asserts types that it did not check
			top, err = nil, errors.New("not a property list")
		}
	}()
	if _, err := plist.Unmarshal(profile, &top); err != nil {
		return nil, fmt.Errorf("not a property list: %w", err)
	}
	if top == nil {
		return nil, errors.New("not a property list: it holds no dictionary")
	}
	return top, nil
}

// checkForm walks through the whole document before it is decoded: the decoder
// calls itself for each level, and reads what is no XML as one of the old forms.
func checkForm(profile []byte) error {
	switch {
	case len(profile) > maxBytes:
		return fmt.Errorf("the property list is over %d bytes", maxBytes)
	case bytes.HasPrefix(profile, []byte("bplist")):
		return errors.New("the property list is binary; convert it with plutil -convert xml1 before it is signed")
	}
	dec := xml.NewDecoder(bytes.NewReader(profile))
	depth, elements := 0, 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("not a property list: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if elements == 0 && token.Name.Local != "plist" {
				return fmt.Errorf("not a property list: the root element is <%.100s>", token.Name.Local)
			}
			depth++
			elements++
		case xml.EndElement:
			depth--
		}
		if depth > maxDepth || elements > maxElements {
			return fmt.Errorf("the property list has over %d elements, or more than %d levels", maxElements, maxDepth)
		}
	}
	if elements == 0 {
		return errors.New("not a property list: there is no XML in it")
	}
	return nil
}
