package source

// NoListError is the reason why a source cannot list its domains.
type NoListError string

func (e NoListError) Error() string { return string(e) }
