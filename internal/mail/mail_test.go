package mail_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"bottega/internal/mail"
	"bottega/internal/mail/mailtest"
)

func config(s *mailtest.Sink, scheme string) mail.Config {
	return mail.Config{
		URL: scheme + "://studio%40example.com@" + s.Addr, Password: mailtest.Password, From: "Bottega <studio@example.com>", Roots: s.Roots,
	}
}

func message() mail.Message {
	return mail.Message{
		ID: "alert-1", To: "ada@example.com", Subject: "5 % – übrig", Text: "Fünf.\n.\nEnd\n", HTML: "<p>Fünf</p>",
		At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Unsubscribe: "https://studio.example.com/unsubscribe?token=abc",
	}
}

func ready(context.Context) error { return nil }

func TestSend_ArrivesOverTLSWithBothParts(t *testing.T) {
	for scheme, implicit := range map[string]bool{"smtp": false, "smtps": true} {
		t.Run(scheme, func(t *testing.T) {
			sink := mailtest.New(t, implicit)
			s, err := mail.New(config(sink, scheme))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Send(t.Context(), message(), ready); err != nil {
				t.Fatal(err)
			}
			all := sink.Messages()
			if len(all) != 1 || !all[0].TLS || all[0].User != mailtest.User || all[0].From != "studio@example.com" || all[0].To != "ada@example.com" {
				t.Fatalf("arrived: %+v", all)
			}
			m := all[0].Parsed(t)
			for name, want := range map[string]string{
				"From": `"Bottega" <studio@example.com>`, "To": "<ada@example.com>", "Message-Id": "<alert-1@example.com>",
				"Auto-Submitted": "auto-generated", "List-Unsubscribe": "<https://studio.example.com/unsubscribe?token=abc>",
				"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Date": "Mon, 23 Nov 2026 12:00:00 +0000",
			} {
				if got := m.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			if err != nil || subject != "5 % – übrig" {
				t.Errorf("subject %q, %v", subject, err)
			}
			_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
			if err != nil {
				t.Fatal(err)
			}
			parts := multipart.NewReader(m.Body, params["boundary"])
			for _, want := range []struct{ kind, text string }{{"text/plain", "Fünf.\n.\nEnd"}, {"text/html", "<p>Fünf</p>"}} {
				p, err := parts.NextRawPart()
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(quotedprintable.NewReader(p))
				got := strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n"))
				if err != nil || !strings.HasPrefix(p.Header.Get("Content-Type"), want.kind) || got != want.text {
					t.Errorf("part %s is %q, %v, want %q", p.Header.Get("Content-Type"), got, err, want.text)
				}
			}
		})
	}
}

func TestSend_SaysWhetherToTryAgain(t *testing.T) {
	sink := mailtest.New(t, false)
	s, err := mail.New(config(sink, "smtp"))
	if err != nil {
		t.Fatal(err)
	}
	send := func(m mail.Message, handing func(context.Context) error) error {
		return s.Send(t.Context(), m, handing)
	}
	sink.Refuse(mailtest.Busy)
	if err := send(message(), ready); !errors.Is(err, mail.ErrLater) {
		t.Errorf("a busy server: %v", err)
	}
	sink.Refuse(mailtest.Unwanted)
	if err := send(message(), ready); !errors.Is(err, mail.ErrNever) {
		t.Errorf("an unknown mailbox: %v", err)
	}
	sink.Refuse(nil)
	tries := sink.Tries()
	if err := send(message(), func(context.Context) error { return errors.New("somebody else has it") }); !errors.Is(err, mail.ErrLater) || sink.Tries() != tries {
		t.Errorf("a caller that must not send: %v, %d tries", err, sink.Tries()-tries)
	}
	sink.Vanish(true)
	if err := send(message(), ready); err == nil || errors.Is(err, mail.ErrLater) || errors.Is(err, mail.ErrNever) {
		t.Errorf("a connection that broke after the text: %v", err)
	}
	for name, change := range map[string]func(*mail.Config){
		"a wrong password":    func(c *mail.Config) { c.Password = "wrong" },
		"nobody there":        func(c *mail.Config) { c.URL = "smtp://127.0.0.1:1"; c.Password = "" },
		"a stranger's server": func(c *mail.Config) { c.Roots = mailtest.New(t, false).Roots },
		"no TLS":              func(c *mail.Config) { c.URL = "smtps://studio%40example.com@" + sink.Addr },
	} {
		c := config(sink, "smtp")
		change(&c)
		other, err := mail.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Send(t.Context(), message(), func(context.Context) error { t.Errorf("%s: came to sending", name); return nil }); !errors.Is(err, mail.ErrLater) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nothing of a message becomes a header or another receiver.
func TestSend_RefusesInjectedHeaders(t *testing.T) {
	sink := mailtest.New(t, false)
	s, err := mail.New(config(sink, "smtp"))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*mail.Message){
		"subject":     func(m *mail.Message) { m.Subject = "x\r\nBcc: eve@example.com" },
		"receiver":    func(m *mail.Message) { m.To = "ada@example.com\r\nBcc: eve@example.com" },
		"receivers":   func(m *mail.Message) { m.To = "ada@example.com, eve@example.com" },
		"name":        func(m *mail.Message) { m.To = "Eve <ada@example.com>" },
		"id":          func(m *mail.Message) { m.ID = "x\nX-Evil: 1" },
		"unsubscribe": func(m *mail.Message) { m.Unsubscribe = "https://x/\r\nX-Evil: 1" },
	} {
		m := message()
		change(&m)
		if err := s.Send(t.Context(), m, ready); !errors.Is(err, mail.ErrNever) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := sink.Tries(); n != 0 {
		t.Errorf("%d came as far as the server", n)
	}
}

func TestNew_RefusesWhatWouldLeakOrNeverWork(t *testing.T) {
	for name, c := range map[string]mail.Config{
		"another scheme":               {URL: "http://mail.example.com", From: "a@example.com"},
		"no host":                      {URL: "smtp://", From: "a@example.com"},
		"no sender":                    {URL: "smtp://mail.example.com"},
		"a sender that is none":        {URL: "smtp://mail.example.com", From: "nobody"},
		"a port that is none":          {URL: "smtp://mail.example.com:99999", From: "a@example.com"},
		"a password without a user":    {URL: "smtp://mail.example.com", From: "a@example.com", Password: "secret word"},
		"a password twice":             {URL: "smtp://a:secret@mail.example.com", From: "a@example.com", Password: "secret word"},
		"in the clear to the world":    {URL: "smtp://mail.example.com?starttls=off", From: "a@example.com"},
		"an unknown option":            {URL: "smtp://mail.example.com?tls=maybe", From: "a@example.com"},
		"a sender without a server":    {From: "a@example.com"},
		"a password without a server":  {Password: "secret word"},
		"an unreadable URL":            {URL: "smtp://a:secret%zz@mail.example.com", From: "a@example.com"},
		"an odd value of starttls":     {URL: "smtp://localhost?starttls=maybe", From: "a@example.com"},
		"starttls with TLS from start": {URL: "smtps://localhost?starttls=off", From: "a@example.com"},
	} {
		s, err := mail.New(c)
		if err == nil || s != nil {
			t.Errorf("%s was taken", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error has the password: %v", name, err)
		}
	}
	if s, err := mail.New(mail.Config{}); s != nil || err != nil {
		t.Errorf("no mail: %v, %v", s, err)
	}
	if s, err := mail.New(mail.Config{URL: "smtp://localhost:25?starttls=off", From: "a@example.com"}); s == nil || err != nil {
		t.Errorf("a server on this machine: %v, %v", s, err)
	}
}
