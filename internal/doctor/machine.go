package doctor

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// folder looks at the data folder.
func (e *examination) folder(context.Context) {
	const check = "data folder"
	if e.Folder == "" {
		e.ok(check, "none is needed: rows and pictures are elsewhere")
		return
	}
	info, err := os.Stat(e.Folder)
	switch {
	case os.IsNotExist(err):
		e.say(check, Warn, "start the server, which makes it, or name the right one with --data", "%s does not exist", e.Folder)
		return
	case err != nil:
		e.say(check, Bad, "let the user that runs the server into it", "%s cannot be looked at: %v", e.Folder, err)
		return
	case !info.IsDir():
		e.say(check, Bad, "name a folder with --data", "%s is no folder", e.Folder)
		return
	}
	f, err := os.CreateTemp(e.Folder, ".writable-*")
	if err != nil {
		e.say(check, Bad, "give it to the user that runs the server: chown -R USER "+e.Folder, "%s cannot be written: %v", e.Folder, err)
		return
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		e.say(check, Bad, "look at the disk", "%s: %v", e.Folder, err)
		return
	}
	for _, path := range []string{e.Folder, filepath.Join(e.Folder, "bottega.db")} {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o007 != 0 && (path == e.Folder || !closed(e.Folder)) {
			e.say(check, Warn, "chmod o= "+path, "%s can be read by everybody on this machine, and the database holds secrets", path)
			return
		}
	}
	e.ok(check, "%s can be written, and others cannot read it", e.Folder)
}

// closed reports whether others cannot get into a folder, so that the modes inside do not matter.
func closed(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.Mode().Perm()&0o001 == 0
}

const (
	roomBad  = 200_000_000   // bytes: less is gone in a moment
	roomWarn = 2_000_000_000 // bytes
)

// room looks at the disks under the data folder and under a store that is a folder.
func (e *examination) room(context.Context) {
	const check = "disk space"
	dirs := []string{}
	if e.Folder != "" {
		dirs = append(dirs, e.Folder)
	}
	if dir, ok := localFolder(e.Storage); ok && (e.Folder == "" || !strings.HasPrefix(dir, e.Folder)) {
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		room, err := e.Room(dir)
		switch {
		case errors.Is(err, os.ErrNotExist): // said by others
		case err != nil:
			e.say(check, Warn, "", "%v", err)
		case room.Free < roomBad:
			e.say(check, Bad, "make room: nothing can be kept when it is full", "%s has %s left", dir, megabytes(room.Free))
		case room.Free < roomWarn || room.Free < room.Total/20:
			e.say(check, Warn, "make room soon", "%s has %s left of %s", dir, megabytes(room.Free), megabytes(room.Total))
		default:
			e.ok(check, "%s has %s left", dir, megabytes(room.Free))
		}
	}
}

// localFolder is the folder of a store, where it is one.
func localFolder(storage string) (string, bool) {
	u, err := url.Parse(storage)
	if err == nil && u.Scheme == "file" {
		return u.Path, true
	}
	return storage, !strings.Contains(storage, "://")
}

// handlesWarn is how many files a process should be able to have open: connections of browsers are files, too.
const handlesWarn = 4096

func (e *examination) handles(context.Context) {
	const check = "open files"
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		e.say(check, Warn, "", "the limit cannot be read: %v", err)
		return
	}
	if limit.Max < handlesWarn {
		e.say(check, Warn, "LimitNOFILE=65536 in the unit, or ulimit -n 65536", "a process may have %d files open, and each browser that listens is one", limit.Max)
		return
	}
	e.ok(check, "a process may have %d", limit.Max)
}

// address looks at the address people use.
func (e *examination) address(context.Context) {
	const check = "address"
	host, _, err := net.SplitHostPort(e.Listen)
	if err != nil {
		e.say(check, Bad, "write --listen as HOST:PORT", "--listen %q is no address: %v", e.Listen, err)
		return
	}
	for _, p := range e.TrustedProxies {
		if !isNetwork(p) {
			e.say(check, Bad, "write an address or a network, such as 10.0.0.0/8", "--trusted-proxies has %q, which is neither", p)
			return
		}
	}
	if e.PublicURL == "" {
		if !loopback(host) {
			e.say(check, Warn, "put a proxy with TLS in front, listen on 127.0.0.1, and name the address with --public-url",
				"the server listens on %s without TLS: passwords travel in the clear", e.Listen)
			return
		}
		e.ok(check, "%s, for this machine", e.Listen)
		return
	}
	u, err := url.Parse(e.PublicURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		e.say(check, Bad, "write it as https://studio.example.com", "--public-url %q is no address of a web page", e.PublicURL)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		e.say(check, Warn, "put a proxy with TLS in front", "%s is not https: passwords travel in the clear, and cookies are not marked as secure", e.PublicURL)
	case u.Scheme == "https" && len(e.TrustedProxies) == 0:
		e.say(check, Warn, "name the proxy with --trusted-proxies, for example 127.0.0.1",
			"%s is behind a proxy whose headers are not believed: cookies are not marked as secure, and all people share one limit of sign-ins", e.PublicURL)
	default:
		e.ok(check, "%s", e.PublicURL)
	}
}

func isNetwork(s string) bool {
	_, err := netip.ParseAddr(s)
	if err != nil {
		_, err = netip.ParsePrefix(s)
	}
	return err == nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// port tells a server that answers from another program on the port.
func (e *examination) port(ctx context.Context) {
	const check = "port"
	l, err := net.Listen("tcp", e.Listen)
	if err == nil {
		_ = l.Close()
		e.ok(check, "%s is free: no server runs there", e.Listen)
		return
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		e.say(check, Bad, "choose another address with --listen", "%s cannot be listened on: %v", e.Listen, err)
		return
	}
	status, body, err := ask(ctx, "http://"+e.Listen+"/healthz")
	if err != nil || status != http.StatusOK || body != "ok\n" {
		e.say(check, Bad, "stop it, or choose another address with --listen", "another program listens on %s", e.Listen)
		return
	}
	if status, body, err = ask(ctx, "http://"+e.Listen+"/readyz"); err != nil || status != http.StatusOK {
		e.say(check, Bad, "look at its log", "the server on %s takes no work: %s", e.Listen, strings.TrimSpace(body))
		return
	}
	e.ok(check, "a server answers on %s and takes work", e.Listen)
}

func ask(ctx context.Context, address string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	return resp.StatusCode, string(text), err
}
