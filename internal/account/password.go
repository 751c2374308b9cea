package account

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"bottega/internal/fault"
)

// params are OWASP's floor for argon2id: 19 MiB, two passes, one lane; about 25 ms of one core.
var params = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// dummyHash has the same parameters and belongs to no password (its key is all zero bits), so that an unknown e-mail
// address costs a caller the same time as a known one.
const dummyHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// maxWaiting is how many may wait for a free slot: some ten seconds of work for one core.
const maxWaiting = 400

// Passwords hashes and checks passwords, a few at a time: each takes 19 MiB while it runs.
type Passwords struct {
	slots   chan struct{}
	waiting atomic.Int64
}

// NewPasswords lets at most atOnce hashes run at the same time; less than one means one.
func NewPasswords(atOnce int) *Passwords {
	return &Passwords{slots: make(chan struct{}, max(1, atOnce))}
}

// Hash returns the PHC string of a password. When too many wait it returns an Unavailable fault.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	hash, err := argon2id.CreateHash(normalPassword(password), &params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Check reports whether password belongs to hash, and whether the hash was made with other parameters than today's.
// An empty hash matches nothing, in the same time.
func (p *Passwords) Check(ctx context.Context, password, hash string) (ok, outdated bool, err error) {
	if err := p.enter(ctx); err != nil {
		return false, false, err
	}
	defer p.leave()
	known := hash != ""
	if !known {
		hash = dummyHash
	}
	ok, used, err := argon2id.CheckHash(normalPassword(password), hash)
	if err != nil {
		return false, false, fmt.Errorf("check password: %w", err)
	}
	return ok && known, *used != params, nil
}

func (p *Passwords) enter(ctx context.Context) error {
	if p.waiting.Add(1) > maxWaiting {
		p.waiting.Add(-1)
		busy := fault.New(fault.Unavailable, "busy", "too many people are signing in, try again in a moment")
		busy.RetryAfter = 10 * time.Second
		return busy
	}
	defer p.waiting.Add(-1)
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}

func (p *Passwords) leave() { <-p.slots }

// normalPassword makes the same letters the same bytes: keyboards differ in how they compose accents.
func normalPassword(s string) string { return norm.NFC.String(s) }
