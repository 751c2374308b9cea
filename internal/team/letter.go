package team

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"strings"
	"time"

	"bottega/internal/access"
	"bottega/internal/db"
	"bottega/internal/mail"
)

// Sender sends mail: mail.Sender.
type Sender interface {
	Send(ctx context.Context, m mail.Message, handing func(ctx context.Context) error) error
}

// Post is how invitations are mailed. Without a Sender or an address they are not: their links are copied by hand.
type Post struct {
	Sender    Sender
	PublicURL string // that people use; empty = not known
}

// Bounds of mailing: strangers' boxes are nobody's to fill.
const (
	mailsADay    = 20 // that an account has sent in its name, in all of its teams
	mailPatience = 15 * time.Second
)

// countMailed uses the index on who invited.
const countMailed = "SELECT COUNT(*) FROM team_invitation WHERE created_by = $1 AND created_at > $2 AND email <> ''"

// Mail sends an invitation to the address it names, and reports whether it went out. It is tried once: the link is shown to who
// made it all the same, and is kept nowhere, so it cannot be tried again later.
func (s *Service) Mail(ctx context.Context, inv Invitation, secret string) (sent bool, err error) {
	if inv.Email == "" || s.post.Sender == nil || s.post.PublicURL == "" {
		return false, nil
	}
	now := s.clock.Now()
	var mailed int
	if err := s.db.QueryRow(ctx, countMailed, inv.CreatedBy, db.Micros(now.Add(-24*time.Hour))).Scan(&mailed); err != nil {
		return false, fmt.Errorf("count invitations: %w", err)
	}
	if mailed > mailsADay {
		return false, nil
	}
	t, err := readTeam(ctx, s.db, inv.TeamID, "")
	if err != nil {
		return false, err
	}
	emails, err := s.accounts.Emails(ctx, []string{inv.CreatedBy})
	if err != nil {
		return false, err
	}
	m := inv.letter(t.Name, emails[inv.CreatedBy], strings.TrimRight(s.post.PublicURL, "/")+"/join#"+secret)
	m.At = now
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	if err := s.post.Sender.Send(ctx, m, func(context.Context) error { return nil }); err != nil {
		return false, fmt.Errorf("mail invitation %s: %w", inv.ID, err)
	}
	return true, nil
}

var page = template.Must(template.New("invitation").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="margin:0;padding:24px;background:#f6f3ee;color:#2a2622;font:16px/1.5 sans-serif">
<div style="max-width:520px;margin:0 auto;padding:24px;background:#ffffff;border-radius:12px">
<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">{{.Title}}</h1>
<p style="margin:0 0 20px">{{.Text}}</p>
<p style="margin:0 0 20px"><a href="{{.Link}}" style="color:#a8371a">Look at the invitation</a></p>
<p style="margin:0;font-size:13px;color:#6b645c">{{.Rest}}</p>
</div></body></html>
`))

// letter is an invitation as a mail. Who wrote the names in it is not us, so nothing in it is a link but ours.
func (i Invitation) letter(team, inviter, link string) mail.Message {
	as := map[access.TeamRole]string{access.TeamAdmin: "as an admin", access.TeamMember: "as a member", access.TeamBilling: "to look after its plan"}[i.Role]
	facts := struct{ Title, Text, Rest, Link string }{
		Title: fmt.Sprintf("%s invites you to a team", inviter),
		Text:  fmt.Sprintf("%s would like you to join the team “%s” %s.", inviter, team, as),
		Rest: fmt.Sprintf("The link is for you alone and lets you in once, until %s. If you do not know who sent it, leave it: nothing happens.",
			i.ExpiresAt.UTC().Format("2 January 2006, 15:04 UTC")),
		Link: link,
	}
	var html bytes.Buffer
	_ = page.Execute(&html, facts) // a buffer takes everything, and the facts are texts
	return mail.Message{
		ID: "invitation-" + i.ID, To: i.Email, Subject: "Bottega: " + facts.Title,
		Text: fmt.Sprintf("%s\n\nLook at the invitation: %s\n\n%s\n", facts.Text, link, facts.Rest), HTML: html.String(),
	}
}
