package markup

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ReadPropertyList reads an XML property list. Its values are map[string]any,
// []any, string, int64 for <integer>, float64 for <real>, bool, time.Time and
// []byte. An <integer> and a <real> stay apart, since devices refuse the wrong
// one. Empty numbers, unknown elements and duplicate keys are errors.
func ReadPropertyList(document []byte) (any, error) {
	root, err := Parse(document)
	if err != nil {
		return nil, err
	}
	if root.Name != "plist" || root.Attr("version") != "1.0" || len(root.Children) != 1 {
		return nil, errors.New("the root is not a plist of version 1.0 with one value")
	}
	return propertyValue(root.Children[0])
}

func propertyValue(n *Node) (any, error) {
	if len(n.Attrs) > 0 {
		return nil, fmt.Errorf("<%s> has an attribute", n.Name)
	}
	switch n.Name {
	case "dict":
		return propertyDict(n)
	case "array":
		values := make([]any, 0, len(n.Children))
		for _, c := range n.Children {
			v, err := propertyValue(c)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		return values, onlySpace(n)
	}
	if len(n.Children) > 0 {
		return nil, fmt.Errorf("there is an element in <%s>", n.Name)
	}
	switch n.Name {
	case "string":
		return n.Own, nil
	case "integer":
		return strconv.ParseInt(n.Own, 10, 64)
	case "real":
		return strconv.ParseFloat(n.Own, 64)
	case "true", "false":
		return n.Name == "true", onlySpace(n)
	case "date":
		return time.Parse(time.RFC3339, n.Own)
	case "data":
		return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Own), ""))
	}
	return nil, fmt.Errorf("<%s> is not a value of a property list", n.Name)
}

func propertyDict(n *Node) (any, error) {
	if len(n.Children)%2 != 0 {
		return nil, errors.New("a key has no value")
	}
	values := map[string]any{}
	for i := 0; i < len(n.Children); i += 2 {
		key := n.Children[i]
		if key.Name != "key" || len(key.Children) > 0 {
			return nil, fmt.Errorf("there is a <%s> where a key should be", key.Name)
		}
		if _, twice := values[key.Own]; twice {
			return nil, fmt.Errorf("duplicate key %s", key.Own)
		}
		v, err := propertyValue(n.Children[i+1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key.Own, err)
		}
		values[key.Own] = v
	}
	return values, onlySpace(n)
}

// onlySpace returns an error when there is text beside the elements.
func onlySpace(n *Node) error {
	if strings.TrimSpace(n.Own) != "" {
		return fmt.Errorf("there is text in <%s>", n.Name)
	}
	return nil
}
