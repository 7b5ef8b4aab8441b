package sqlsource

import (
	"errors"
	"strconv"
	"time"
)

// text converts a value of a driver to text. NULL becomes "". The errors never
// contain the value.
func text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case float32:
		return strconv.FormatFloat(float64(v), 'f', -1, 32), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case time.Time:
		return "", errors.New("is a date or a time; use text, a number or a boolean")
	}
	return "", errors.New("is neither text nor a number nor a boolean")
}
