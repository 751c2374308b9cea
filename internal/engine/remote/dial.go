package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"
)

// Path is where a server takes workers.
const Path = "/api/worker/connect"

// Address turns a server's URL into the one that workers connect to. Plain HTTP carries the token and the pictures in the
// clear: it is for the same machine, unless plain says otherwise.
func Address(server string, plain bool) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.User != nil {
		return "", fmt.Errorf("the server's address %q: want https://HOST", server)
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme == "http" && !local && !plain {
		return "", fmt.Errorf("the server's address %s is without TLS: the token would be sent in the clear", server)
	}
	u.Scheme = "ws" + strings.TrimPrefix(u.Scheme, "http")
	u.Path = strings.TrimRight(u.Path, "/") + Path
	return u.String(), nil
}

// Dialer connects to an address with a token, over WebSocket: it passes every proxy, and one connection reaches one
// server.
func Dialer(address, token string) func(ctx context.Context) (io.ReadWriteCloser, error) {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		dialing, cancel := context.WithTimeout(ctx, helloWithin)
		defer cancel()
		conn, resp, err := websocket.Dial(dialing, address, &websocket.DialOptions{ //nolint:bodyclose // Dial does that, and leaves a copy
			HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
		})
		if err != nil {
			return nil, refusedBy(resp, err)
		}
		return Stream(conn), nil
	}
}

// Stream makes a stream of a connection. Frames are bounded, not messages.
func Stream(conn *websocket.Conn) io.ReadWriteCloser {
	conn.SetReadLimit(-1)
	return stream{websocket.NetConn(context.Background(), conn, websocket.MessageBinary), conn}
}

type stream struct {
	net.Conn
	ws *websocket.Conn
}

// Close ends the connection at once: WebSocket's farewell would wait for a side that may be dead.
func (s stream) Close() error { return s.ws.CloseNow() }

// refusedBy reads why a server did not let the worker connect.
func refusedBy(resp *http.Response, err error) error {
	if resp == nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	var problem struct {
		Detail string `json:"detail"`
	}
	if resp.Body != nil {
		_ = json.NewDecoder(io.LimitReader(resp.Body, 4<<10)).Decode(&problem) // without one the status has to do
	}
	if problem.Detail == "" {
		problem.Detail = resp.Status
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return &Refusal{Code: RefusedToken, Text: problem.Detail, Final: true}
	}
	return fmt.Errorf("connect to the server: %s", problem.Detail)
}
