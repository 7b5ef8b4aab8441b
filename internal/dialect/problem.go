package dialect

import (
	"encoding/json"
	"net/http"
)

// Problem returns a refusal as programs read it (RFC 9457). detail is for people.
func Problem(status int, detail string) Response {
	body, err := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, detail})
	if err != nil { // texts and numbers can always be written
		return PlainText(status, detail)
	}
	return Response{Status: status, ContentType: "application/problem+json", Body: append(body, '\n')}
}
