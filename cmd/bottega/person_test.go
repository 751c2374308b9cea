package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

// person is somebody with an account, who works in the studio through its API, or with an API key. Each of many people
// has connections of their own.
type person struct {
	base, email string
	cookie      *http.Cookie
	key         string
}

const password = "correct horse battery"

// problem is an error's body.
type problem struct {
	Status  int            `json:"status"`
	Code    string         `json:"code"`
	Detail  string         `json:"detail"`
	Details map[string]any `json:"details"`
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }

// crowd is an HTTP client for many people at once.
var crowd = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}

// send makes one request, of JSON or of plain bytes, and reads the answer; a refusal is a *problem.
func (p *person) send(method, path string, body, into any, header ...string) error {
	raw, plain := body.([]byte)
	kind := "application/octet-stream"
	if !plain {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
		kind = "application/json"
	}
	req, err := http.NewRequestWithContext(context.Background(), method, p.base+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	if p.cookie != nil {
		req.AddCookie(p.cookie)
	}
	if p.key != "" {
		req.Header.Set("Authorization", "Bearer "+p.key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := crowd.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	for _, c := range resp.Cookies() {
		p.cookie = c
	}
	if resp.StatusCode >= 300 {
		refusal := &problem{}
		if err := json.Unmarshal(text, refusal); err != nil || refusal.Code == "" {
			return fmt.Errorf("%s answered %s without a code: %s", path, resp.Status, text)
		}
		refusal.Status = resp.StatusCode
		return refusal
	}
	if into == nil || len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, into)
}

func (p *person) enter(path string) error {
	return p.send("POST", "/api/studio/"+path, map[string]string{"email": p.email, "password": password}, nil)
}

// work is a generation as the studio tells it.
type work struct {
	ID       string  `json:"id"`
	State    string  `json:"state"`
	Lane     string  `json:"lane"`
	Price    int64   `json:"price_mt"`
	Charged  int64   `json:"charged_mt"`
	Failure  *failed `json:"failure"`
	Finished *string `json:"finished_at"`
}

type failed struct {
	Code string `json:"code"`
}

// small asks for so many little pictures: nearly as cheap to make as possible, but not the preview that is free.
func small(count int) map[string]any {
	return map[string]any{"prompt": "a red fox", "width": 136, "height": 64, "count": count, "steps": 4, "guidance_scale": 1}
}

func (p *person) submit(count int, header ...string) (work, error) {
	return p.ask(small(count), header...)
}

func (p *person) ask(request map[string]any, header ...string) (work, error) {
	var w work
	err := p.send("POST", "/api/studio/generations", request, &w, header...)
	return w, err
}

// purse is a wallet as the studio tells it.
type purse struct {
	Balance struct {
		Available int64   `json:"available_mt"`
		Held      int64   `json:"held_mt"`
		Frozen    int64   `json:"frozen_mt"`
		FrozenTo  *string `json:"frozen_until"`
		Layers    []struct {
			Kind      string  `json:"kind"`
			Available int64   `json:"available_mt"`
			Expires   *string `json:"expires_at"`
		} `json:"layers"`
	} `json:"balance"`
	Credits struct {
		Available int64 `json:"available_mc"`
		Held      int64 `json:"held_mc"`
	} `json:"credits"`
	Plan struct {
		Name string `json:"name"`
	} `json:"plan"`
}

func (p *person) wallet() (purse, error) {
	var w purse
	err := p.send("GET", "/api/studio/wallet", nil, &w)
	return w, err
}

// line is a line of the journal as the studio tells it.
type line struct {
	Seq    int64   `json:"seq"`
	At     string  `json:"at"`
	Op     string  `json:"op"`
	Amount int64   `json:"amount_mt"`
	Layer  string  `json:"layer"`
	Work   *string `json:"generation_id"`
}

// journal is every line of a wallet, "tokens" or "credits", the oldest first.
func (p *person) journal(of string) ([]line, error) {
	var all []line
	cursor := ""
	for {
		var page struct {
			Items []line  `json:"items"`
			Next  *string `json:"next"`
		}
		if err := p.send("GET", "/api/studio/journal?limit=100&of="+of+cursor, nil, &page); err != nil {
			return nil, err
		}
		all = append(page.Items, all...)
		for i, n := 0, len(page.Items); i < n/2; i++ {
			all[i], all[n-1-i] = all[n-1-i], all[i]
		}
		if page.Next == nil {
			return all, nil
		}
		cursor = "&cursor=" + *page.Next
	}
}

// ended waits for the end of a generation.
func (p *person) ended(t *testing.T, id string) work {
	t.Helper()
	var w work
	var err error
	for until := time.Now().Add(patience()); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		err = p.send("GET", "/api/studio/generations/"+id, nil, &w)
		if err == nil && (w.State == "complete" || w.State == "failed" || w.State == "cancelled") {
			return w
		}
	}
	t.Errorf("generation %s has not ended after %s: %+v, %v", id, patience(), w, err)
	return w
}

// atOnce calls f for 0 … n-1, so many at the same time, and waits.
func atOnce(n, width int, f func(i int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range width {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
