// Package mailtest is an SMTP server for tests: it speaks TLS and wants a password, keeps what it is sent, and can be
// told to misbehave. It knows nothing of who sends to it.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/mail"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The user and the password of a sink.
const (
	User     = "studio@example.com"
	Password = "a mail password"
)

// Sink is an SMTP server that keeps what it is sent.
type Sink struct {
	Addr  string
	Roots *x509.CertPool // that its certificate is from

	mu       sync.Mutex
	messages []Received
	tries    int
	refuse   error
	hang     bool
}

// Received is a message as it came.
type Received struct {
	From, To string // of the envelope
	Raw      []byte
	User     string // who sent it; empty = nobody signed in
	TLS      bool
}

// Parsed reads the message.
func (r Received) Parsed(t testing.TB) *mail.Message {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(r.Raw))
	if err != nil {
		t.Fatalf("the message is not one: %v\n%s", err, r.Raw)
	}
	return m
}

// New starts a sink that wants STARTTLS, or TLS from the start.
func New(t testing.TB, implicit bool) *Sink {
	t.Helper()
	cert, roots := certificate(t)
	s := &Sink{Roots: roots}
	server := smtp.NewServer(s)
	server.Domain, server.TLSConfig = "localhost", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = ln.Addr().String()
	if implicit {
		ln = tls.NewListener(ln, server.TLSConfig)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()          // ends with Close
	t.Cleanup(func() { _ = server.Close(); _ = ln.Close(); <-done }) // Serve may not have begun when Close is called
	return s
}

// Refuse makes the sink answer every message with an error; nil ends it.
func (s *Sink) Refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = err
}

// Busy and Unwanted are for Refuse.
var (
	Busy     = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	Unwanted = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
)

// Vanish makes the sink take messages and break the connection instead of saying so.
func (s *Sink) Vanish(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hang = on
}

// Messages returns what has come.
func (s *Sink) Messages() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.messages...)
}

// Tries counts the messages that were begun, taken or not.
func (s *Sink) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// NewSession implements smtp.Backend.
func (s *Sink) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{sink: s, conn: c}, nil }

type session struct {
	sink *Sink
	conn *smtp.Conn
	got  Received
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.got.User = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.tries++
	if s.got.User == "" {
		return smtp.ErrAuthRequired
	}
	_, s.got.TLS = s.conn.TLSConnectionState()
	s.got.From = from
	return s.sink.refuse
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.got.To = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.got.Raw = raw
	s.sink.messages = append(s.sink.messages, s.got)
	if s.sink.hang {
		_ = s.conn.Conn().Close()
		return errors.New("gone")
	}
	return nil
}

func (s *session) Reset()        { s.got.From, s.got.To, s.got.Raw = "", "", nil }
func (s *session) Logout() error { return nil }

// certificate makes one for this machine, and the pool that knows it.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: now, NotAfter: now.AddDate(100, 0, 0),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(fmt.Errorf("read the certificate: %w", err))
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
