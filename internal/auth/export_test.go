package auth

// WellFormed is wellFormed, for fuzzing.
func WellFormed(s string) bool { return wellFormed(keyPrefix, s) }
