package dialect

import "context"

type spender struct{}

// WithSpending returns the context of a request whose costly work spend counts.
func WithSpending(ctx context.Context, spend func() bool) context.Context {
	return context.WithValue(ctx, spender{}, spend)
}

// Spend counts costly work against the strict limit of the client, and reports
// whether it is within. It is for endpoints with Spends, whose answer can do
// without that work; elsewhere it returns true.
func Spend(ctx context.Context) bool {
	spend, ok := ctx.Value(spender{}).(func() bool)
	return !ok || spend()
}
