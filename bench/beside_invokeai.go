package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/coder/websocket"

	"bottega/internal/clock"
)

// invokeGraph is a graph of one node, which makes nothing that needs a model.
type invokeGraph string

const (
	invokeNothing invokeGraph = "integer"     // a number; nothing is kept but the session
	invokeBlank   invokeGraph = "blank_image" // a picture, kept with its thumbnail
)

// invokeAI is a server of InvokeAI (PyPI, see bench/invokeai.txt) with an installation of its own and its defaults:
// one person, SQLite, one session at a time on each device.
type invokeAI struct {
	*process
	web   string // the program
	graph invokeGraph
}

func newInvokeAI(o options, graph invokeGraph) func() (studio, error) {
	return func() (studio, error) {
		if _, err := os.Stat(o.InvokeAI); err != nil {
			return nil, fmt.Errorf("InvokeAI is not installed; make bench-invokeai installs it (7 GB): %w", err)
		}
		dir, err := o.scratch()
		if err != nil {
			return nil, err
		}
		return &invokeAI{process: newProcess(dir), web: o.InvokeAI, graph: graph}, nil
	}
}

func (v *invokeAI) start(ctx context.Context) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	env := []string{
		"INVOKEAI_HOST=127.0.0.1", "INVOKEAI_PORT=" + strconv.Itoa(port), "INVOKEAI_PATCHMATCH=false", // an inpainting library it would build
		"HF_HUB_OFFLINE=1", "HOME=" + v.dir,
	}
	if err := v.run(ctx, env, v.web, "--root", filepath.Join(v.dir, "invokeai")); err != nil {
		return err
	}
	v.base = "http://127.0.0.1:" + strconv.Itoa(port)
	return v.answers(ctx, "/api/v1/queue/default/status")
}

// enqueue asks for a graph, as often as runs says. Nothing is answered from InvokeAI's cache of nodes.
func (v *invokeAI) enqueue(ctx context.Context, n, runs int) (ids []int64, err error) {
	node := map[string]any{"id": "node", "type": v.graph, "is_intermediate": false, "use_cache": false}
	if v.graph == invokeBlank {
		node["width"], node["height"], node["mode"] = 32, 32, "RGBA"
	} else {
		node["value"] = n
	}
	in := map[string]any{"batch": map[string]any{
		"runs": runs, "graph": map[string]any{"id": "graph", "nodes": map[string]any{"node": node}, "edges": []any{}},
	}}
	var out struct {
		Enqueued int     `json:"enqueued"`
		ItemIDs  []int64 `json:"item_ids"`
	}
	if err := v.call(ctx, http.MethodPost, "/api/v1/queue/default/enqueue_batch", "", in, &out); err != nil {
		return nil, err
	}
	if out.Enqueued != runs || len(out.ItemIDs) != runs {
		return nil, fmt.Errorf("InvokeAI took %d of %d", out.Enqueued, runs)
	}
	return out.ItemIDs, nil
}

func (v *invokeAI) submit(ctx context.Context, n int) (string, error) {
	ids, err := v.enqueue(ctx, n, 1)
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(ids[0], 10), nil
}

// batch asks for many in one request.
func (v *invokeAI) batch(ctx context.Context, jobs int) error {
	_, err := v.enqueue(ctx, 0, jobs)
	return err
}

func (v *invokeAI) left(ctx context.Context) (int, error) {
	var out struct {
		Queue struct {
			Pending    int `json:"pending"`
			InProgress int `json:"in_progress"`
			Waiting    int `json:"waiting"`
		} `json:"queue"`
	}
	err := v.call(ctx, http.MethodGet, "/api/v1/queue/default/status", "", nil, &out)
	return out.Queue.Pending + out.Queue.InProgress + out.Queue.Waiting, err
}

// invokePage is the most items that InvokeAI gives in one answer.
const invokePage = 1000

