package asset_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/imaging"
)

// rules are the accounts of a database with one quota for all.
type rules struct {
	*account.Store
	quota asset.UploadQuota
	sees  map[string]string // account → the team whose work it sees; nil = none
}

func (r rules) UploadQuota(context.Context, string) (asset.UploadQuota, error) { return r.quota, nil }

func (r rules) SeesWork(_ context.Context, team, account string) (bool, error) {
	return r.sees[account] == team, nil
}

func (r rules) MayKeep(context.Context, string, int64) error { return nil }

// desk is a place to upload to.
type desk struct {
	*asset.Uploads
	t     *testing.T
	db    *db.DB
	dir   string
	store *asset.Store
	clock *clock.Fake
	rules *rules
}

func newDesk(t *testing.T, d *db.DB) *desk {
	store, dir := localStore(t)
	w := &desk{t: t, db: d, dir: dir, store: store, clock: clock.NewFake(noon)}
	w.rules = &rules{Store: account.NewStore(d, w.clock, account.NewPasswords(1)), quota: asset.UploadQuota{Pictures: 10, Bytes: 10 << 20}}
	w.Uploads = asset.NewUploads(d, store, w.clock, w.rules)
	return w
}

func (w *desk) user() access.Actor {
	w.t.Helper()
	a := access.Actor{AccountID: id.New()}
	newGeneration(w.t, w.db, a.AccountID)
	return a
}

func (w *desk) add(a access.Actor, p asset.Purpose, file []byte) asset.Upload {
	w.t.Helper()
	up, err := w.Add(w.t.Context(), a, p, "file", file)
	if err != nil {
		w.t.Fatal(err)
	}
	return up
}

// files counts what lies in the store.
func (w *desk) files() (n int) {
	w.t.Helper()
	err := filepath.WalkDir(w.dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// plain is a PNG of one colour, with a note inside that must not survive.
func plain(t testing.TB, width, height int, c color.NRGBA) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, c)
		}
	}
	file, err := imaging.EncodePNG(img, []imaging.Text{{Keyword: "parameters", Value: "taken at home, 48.1 N 11.5 E"}})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var teal = color.NRGBA{0, 128, 128, 255}

func TestUploads_KeepPixelsAndNothingElse(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		w := newDesk(t, d)
		ada := w.user()
		up := w.add(ada, asset.ForPicture, plain(t, 40, 24, teal))
		if up.Width != 40 || up.Height != 24 || up.HasAlpha || up.Bytes == 0 || up.Placeholder == "" || !up.CreatedAt.Equal(noon) || !up.ExpiresAt.IsZero() {
			t.Errorf("upload is %+v", up)
		}
		got, err := w.Get(t.Context(), ada, up.ID)
		if err != nil || got != up {
			t.Errorf("read back %+v, %v; want %+v", got, err, up)
		}
		source, err := w.Source(t.Context(), ada.AccountID, up.ID)
		if err != nil || source.Origin != asset.FromUpload || source.Width != 40 {
			t.Fatalf("source is %+v, %v", source, err)
		}
		pic, err := w.Pixels(t.Context(), source)
		if err != nil || pic.NRGBAAt(20, 12) != teal {
			t.Fatalf("pixels: %v, %v", pic.NRGBAAt(20, 12), err)
		}
		err = filepath.WalkDir(w.dir, func(name string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			file, err := os.ReadFile(name)
			if bytes.Contains(file, []byte("taken at home")) || bytes.Contains(file, []byte("trainedAlgorithmicMedia")) {
				t.Errorf("%s says something about the picture", name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestUploads_TheSamePictureIsKeptOnce(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		w := newDesk(t, d)
		ada, eve := w.user(), w.user()
		a, b := w.add(ada, asset.ForPicture, plain(t, 8, 8, teal)), w.add(ada, asset.ForPicture, plain(t, 8, 8, teal))
		if a != b {
			t.Errorf("the same picture twice: %+v and %+v", a, b)
		}
		if mask := w.add(ada, asset.ForMask, plain(t, 8, 8, teal)); mask.ID == a.ID || mask.ExpiresAt.IsZero() {
			t.Errorf("a mask of the same pixels is %+v", mask)
		}
		if other := w.add(eve, asset.ForPicture, plain(t, 8, 8, teal)); other.ID == a.ID {
			t.Error("two people share an upload")
		}
		list, next, err := w.List(t.Context(), ada, "", 10)
		if err != nil || len(list) != 1 || list[0] != a || next != "" {
			t.Errorf("list is %+v, %q, %v: want the one picture", list, next, err)
		}
	})
}

func TestUploads_AreTheirOwnersAlone(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		w := newDesk(t, d)
		ada, eve := w.user(), w.user()
		up := w.add(ada, asset.ForPicture, plain(t, 8, 8, teal))
		_, err := w.Get(t.Context(), eve, up.ID)
		for name, err := range map[string]error{
			"get": err, "delete": w.Delete(t.Context(), eve, up.ID), "nonsense": w.Delete(t.Context(), ada, "../../etc/passwd"),
		} {
			if !errors.Is(err, asset.ErrNoUpload) {
				t.Errorf("%s: %v, want ErrNoUpload", name, err)
			}
		}
		if _, err := w.Source(t.Context(), eve.AccountID, up.ID); !errors.Is(err, asset.ErrNotFound) {
			t.Errorf("source: %v, want ErrNotFound", err)
		}
		if list, _, err := w.List(t.Context(), eve, "", 10); err != nil || len(list) != 0 {
			t.Errorf("a stranger lists %v, %v", list, err)
		}
	})
}

func TestUploads_DeletedOnesLeaveNoFileUnlessSomebodyNeedsIt(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		w := newDesk(t, d)
		ada := w.user()
		a, mask := w.add(ada, asset.ForPicture, plain(t, 8, 8, teal)), w.add(ada, asset.ForMask, plain(t, 8, 8, teal))
		for i, up := range []asset.Upload{a, mask} {
			if err := w.Delete(t.Context(), ada, up.ID); err != nil {
				t.Fatal(err)
			}
			if n := w.files(); n != []int{3, 0}[i] {
				t.Errorf("%d files after deletion %d", n, i+1)
			}
		}
		if err := w.Delete(t.Context(), ada, a.ID); !errors.Is(err, asset.ErrNoUpload) {
			t.Errorf("deleted twice: %v", err)
		}
	})
}

