package server

import "sync"

// budget is a number of places that all clients share. A client may hold no more
// places than remain free for the others: a half if it is alone, a third beside
// another one that takes what it can get. So the next client always finds room.
type budget struct {
	most int
	mu   sync.Mutex
	used int
	held map[string]int // by client: its address, or its IPv6 network
}

// newBudget returns a budget; 0 returns nil, which has room for everything.
func newBudget(most int) *budget {
	if most <= 0 {
		return nil
	}
	return &budget{most: most, held: map[string]int{}}
}

// take reports whether a client gets n more places. It gives them back with give.
func (b *budget) take(client string, n int) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.held[client]
	if held+n > b.most-b.used {
		return false
	}
	b.used += n
	b.held[client] = held + n
	return true
}

func (b *budget) give(client string, n int) {
	if b == nil || n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.held[client] -= n; b.held[client] == 0 {
		delete(b.held, client)
	}
}

// full reports whether no place is free.
func (b *budget) full() bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used == b.most
}

// holds returns how many places a client has.
func (b *budget) holds(client string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held[client]
}
