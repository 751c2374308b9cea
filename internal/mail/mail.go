// Package mail hands messages to an SMTP server: over TLS, with a time limit, one at a time. It promises to say whether a
// message was certainly not taken, so that its caller may try again, and that no text of a message becomes a header. What
// is said to whom, and how often, it leaves to its callers.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// Config says where mail goes out.
type Config struct {
	// URL is smtp://HOST:PORT (STARTTLS is required) or smtps://HOST:PORT (TLS from the start), with a user before the @
	// where the server wants one. smtp://…?starttls=off is for a server on this machine. Empty = no mail.
	URL      string
	Password string // when it is not in the URL
	From     string // address, or "Name <address>"
	Roots    *x509.CertPool
}

// Sender sends messages.
type Sender struct {
	from    mail.Address
	host    string
	options []gomail.Option
}

// patience bounds connecting, and each answer of the server.
const patience = 20 * time.Second

// New checks a configuration. It returns nil without an error when there is none.
func New(c Config) (*Sender, error) {
	if c.URL == "" {
		if c.Password != "" || c.From != "" {
			return nil, errors.New("there is an SMTP password or a sender, and no SMTP URL")
		}
		return nil, nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("the SMTP URL is not understood: want smtp://HOST:PORT or smtps://HOST:PORT") // it may hold a password
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("the sender %q is not an e-mail address: %w", c.From, err)
	}
	s := &Sender{from: *from, host: u.Hostname()}
	if s.options, err = options(u, c); err != nil {
		return nil, err
	}
	_, err = s.client()
	return s, err
}

func options(u *url.URL, c Config) ([]gomail.Option, error) {
	port := map[string]int{"smtp": 587, "smtps": 465}[u.Scheme]
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return nil, fmt.Errorf("the SMTP port %q is not a port", p)
		}
		port = n
	}
	out := []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(patience), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), RootCAs: c.Roots, MinVersion: tls.VersionTLS12}),
	}
	for name, values := range u.Query() {
		if name != "starttls" || u.Scheme != "smtp" || len(values) != 1 || values[0] != "off" {
			return nil, fmt.Errorf("the SMTP URL has an option %q that is not known: only starttls=off, with smtp", name)
		}
	}
	plain := u.Query().Get("starttls") == "off"
	switch {
	case u.Scheme == "smtps":
		out = append(out, gomail.WithSSL())
	case plain && !local(u.Hostname()):
		return nil, errors.New("starttls=off is for a server on this machine: mail would travel in the clear")
	case plain:
		out = append(out, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		out = append(out, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if u.User == nil {
		if c.Password != "" {
			return nil, errors.New("there is an SMTP password, and no user in the SMTP URL: smtp://USER@HOST:PORT")
		}
		return out, nil
	}
	password, inURL := u.User.Password()
	if inURL && c.Password != "" {
		return nil, errors.New("the SMTP password is there twice: in the URL, and by itself")
	}
	if !inURL {
		password = c.Password
	}
	return append(out, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password)), nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *Sender) client() (*gomail.Client, error) {
	c, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return nil, fmt.Errorf("prepare SMTP: %w", err)
	}
	return c, nil
}

// Message is one mail to one person.
type Message struct {
	ID      string // unique; the same message keeps it when it is sent again
	To      string
	Subject string
	Text    string
	HTML    string
	At      time.Time
	// Unsubscribe is the address of a page that ends such mail, also by one POST (RFC 8058) where it is https. Empty = none.
	Unsubscribe string
}

// The ways in which a message is not sent. An error that is none of them leaves open whether the server took it.
var (
	// ErrLater says that the server certainly did not take the message, and may later.
	ErrLater = errors.New("the mail was not taken")
	// ErrNever says that the server certainly does not take the message.
	ErrNever = errors.New("the mail is not wanted")
)

// Send hands a message over. Once the server is ready for it, and nothing of it was sent, handing is called: whoever
// must not send twice notes there that from now on nobody knows, and when it fails, nothing is sent.
func (s *Sender) Send(ctx context.Context, m Message, handing func(ctx context.Context) error) error {
	msg, err := s.build(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNever, err)
	}
	c, err := s.client()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLater, err)
	}
	if err := c.DialWithContext(ctx); err != nil {
		return fmt.Errorf("%w: connect to the SMTP server: %w", ErrLater, err)
	}
	defer func() { _ = c.Close() }() // the message is taken or it is not; a QUIT changes nothing
	if err := handing(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrLater, err)
	}
	if err := c.Send(msg); err != nil && !msg.IsDelivered() {
		return judge(err)
	}
	return nil
}

// judge says whether an error of sending leaves open what became of the message: it does when the connection broke while
// the text was on its way.
func judge(err error) error {
	var e *gomail.SendError
	switch {
	case !errors.As(err, &e):
		return err
	case e.ErrorCode() >= 500:
		return fmt.Errorf("%w: %w", ErrNever, err)
	case e.ErrorCode() >= 400, e.Reason != gomail.ErrWriteContent && e.Reason != gomail.ErrSMTPDataClose && e.Reason != gomail.ErrSMTPReset && e.Reason != gomail.ErrAmbiguous:
		return fmt.Errorf("%w: %w", ErrLater, err)
	}
	return err
}

// build makes the message. Lines and control characters in what becomes a header are refused.
func (s *Sender) build(m Message) (*gomail.Msg, error) {
	for name, text := range map[string]string{"subject": m.Subject, "receiver": m.To, "id": m.ID, "address to unsubscribe": m.Unsubscribe} {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return nil, fmt.Errorf("the %s has a control character", name)
		}
	}
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Name != "" {
		return nil, errors.New("the receiver is not an e-mail address")
	}
	msg := gomail.NewMsg()
	msg.FromMailAddress(&s.from)
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.At)
	_, host, _ := strings.Cut(s.from.Address, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + host)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	switch {
	case strings.HasPrefix(m.Unsubscribe, "https://"):
		if err := msg.SetListUnsubscribeOneClick(m.Unsubscribe); err != nil {
			return nil, err
		}
	case m.Unsubscribe != "":
		msg.SetListUnsubscribe(m.Unsubscribe)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}
