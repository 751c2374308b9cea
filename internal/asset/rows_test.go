package asset_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bottega/internal/asset"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
)

func row(accountID, generationID string, n int) asset.Image {
	return asset.Image{
		ID: id.New(), GenerationID: generationID, AccountID: accountID, Index: n, Width: 640, Height: 480, Bytes: 1 << 33,
		SHA256: fmt.Sprintf("%064x", n), HasAlpha: n%2 == 0, Placeholder: "data:,", Recipe: recipe("ein süßer Fuchs 🦊"), CreatedAt: noon,
	}
}

func TestRows_ComeBackAsTheyWereWritten(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		ctx, account := context.Background(), id.New()
		g1, g2 := newGeneration(t, d, account), newGeneration(t, d, account)
		a, b, c := row(account, g1, 0), row(account, g1, 1), row(account, g2, 0)
		insertImages(t, d, b, c, a) // not in order
		got, err := asset.ByGenerations(ctx, d, []string{g1, g2, id.New()})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]asset.Image{g1: {a, b}, g2: {c}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by generations (-want +got):\n%s", diff)
		}
		one, err := asset.ByID(ctx, d, b.ID)
		if diff := cmp.Diff(b, one); err != nil || diff != "" {
			t.Errorf("by id: %v\n%s", err, diff)
		}
		if none, err := asset.ByGenerations(ctx, d, nil); err != nil || len(none) != 0 {
			t.Errorf("no ids gave %v, %v", none, err)
		}
	})
}

func TestByID_UnknownIsNotFound(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		_, err := asset.ByID(context.Background(), d, id.New())
		if !errors.Is(err, asset.ErrNotFound) || fault.As(err).Kind != fault.NotFound {
			t.Errorf("got %v", err)
		}
	})
}

func TestInsertImages_ManyAtOnceAndNoIndexTwice(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		ctx, account := context.Background(), id.New()
		g := newGeneration(t, d, account)
		many := make([]asset.Image, 2600) // more than one statement of 12 columns can hold
		for i := range many {
			many[i] = row(account, g, i)
			many[i].Recipe = asset.Recipe{}
		}
		insertImages(t, d, many...)
		got, err := asset.ByGenerations(ctx, d, []string{g})
		if err != nil || len(got[g]) != 2600 || got[g][2599].Index != 2599 {
			t.Fatalf("%d rows came back, %v", len(got[g]), err)
		}
		err = d.Tx(ctx, func(tx *db.Tx) error { return asset.InsertImages(ctx, tx, []asset.Image{row(account, g, 5)}) })
		if !db.IsUnique(err) {
			t.Errorf("a second picture with one index: %v", err)
		}
	})
}

func TestDeleteByGeneration_ReturnsTheRowsAndFreesTheFiles(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		ctx, account := context.Background(), id.New()
		g1, g2 := newGeneration(t, d, account), newGeneration(t, d, account)
		shared, alone, other := row(account, g1, 0), row(account, g1, 1), row(account, g2, 0)
		other.SHA256 = shared.SHA256
		insertImages(t, d, shared, alone, other)
		var gone []asset.Image
		if err := d.Tx(ctx, func(tx *db.Tx) (err error) {
			gone, err = asset.DeleteByGeneration(ctx, tx, g1)
			return err
		}); err != nil || len(gone) != 2 {
			t.Fatalf("deleted %d rows, %v", len(gone), err)
		}
		for sha, want := range map[string]bool{shared.SHA256: true, alone.SHA256: false} {
			if used, err := asset.FileUsed(ctx, d, account, sha); err != nil || used != want {
				t.Errorf("file %s used: %v (%v), want %v", sha[60:], used, err, want)
			}
		}
		if used, _ := asset.FileUsed(ctx, d, id.New(), shared.SHA256); used {
			t.Error("a row of one account keeps the file of another")
		}
	})
}
