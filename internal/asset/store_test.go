package asset_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/webp"

	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/imaging"
)

// eachStore runs a test on a local folder and on a real S3 server.
func eachStore(t *testing.T, test func(t *testing.T, s *asset.Store)) {
	t.Run("local", func(t *testing.T) { s, _ := localStore(t); test(t, s) })
	t.Run("s3", func(t *testing.T) { test(t, openStore(t, apptest.S3(t))) })
}

func content(t *testing.T, s *asset.Store, m asset.Image, v asset.Variant) []byte {
	t.Helper()
	c, err := s.OpenVariant(context.Background(), m, v)
	if err != nil {
		t.Fatalf("open %s: %v", v, err)
	}
	defer func() { _ = c.Close() }()
	data, err := io.ReadAll(c)
	if err != nil || int64(len(data)) != c.Size {
		t.Fatalf("read %s: %d of %d bytes, %v", v, len(data), c.Size, err)
	}
	return data
}

func TestKeep_PictureCanBeReadBackWithItsRecipe(t *testing.T) {
	eachStore(t, func(t *testing.T, s *asset.Store) {
		in := keepRequest(id.New(), id.New(), 3)
		in.Recipe = recipe("a fox\r\n<b>&\x00\xff 🦊")
		m, err := s.Keep(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		if m.Width != 160 || m.Height != 100 || m.Index != 3 || !m.HasAlpha || !id.Valid(m.ID) || !m.CreatedAt.Equal(noon) {
			t.Errorf("row %+v", m)
		}
		file := content(t, s, m, asset.OriginalPNG)
		if int64(len(file)) != m.Bytes {
			t.Errorf("the row says %d bytes, the file has %d", m.Bytes, len(file))
		}
		decoded, err := png.Decode(bytes.NewReader(file))
		if err != nil || !bytes.Equal(imaging.ToNRGBA(decoded).Pix, in.Picture.Pix) {
			t.Errorf("the picture changed on its way (%v)", err)
		}
		texts, err := imaging.ReadPNGText(bytes.NewReader(file))
		if err != nil || len(texts) != 3 {
			t.Fatalf("texts in the file: %v, %v", texts, err)
		}
		var got asset.Recipe
		if err := json.Unmarshal([]byte(texts[1].Value), &got); err != nil {
			t.Fatal(err)
		}
		want := in.Recipe
		want.Prompt = strings.ToValidUTF8(want.Prompt, "\uFFFD")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("recipe in the file (-want +got):\n%s", diff)
		}
		if !strings.Contains(texts[0].Value, "Seed: 7, Size: 160x100, Model: tempera-image") {
			t.Errorf("parameters %q", texts[0].Value)
		}
	})
}

