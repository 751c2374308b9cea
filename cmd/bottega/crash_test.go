package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to change a balance by hand

	"bottega/internal/apptest"
)

// client speaks the REST API.
type client struct {
	base, key string
	email     string
}

func newClient(t *testing.T, s *server, data string, store ...string) *client {
	t.Helper()
	c := &client{base: s.base, email: fmt.Sprintf("u%d@example.com", rand.Int64())}
	flags := append([]string{"--data", data, "--email", c.email}, store...)
	must(t, append([]string{"admin", "user", "create", "--password", "correct horse battery", "--plan", "operator"}, flags...)...)
	c.key = must(t, append([]string{"admin", "key", "create"}, flags...)...)
	return c
}

var errRefused = errors.New("refused")

func (c *client) call(method, path string, body, into any, header ...string) error {
	var raw io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		raw = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, c.base+path, raw)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s: %s", errRefused, resp.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// submit asks for small pictures, each step one forward. The same key asks for the same generation.
func (c *client) submit(key string, count, steps int) (string, error) {
	var out struct {
		Job struct {
			ID string `json:"generationId"`
		} `json:"sdGenerationJob"`
	}
	err := c.call("POST", "/api/rest/v1/generations", map[string]any{
		"prompt": "a red fox", "width": 64, "height": 64, "num_images": count, "num_inference_steps": steps,
		"guidance_scale": 1,
	}, &out, "Idempotency-Key", key)
	return out.Job.ID, err
}

type generationView struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Images []struct {
		URL string `json:"url"`
	} `json:"generated_images"`
}

func (c *client) get(id string) (generationView, error) {
	var out struct {
		G generationView `json:"generations_by_pk"`
	}
	err := c.call("GET", "/api/rest/v1/generations/"+id, nil, &out)
	return out.G, err
}

// patience is how long work may take to end. In the long run an engine's process was killed so often that its breaker is
// open for minutes, and longer where a machine is too busy to start it within one.
func patience() time.Duration {
	if long() {
		return 15 * time.Minute
	}
	return 3 * time.Minute
}

// wait waits for the end of a generation and returns its status.
func (c *client) wait(t *testing.T, id string) string {
	t.Helper()
	var g generationView
	var err error
	for until := time.Now().Add(patience()); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		if g, err = c.get(id); err == nil && g.Status != "PENDING" {
			return g.Status
		}
	}
	t.Fatalf("generation %s has not ended after %s: %+v, %v", id, patience(), g, err)
	return ""
}

// cancel goes through the studio's API, which knows cancelling, with a session of its own.
type studioClient struct {
	base   string
	cookie *http.Cookie
}

func (c *client) signIn() (*studioClient, error) {
	body := fmt.Sprintf(`{"email":%q,"password":"correct horse battery"}`, c.email)
	resp, err := http.Post(c.base+"/api/studio/signin", "application/json", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	for _, k := range resp.Cookies() {
		return &studioClient{base: c.base, cookie: k}, nil
	}
	return nil, fmt.Errorf("sign-in answered %s without a cookie", resp.Status)
}

func (s *studioClient) cancel(id string) {
	req, err := http.NewRequest("POST", s.base+"/api/studio/generations/"+id+"/cancel", nil)
	if err != nil {
		return
	}
	req.AddCookie(s.cookie)
	if resp, err := http.DefaultClient.Do(req); err == nil { // the server may be dead: then nothing was cancelled
		_ = resp.Body.Close()
	}
}

// TestCrash_NothingIsLost kills the server, the process of the house model and the database at random moments while
// clients submit and cancel, and shows in the end that every accepted generation ended exactly once, every picture
// reported complete decodes, and the ledger is exact.
func TestCrash_NothingIsLost(t *testing.T) {
	t.Parallel()
	kills := 4
	if long() {
		kills = 200
	}
	t.Run("sqlite", func(t *testing.T) { crash(t, 2*kills, nil) })
	t.Run("postgres", func(t *testing.T) {
		c := apptest.NewCluster(t)
		crash(t, kills, c, "--database", c.URL(), "--storage", apptest.S3(t))
	})
}

// crash kills something of what there is: the database only where it is a process of its own.
func crash(t *testing.T, kills int, database *apptest.Cluster, store ...string) {
	data := t.TempDir()
	s := startProgram(t, asShipped(t), append([]string{"--data", data}, store...)...)
	c := newClient(t, s, data, store...)
	load := startLoad(c)
	killed := map[string]int{}
	for hits := 0; hits < kills; {
		time.Sleep(time.Duration(100+rand.IntN(700)) * time.Millisecond)
		hit := 1
		switch n := rand.IntN(4); {
		case n == 0:
			hit = killChildren(t, s) // there is none while nothing was painted since the server started
			killed["worker"] += hit
		case n == 1 && database != nil:
			database.Kill()
			database.Start()
			killed["database"]++
		default:
			s.kill()
			s.start()
			killed["server"]++
		}
		hits += hit
	}
	t.Logf("killed: %v", killed)
	accepted := load.finish(t)
	checkAll(t, c, accepted, append([]string{"--data", data}, store...))
}

// TestCrash_AKilledWorkerHarmsOnlyItsJob kills the process of the house model again and again under load.
func TestCrash_AKilledWorkerHarmsOnlyItsJob(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := startProgram(t, asShipped(t), "--data", data)
	c := newClient(t, s, data)
	load := startLoad(c)
	kills := 3
	if long() {
		kills = 60
	}
	for deadline := time.Now().Add(time.Duration(kills) * time.Minute); kills > 0; {
		time.Sleep(time.Duration(100+rand.IntN(400)) * time.Millisecond)
		// One that dies while it loads only lets the next load wait for longer: kill what works.
		if s.measures(`bottega_model_resident{engine="tempera",model="tempera-image"} 1`) {
			kills -= killChildren(t, s)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d more workers were to be killed, and none is there", kills)
		}
	}
	if resp, err := http.Get(s.base + "/healthz"); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the server suffered: %v", err)
	}
	checkAll(t, c, load.finish(t), []string{"--data", data})
}