func (v *invokeAI) outcomes(ctx context.Context) (map[string]outcome, error) {
	var list struct {
		ItemIDs []int64 `json:"item_ids"`
	}
	if err := v.call(ctx, http.MethodGet, "/api/v1/queue/default/item_ids", "", nil, &list); err != nil {
		return nil, err
	}
	all := map[string]outcome{}
	for len(list.ItemIDs) > 0 {
		page := list.ItemIDs[:min(invokePage, len(list.ItemIDs))]
		list.ItemIDs = list.ItemIDs[len(page):]
		var items []struct {
			ItemID  int64  `json:"item_id"`
			Status  string `json:"status"`
			Session struct {
				Results map[string]struct {
					Image *struct {
						Name string `json:"image_name"`
					} `json:"image"`
				} `json:"results"`
			} `json:"session"`
		}
		if err := v.call(ctx, http.MethodPost, "/api/v1/queue/default/items_by_ids", "", map[string]any{"item_ids": page}, &items); err != nil {
			return nil, err
		}
		for _, item := range items {
			o := outcome{state: item.Status}
			if o.state == "completed" {
				o.state = "complete"
			}
			for _, r := range item.Session.Results {
				if r.Image != nil {
					o.pictures++
				}
			}
			all[strconv.FormatInt(item.ItemID, 10)] = o
		}
	}
	return all, nil
}

// pictures is how many it keeps, whether or not a generation names them.
func (v *invokeAI) pictures(ctx context.Context) (int, error) {
	var out struct {
		Total int `json:"total"`
	}
	err := v.call(ctx, http.MethodGet, "/api/v1/images/?limit=1", "", nil, &out)
	return out.Total, err
}

// ends speaks as much of Socket.IO 5 over Engine.IO 4 as it takes to listen.
func (v *invokeAI) ends(ctx context.Context) (<-chan ended, error) {
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(v.base, "http")+"/ws/socket.io/?EIO=4&transport=websocket", nil) //nolint:bodyclose // Dial does that, and leaves a copy
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	subscribed := false
	for !subscribed {
		_, m, err := conn.Read(ctx)
		if err != nil {
			return nil, errors.Join(err, conn.CloseNow())
		}
		switch {
		case strings.HasPrefix(string(m), "0"): // open
			err = conn.Write(ctx, websocket.MessageText, []byte("40"))
		case strings.HasPrefix(string(m), "40"): // connected
			err = conn.Write(ctx, websocket.MessageText, []byte(`42["subscribe_queue",{"queue_id":"default"}]`))
			subscribed = true
		}
		if err != nil {
			return nil, errors.Join(err, conn.CloseNow())
		}
	}
	out := make(chan ended, 2*besideMost)
	go func() {
		defer close(out)
		defer func() { _ = conn.CloseNow() }()
		for {
			_, m, err := conn.Read(ctx)
			if err != nil {
				return // the reader is told by the closed channel
			}
			at := clock.System{}.Now()
			if string(m) == "2" && conn.Write(ctx, websocket.MessageText, []byte("3")) != nil { // ping, pong
				return
			}
			if id, ok := invokeEnd(m); ok {
				out <- ended{id, at}
			}
		}
	}()
	return out, nil
}

// invokeEnd reads the message that a generation is complete.
func invokeEnd(m []byte) (id string, ok bool) {
	text, ok := strings.CutPrefix(string(m), "42")
	if !ok {
		return "", false
	}
	var parts []json.RawMessage
	var event struct {
		ItemID int64  `json:"item_id"`
		Status string `json:"status"`
	}
	if json.Unmarshal([]byte(text), &parts) != nil || len(parts) < 2 || string(parts[0]) != `"queue_item_status_changed"` {
		return "", false
	}
	if json.Unmarshal(parts[1], &event) != nil || event.Status != "completed" {
		return "", false
	}
	return strconv.FormatInt(event.ItemID, 10), true
}
