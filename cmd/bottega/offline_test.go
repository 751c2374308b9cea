package main

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// offline is the variable that names the program to a test that has no network.
const offline = "BOTTEGA_TEST_OFFLINE"

// TestOffline_TheProductNeedsNoNetwork runs this very test again in a network namespace of its own, where there is
// nothing but loopback, and there makes a picture through the server. The test inside gets the program, built, by name.
func TestOffline_TheProductNeedsNoNetwork(t *testing.T) {
	if os.Getenv(offline) == "" {
		cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), offline+"="+asShipped(t))
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("with the network away: %v\n%s", err, out)
		}
		return
	}
	raiseLoopback(t)
	if c, err := net.DialTimeout("tcp", "192.0.2.1:80", time.Second); err == nil {
		_ = c.Close()
		t.Fatal("the network is not away")
	}
	data := t.TempDir()
	s := startServer(t, "--data", data)
	c := newClient(t, s, data)
	id, err := c.submit("offline", 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.wait(t, id); got != "COMPLETE" {
		t.Fatalf("the generation is %s", got)
	}
}

// raiseLoopback switches the loopback interface of a new namespace on.
func raiseLoopback(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatalf("switch loopback on: %v", err)
	}
}