func TestUploads_StayWithinTheQuota(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		w := newDesk(t, d)
		ada, eve := w.user(), w.user()
		w.rules.quota.Pictures = 3
		if _, err := w.Expect(t.Context(), ada, 2); err != nil {
			t.Fatal(err)
		}
		w.add(ada, asset.ForPicture, plain(t, 8, 8, teal))
		_, err := w.Add(t.Context(), ada, asset.ForPicture, "file", plain(t, 9, 8, teal))
		if f := fault.As(err); f == nil || f.Code != "upload_quota" || f.Kind != fault.Conflict {
			t.Errorf("one too many: %v", err)
		}
		w.add(ada, asset.ForPicture, plain(t, 8, 8, teal)) // what is there already takes no room
		w.add(eve, asset.ForPicture, plain(t, 8, 8, teal))
		w.clock.Advance(2 * time.Hour)
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.add(ada, asset.ForPicture, plain(t, 9, 8, teal)) // the places nobody filled are gone
		w.rules.quota.Bytes = 100
		if _, err := w.Add(t.Context(), ada, asset.ForPicture, "file", plain(t, 10, 8, teal)); fault.As(err) == nil {
			t.Errorf("too many bytes: %v", err)
		}
	})
}

func TestUploads_RefuseByTheNameOfTheField(t *testing.T) {
	w := newDesk(t, apptest.OpenDB(t, apptest.SQLite(t)))
	ada := w.user()
	whole := plain(t, 64, 64, teal)
	for name, file := range map[string][]byte{"empty": nil, "text": []byte("hello"), "cut": whole[:len(whole)-30], "large": make([]byte, asset.MaxUploadBytes+1)} {
		_, err := w.Add(t.Context(), ada, asset.ForPicture, "portrait", file)
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != "portrait" || f.Fields[0].Allowed == "" {
			t.Errorf("%s: %v, want a fault that names portrait", name, err)
		}
	}
	if _, err := w.Add(t.Context(), ada, "avatar", "file", whole); fault.As(err) == nil || fault.As(err).Fields[0].Name != "purpose" {
		t.Errorf("unknown purpose: %v", err)
	}
	if n := w.files(); n != 0 {
		t.Errorf("%d files of refused uploads", n)
	}
}

