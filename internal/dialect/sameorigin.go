package dialect

import "net/http"

// SameOrigin returns a Serve that refuses requests that a page of another site
// makes a browser send. refuse makes the error.
func SameOrigin(serve func(*http.Request) (Response, error), refuse func(*http.Request) error) func(*http.Request) (Response, error) {
	origin := http.NewCrossOriginProtection()
	return func(r *http.Request) (Response, error) {
		if origin.Check(r) != nil {
			return Response{}, refuse(r)
		}
		return serve(r)
	}
}
