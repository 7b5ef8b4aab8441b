package clients

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
// []byte: a number has the type that it is written as, since a device looks at
// that. Empty numbers, unknown elements and keys that come twice are errors.
func ReadPropertyList(document []byte) (any, error) {
	root, err := tree(document)
	if err != nil {
		return nil, err
	}
	if root.name != "plist" || root.attr("version") != "1.0" || len(root.children) != 1 {
		return nil, errors.New("the root is not a plist of version 1.0 with one value")
	}
	return propertyValue(root.children[0])
}

func propertyValue(n *node) (any, error) {
	if len(n.attrs) > 0 {
		return nil, fmt.Errorf("<%s> has an attribute", n.name)
	}
	switch n.name {
	case "dict":
		return propertyDict(n)
	case "array":
		values := make([]any, 0, len(n.children))
		for _, c := range n.children {
			v, err := propertyValue(c)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		return values, onlySpace(n)
	}
	if len(n.children) > 0 {
		return nil, fmt.Errorf("there is an element in <%s>", n.name)
	}
	switch n.name {
	case "string":
		return n.own, nil
	case "integer":
		return strconv.ParseInt(n.own, 10, 64)
	case "real":
		return strconv.ParseFloat(n.own, 64)
	case "true", "false":
		return n.name == "true", onlySpace(n)
	case "date":
		return time.Parse(time.RFC3339, n.own)
	case "data":
		return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.own), ""))
	}
	return nil, fmt.Errorf("<%s> is no value of a property list", n.name)
}

func propertyDict(n *node) (any, error) {
	if len(n.children)%2 != 0 {
		return nil, errors.New("a key has no value")
	}
	values := map[string]any{}
	for i := 0; i < len(n.children); i += 2 {
		key := n.children[i]
		if key.name != "key" || len(key.children) > 0 {
			return nil, fmt.Errorf("there is a <%s> where a key should be", key.name)
		}
		if _, twice := values[key.own]; twice {
			return nil, fmt.Errorf("the key %s is there twice", key.own)
		}
		v, err := propertyValue(n.children[i+1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key.own, err)
		}
		values[key.own] = v
	}
	return values, onlySpace(n)
}

// onlySpace is an error when there is text beside the elements.
func onlySpace(n *node) error {
	if strings.TrimSpace(n.own) != "" {
		return fmt.Errorf("there is text in <%s>", n.name)
	}
	return nil
}