func TestUploads_LargePicturesAreScaledAndMasksEnd(t *testing.T) {
	w := newDesk(t, apptest.OpenDB(t, apptest.SQLite(t)))
	ada := w.user()
	if up := w.add(ada, asset.ForPicture, plain(t, 3000, 600, teal)); up.Width != 2048 || up.Height != 410 {
		t.Errorf("3000 × 600 is kept at %d × %d", up.Width, up.Height)
	}
	mask := w.add(ada, asset.ForMask, plain(t, 8, 8, color.NRGBA{255, 255, 255, 255}))
	w.clock.Advance(6 * 24 * time.Hour)
	w.add(ada, asset.ForMask, plain(t, 8, 8, color.NRGBA{255, 255, 255, 255})) // used again: it begins anew
	w.clock.Advance(6 * 24 * time.Hour)
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Get(t.Context(), ada, mask.ID); err != nil {
		t.Errorf("a mask that is in use was swept: %v", err)
	}
	w.clock.Advance(2 * 24 * time.Hour)
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Get(t.Context(), ada, mask.ID); !errors.Is(err, asset.ErrNoUpload) {
		t.Errorf("an old mask is still there: %v", err)
	}
}

func TestUploads_FormsFillOnePlaceOnce(t *testing.T) {
	eachDB(t, func(t *testing.T, d *db.DB) {
		w := newDesk(t, d)
		signer, ada := asset.NewSigner(testKey), w.user()
		places, err := w.Expect(t.Context(), ada, 2)
		if err != nil || len(places) != 2 {
			t.Fatalf("%v, %v", places, err)
		}
		if _, err := w.Source(t.Context(), ada.AccountID, places[0].ID); !errors.Is(err, asset.ErrNotFound) {
			t.Errorf("a place without a picture is a source: %v", err)
		}
		form := signer.Form(places[0], "jpg")
		if form["Content-Type"] != "image/jpeg" || !strings.HasSuffix(form["key"], places[0].ID+".jpg") {
			t.Errorf("form is %v", form)
		}
		name, err := signer.VerifyForm(form, noon.Add(59*time.Minute))
		if err != nil || name != places[0].ID {
			t.Fatalf("form is for %s, %v", name, err)
		}
		other := signer.Form(places[1], "png")
		for what, bad := range map[string]map[string]string{
			"nothing": {}, "foreign": asset.NewSigner([]byte(strings.Repeat("x", 32))).Form(places[0], "png"),
			"mixed": {"policy": form["policy"], "signature": other["signature"]},
		} {
			if _, err := signer.VerifyForm(bad, noon); !errors.Is(err, asset.ErrForm) {
				t.Errorf("%s: %v, want ErrForm", what, err)
			}
		}
		if _, err := signer.VerifyForm(form, noon.Add(time.Hour)); !errors.Is(err, asset.ErrForm) {
			t.Errorf("an old form: %v", err)
		}
		place, err := w.Place(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		up, err := w.Fill(t.Context(), place, "file", plain(t, 8, 8, teal))
		if err != nil || up.ID != name || !up.Here() || !up.ExpiresAt.IsZero() {
			t.Fatalf("filled: %+v, %v", up, err)
		}
		if _, err := w.Fill(t.Context(), place, "file", plain(t, 9, 9, teal)); !errors.Is(err, asset.ErrUploadTwice) {
			t.Errorf("filled twice: %v", err)
		}
		if _, err := w.Place(t.Context(), name); !errors.Is(err, asset.ErrUploadTwice) {
			t.Errorf("a filled place is a place: %v", err)
		}
		w.clock.Advance(time.Hour)
		if _, err := w.Place(t.Context(), places[1].ID); !errors.Is(err, asset.ErrNoUpload) {
			t.Errorf("a place that is too old: %v", err)
		}
	})
}

func TestHandler_ServesUploadsWithoutProvenance(t *testing.T) {
	w := newDesk(t, apptest.OpenDB(t, apptest.SQLite(t)))
	up := w.add(w.user(), asset.ForPicture, plain(t, 40, 24, teal))
	signer := asset.NewSigner(testKey)
	s := served{signer: signer, clock: w.clock, db: w.db, store: w.store, handler: asset.Handler(w.store, w.db, signer, w.clock)}
	for _, v := range []asset.Variant{asset.OriginalPNG, asset.OriginalWebP, asset.PreviewWebP, asset.ThumbWebP} {
		rec := s.get("GET", signer.URL(up.ID, v, noon, false))
		if rec.Code != 200 || bytes.Contains(rec.Body.Bytes(), []byte("Bottega")) || bytes.Contains(rec.Body.Bytes(), []byte("AlgorithmicMedia")) {
			t.Errorf("%s: %d, %d bytes", v, rec.Code, rec.Body.Len())
		}
		if v == asset.OriginalPNG {
			if img, err := png.Decode(rec.Body); err != nil || img.Bounds().Dx() != 40 {
				t.Errorf("PNG: %v", err)
			}
		}
	}
}
