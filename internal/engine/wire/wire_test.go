package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"reflect"
	"testing"

	"bottega/internal/engine"
	"bottega/internal/engine/wire"
)

type header struct {
	Request wire.Request `json:"request"`
}

// gray and colour are parts of larger pictures: their rows have gaps.
func gray() *image.Gray {
	m := image.NewGray(image.Rect(0, 0, 9, 9))
	for i := range m.Pix {
		m.Pix[i] = uint8(i)
	}
	return m.SubImage(image.Rect(2, 3, 7, 6)).(*image.Gray)
}

func colour(seed uint8) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 12, 12))
	for i := range m.Pix {
		m.Pix[i] = uint8(i) * seed
	}
	return m.SubImage(image.Rect(2, 3, 7, 6)).(*image.NRGBA)
}

func TestRequest_ComesBackAsItWas(t *testing.T) {
	req := engine.ImageRequest{
		Model: "m", Prompt: "a fox\n\"quoted\"", Style: "flat", Width: 64, Height: 32, Seed: 1 << 31, Steps: 3, Guidance: 2.5, Adherence: math.Inf(-1),
		Background: color.NRGBA{1, 2, 3, 255}, Init: colour(3), Strength: 0.4, Mask: gray(), Erase: true,
		References: []engine.Reference{{Kind: engine.EdgeReference, Image: colour(5), Strength: 0.5}, {Kind: engine.StyleReference, Image: colour(7), Strength: 1}},
		Boxes:      []engine.Box{{X: 0.1, Width: 0.2, Height: 0.3, Prompt: "a tree"}},
	}
	packed, pixels := wire.Pack(req)
	var b bytes.Buffer
	if err := wire.Write(&b, header{packed}, 1<<20, pixels...); err != nil {
		t.Fatal(err)
	}
	var h header
	payload, err := wire.Read(&b, &h, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.Request.Unpack(payload, 100)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2][]byte{
		"start": {wire.Bytes(got.Init), wire.Bytes(req.Init)}, "first reference": {wire.Bytes(got.References[0].Image), wire.Bytes(req.References[0].Image)},
		"second reference": {wire.Bytes(got.References[1].Image), wire.Bytes(req.References[1].Image)},
		"mask":             {got.Mask.Pix, wire.Tight(req.Mask.Pix, req.Mask.Stride, 5, 3)},
	} {
		if !bytes.Equal(pair[0], pair[1]) || len(pair[0]) == 0 {
			t.Errorf("the %s came as %v, was %v", name, pair[0], pair[1])
		}
	}
	want := req
	want.Init, want.Mask, got.Init, got.Mask, want.Adherence = nil, nil, nil, nil, -1
	want.References = []engine.Reference{{Kind: engine.EdgeReference, Strength: 0.5}, {Kind: engine.StyleReference, Strength: 1}}
	got.References[0].Image, got.References[1].Image = nil, nil
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("it came as %+v, was %+v", *got, want)
	}
}

func TestWrite_WhatCannotBeSentLeavesNothingBehind(t *testing.T) {
	for name, c := range map[string]struct {
		header any
		bytes  int
	}{
		"a payload above the bound": {header{}, 101},
		"a number that is none":     {header{wire.Request{Image: engine.ImageRequest{Guidance: math.NaN()}}}, 1},
		"a header above the bound":  {header{wire.Request{Image: engine.ImageRequest{Prompt: string(make([]byte, wire.MostHeader))}}}, 1},
	} {
		var b bytes.Buffer
		if err := wire.Write(&b, c.header, 100, make([]byte, c.bytes)); !errors.Is(err, wire.ErrFrame) || b.Len() != 0 {
			t.Errorf("%s: %v, and %d bytes were sent", name, err, b.Len())
		}
	}
}

func TestRead_BelievesNoLength(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":              {nil, io.EOF},
		"half a length":        {[]byte{1, 0, 0}, io.ErrUnexpectedEOF},
		"a huge header":        {[]byte{255, 255, 255, 255, 0, 0, 0, 0}, wire.ErrTooLarge},
		"a huge payload":       {[]byte{2, 0, 0, 0, 255, 255, 255, 255, '{', '}'}, wire.ErrTooLarge},
		"one byte too many":    {[]byte{2, 0, 0, 0, 101, 0, 0, 0, '{', '}'}, wire.ErrTooLarge},
		"no JSON":              {[]byte{2, 0, 0, 0, 0, 0, 0, 0, 'h', 'i'}, wire.ErrFrame},
		"less than it promise": {[]byte{2, 0, 0, 0, 9, 0, 0, 0, '{', '}', 1}, io.ErrUnexpectedEOF},
	} {
		var h header
		if _, err := wire.Read(bytes.NewReader(c.data), &h, 100); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestFault_KeepsWhatCallersBranchOn(t *testing.T) {
	for _, sentinel := range []error{engine.ErrRejected, engine.ErrUnavailable, context.Canceled} {
		err := wire.FaultOf(errors.Join(errors.New("why"), sentinel)).Err()
		if !errors.Is(err, sentinel) {
			t.Errorf("%v became %v", sentinel, err)
		}
	}
	died := &engine.Death{How: "killed", Said: []string{"last"}, Beside: 2}
	var death *engine.Death
	if err := wire.FaultOf(fmt.Errorf("paint: %w", died)).Err(); !errors.As(err, &death) || !errors.Is(err, engine.ErrUnavailable) || !reflect.DeepEqual(death, died) {
		t.Errorf("a death became %v", err)
	}
	if err := wire.FaultOf(errors.New("odd")).Err(); err.Error() != "odd" || errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("an error without a kind became %v", err)
	}
}