// checkAll waits for every accepted generation and checks what was promised.
func checkAll(t *testing.T, c *client, accepted map[string]bool, store []string) {
	t.Helper()
	ended := map[string]int{}
	for id := range accepted {
		ended[c.wait(t, id)]++
		g, err := c.get(id)
		if err != nil {
			t.Fatal(err)
		}
		if g.Status == "COMPLETE" && len(g.Images) == 0 {
			t.Errorf("generation %s is complete without a picture", id)
		}
		for _, img := range g.Images {
			resp, err := http.Get(img.URL)
			if err != nil {
				t.Fatal(err)
			}
			picture, err := png.Decode(resp.Body)
			_ = resp.Body.Close()
			if err != nil || picture.Bounds().Dx() != 64 {
				t.Errorf("a picture of %s does not decode: %v", id, err)
			}
		}
	}
	t.Logf("%d generations: %v", len(accepted), ended)
	if ended["COMPLETE"] == 0 {
		t.Error("nothing was completed")
	}
	var list struct {
		Generations []generationView `json:"generations"`
	}
	var me struct {
		Details []struct {
			User struct {
				ID string `json:"id"`
			} `json:"user"`
		} `json:"user_details"`
	}
	if err := c.call("GET", "/api/rest/v1/me", nil, &me); err != nil {
		t.Fatal(err)
	}
	total := 0
	for offset := 0; ; offset += 50 {
		path := fmt.Sprintf("/api/rest/v1/generations/user/%s?limit=50&offset=%d", me.Details[0].User.ID, offset)
		if err := c.call("GET", path, nil, &list); err != nil {
			t.Fatal(err)
		}
		for _, g := range list.Generations {
			if !accepted[g.ID] {
				t.Errorf("generation %s exists and nobody was told", g.ID)
			}
		}
		if total += len(list.Generations); len(list.Generations) < 50 {
			break
		}
	}
	if total != len(accepted) {
		t.Errorf("%d generations are listed, %d were accepted", total, len(accepted))
	}
	must(t, append([]string{"admin", "ledger", "verify"}, store...)...)
}

// killChildren kills the server's worker processes and tells how many there were.
func killChildren(t *testing.T, s *server) (killed int) {
	t.Helper()
	for _, pid := range children(t, s.cmd.Process.Pid) {
		if p, err := os.FindProcess(pid); err == nil && p.Kill() == nil {
			killed++
		}
	}
	return killed
}

// children lists the processes whose parent is pid.
func children(t *testing.T, pid int) []int {
	t.Helper()
	out, err := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(pid)).Output()
	if err != nil {
		return nil // ps exits 1 when there is none
	}
	var pids []int
	for _, f := range strings.Fields(string(out)) {
		if n, err := strconv.Atoi(f); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

func readPNG(t *testing.T, name string) image.Image {
	t.Helper()
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return img
}

func changeBalance(t *testing.T, file string) {
	t.Helper()
	d, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if _, err := d.Exec("UPDATE wallet SET available = available + 1000"); err != nil {
		t.Fatal(err)
	}
}
