package account

import (
	"testing"

	"github.com/alexedwards/argon2id"
)

// WeakHash is a hash as an older version might have made it.
func WeakHash(t *testing.T, password string) string {
	t.Helper()
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 8 * 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// Occupy takes the only slot until the returned function is called.
func (p *Passwords) Occupy() func() {
	p.slots <- struct{}{}
	return p.leave
}

// CheckEmail is checkEmail, for fuzzing.
func CheckEmail(s string) (string, bool) {
	email, fields := checkEmail(s)
	return email, len(fields) == 0
}
