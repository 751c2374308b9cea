package engine_test

import (
	"errors"
	"strings"
	"testing"

	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
)

func TestSet_FindsImagerByName(t *testing.T) {
	want := &enginetest.Scripted{}
	got, err := engine.Set{"house": want}.Imager("house")
	if err != nil || got != engine.Imager(want) {
		t.Fatalf("Imager(house) = %v, %v", got, err)
	}
}

func TestSet_UnknownNameIsUnavailableAndSaysWhatThereIs(t *testing.T) {
	_, err := engine.Set{"house": &enginetest.Scripted{}}.Imager("horse")
	if !errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), "house") {
		t.Fatalf("error %v: want ErrUnavailable that names the engines there are", err)
	}
}

func TestSet_EngineThatMakesNoPicturesIsUnavailable(t *testing.T) {
	if _, err := (engine.Set{"sound": struct{}{}}).Imager("sound"); !errors.Is(err, engine.ErrUnavailable) {
		t.Fatalf("error %v: want ErrUnavailable", err)
	}
}