func TestOpenVariant_EveryFileSaysWhereItCameFrom(t *testing.T) {
	eachStore(t, func(t *testing.T, s *asset.Store) {
		in := keepRequest(id.New(), id.New(), 0)
		in.Picture = painting(600, 300, 0)
		m, err := s.Keep(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		for v, side := range map[asset.Variant]int{asset.ThumbWebP: 256, asset.PreviewWebP: 512, asset.OriginalWebP: 600} {
			file := content(t, s, m, v)
			got, err := webp.Decode(bytes.NewReader(file))
			if err != nil || got.Bounds().Dx() != side {
				t.Fatalf("%s: %v, %v", v, got, err)
			}
			xmp, err := imaging.ReadWebPXMP(bytes.NewReader(file))
			if err != nil || !bytes.Contains(xmp, []byte("digitalsourcetype/trainedAlgorithmicMedia")) || !bytes.Contains(xmp, []byte("A. Painter")) {
				t.Errorf("%s: XMP %q, %v", v, xmp, err)
			}
			if exif, _ := imaging.ReadWebPEXIF(bytes.NewReader(file)); (len(exif) > 0) != (v == asset.OriginalWebP) {
				t.Errorf("%s: EXIF of %d bytes", v, len(exif))
			}
			if v == asset.OriginalWebP && !bytes.Equal(imaging.ToNRGBA(got).Pix, in.Picture.Pix) {
				t.Error("original.webp of a small picture is not lossless")
			}
		}
	})
}

func TestKeep_OpaquePictureHasNoAlpha(t *testing.T) {
	s, _ := localStore(t)
	in := keepRequest(id.New(), id.New(), 0)
	for i := 3; i < len(in.Picture.Pix); i += 4 {
		in.Picture.Pix[i] = 255
	}
	if m, err := s.Keep(context.Background(), in); err != nil || m.HasAlpha {
		t.Errorf("has alpha %v, %v", m.HasAlpha, err)
	}
}

func TestKeep_SameContentTwiceAndAtOnceIsOneFile(t *testing.T) {
	eachStore(t, func(t *testing.T, s *asset.Store) {
		account, generation := id.New(), id.New()
		kept := make([]asset.Image, 6)
		var wg sync.WaitGroup
		for i := range kept {
			wg.Go(func() {
				var err error
				if kept[i], err = s.Keep(context.Background(), keepRequest(account, generation, 1)); err != nil {
					t.Errorf("keep %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		for i, m := range kept {
			if m.SHA256 != kept[0].SHA256 || (i > 0 && m.ID == kept[0].ID) {
				t.Errorf("keep %d gave file %s and id %s", i, m.SHA256, m.ID)
			}
		}
		content(t, s, kept[0], asset.OriginalPNG)
		other := keep(t, s, id.New(), generation, 1)
		if err := s.Remove(context.Background(), account, kept[0].SHA256); err != nil {
			t.Fatal(err)
		}
		content(t, s, other, asset.OriginalPNG) // the same content in another account
	})
}

func TestKeep_RefusesWhatCannotBeKept(t *testing.T) {
	s, dir := localStore(t)
	for _, account := range []string{"", "../escape", "a/b", "..", `a\b`} {
		if _, err := s.Keep(context.Background(), keepRequest(account, id.New(), 0)); err == nil {
			t.Errorf("account %q was accepted", account)
		}
	}
	in := keepRequest(id.New(), id.New(), 0)
	in.Picture = nil
	if _, err := s.Keep(context.Background(), in); err == nil {
		t.Error("no picture was accepted")
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("files were written: %v", left)
	}
}

func TestKeep_CancelledLeavesNothing(t *testing.T) {
	s, dir := localStore(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Keep(ctx, keepRequest(id.New(), id.New(), 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want it to wrap the context's", err)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("files were written: %v", left)
	}
}

func TestOpenVariant_LostPreviewsAreMadeAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, s *asset.Store) {
		m := keep(t, s, id.New(), id.New(), 0)
		thumb := content(t, s, m, asset.ThumbWebP)
		content(t, s, m, asset.OriginalWebP)
		original := content(t, s, m, asset.OriginalPNG)
		if err := s.Remove(context.Background(), m.AccountID, m.SHA256); err != nil {
			t.Fatal(err)
		}
		for _, v := range []asset.Variant{asset.OriginalPNG, asset.OriginalWebP, asset.PreviewWebP, asset.ThumbWebP} {
			if _, err := s.OpenVariant(context.Background(), m, v); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
				t.Errorf("%s of a removed picture: %v", v, err)
			}
		}
		again := keep(t, s, m.AccountID, m.GenerationID, 0)
		if again.SHA256 != m.SHA256 || !bytes.Equal(content(t, s, again, asset.OriginalPNG), original) || !bytes.Equal(content(t, s, again, asset.ThumbWebP), thumb) {
			t.Error("keeping again gave other files")
		}
	})
}

func TestOpenVariant_ManyAtOnceMakeOneFile(t *testing.T) {
	s, dir := localStore(t)
	m := keep(t, s, id.New(), id.New(), 0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			c, err := s.OpenVariant(context.Background(), m, asset.OriginalWebP)
			if err != nil {
				t.Error(err)
				return
			}
			_ = c.Close()
		})
	}
	wg.Wait()
	if got := files(t, dir); len(got) != 4 {
		t.Errorf("files: %v", got)
	}
}

func TestRemove_TwiceIsFine(t *testing.T) {
	eachStore(t, func(t *testing.T, s *asset.Store) {
		m := keep(t, s, id.New(), id.New(), 0)
		for range 2 {
			if err := s.Remove(context.Background(), m.AccountID, m.SHA256); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Remove(context.Background(), "..", m.SHA256); err == nil {
			t.Error("a path out of the store was accepted")
		}
	})
}

func TestOpenStore_SaysWhatIsWrong(t *testing.T) {
	for _, ref := range []string{"gopher://x", "/dev/null/sub"} {
		if _, err := asset.OpenStore(context.Background(), ref, 1000); err == nil {
			t.Errorf("%s was opened", ref)
		}
	}
}

func BenchmarkKeep512(b *testing.B) {
	s, _ := localStore(b)
	in := keepRequest(id.New(), id.New(), 0)
	in.Picture = painting(512, 512, 0)
	for n := 0; b.Loop(); n++ {
		in.Recipe.Seed = int64(n)
		if _, err := s.Keep(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}
