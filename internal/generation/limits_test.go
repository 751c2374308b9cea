package generation

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// limitsWorld counts how often limits are read.
type limitsWorld struct {
	t     *testing.T
	s     *Service
	now   time.Time
	reads int
}

func (w *limitsWorld) is(account string, actual, want, reads int) {
	w.t.Helper()
	got, err := w.s.limits.of(account, w.now, func() (int, error) { w.reads++; return actual, nil })
	if err != nil || got != want || w.reads != reads {
		w.t.Fatalf("%s may run %d, read %d times (%v), want %d and %d", account, got, w.reads, err, want, reads)
	}
}

func TestLimits_AreWrongForSecondsAtMost(t *testing.T) {
	w := &limitsWorld{t: t, s: &Service{limits: newLimits()}, now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	w.is("ada", 3, 3, 1)
	w.is("ada", 1, 3, 1)
	w.is("eve", 2, 2, 2)
	w.now = w.now.Add(limitsLast - 1)
	w.is("ada", 1, 3, 2)
	w.now = w.now.Add(1)
	w.is("ada", 1, 1, 3)
	w.s.ForgetLimits()
	w.is("ada", 4, 4, 4)
	w.now = w.now.Add(-time.Hour) // a clock that was put back does not make it last
	w.is("ada", 1, 1, 5)
}

func TestLimits_WhatWasReadBeforeAChangeIsNotKept(t *testing.T) {
	s := &Service{limits: newLimits()}
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	n, err := s.limits.of("ada", now, func() (int, error) {
		s.ForgetLimits() // the plan changes while the old one is read
		return 6, nil
	})
	if n != 6 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n, _ := s.limits.of("ada", now, func() (int, error) { return 1, nil }); n != 1 {
		t.Errorf("the plan of before is remembered: %d at once, want 1", n)
	}
}

func TestLimits_AreBoundedAndKeepNoFailure(t *testing.T) {
	s := &Service{limits: newLimits()}
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	if _, err := s.limits.of("ada", now, func() (int, error) { return 0, errors.New("away") }); err == nil || len(s.limits.known) != 0 {
		t.Errorf("a failure is remembered: %v", s.limits.known)
	}
	for i := range limitsMost + 10 {
		if _, err := s.limits.of(fmt.Sprint(i), now, func() (int, error) { return 1, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.limits.known); n > limitsMost {
		t.Errorf("%d limits are remembered, want %d at most", n, limitsMost)
	}
}
