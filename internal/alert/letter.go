package alert

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"time"

	"bottega/internal/ledger"
	"bottega/internal/mail"
	"bottega/internal/plan"
)

// Words are what an alert says: a line, and what follows from it.
type Words struct{ Title, Text string }

// Words puts an alert into words. Of a team they begin with its name.
func (a Alert) Words() Words {
	w := a.words()
	if a.Details.Team != "" {
		w.Title = a.Details.Team + ": " + w.Title
	}
	return w
}

func (a Alert) words() Words {
	d := a.Details
	on := d.At.UTC().Format("2 January 2006, 15:04 UTC")
	switch a.Kind {
	case Pool:
		if d.Left <= 0 {
			return Words{
				"This month's tokens are used up",
				fmt.Sprintf("The %s tokens that %s brought this month are used up. The next ones come on %s; until then the bank and top-ups pay.", d.Amount, d.Plan, on),
			}
		}
		return Words{
			fmt.Sprintf("%d %% of this month's tokens are left", d.Percent),
			fmt.Sprintf("%s of the %s tokens that %s brought this month are left. The next ones come on %s.", d.Left, d.Amount, d.Plan, on),
		}
	case Daily:
		return Words{"The day's tokens are used up", fmt.Sprintf("All %s tokens of today are used up. The next ones come on %s.", d.Amount, on)}
	case Credits:
		return Words{
			fmt.Sprintf("API credits are below %s", d.Below),
			fmt.Sprintf("%s API credits are left. Keys that pay with credits are refused when none are left.", d.Left),
		}
	case Expiring:
		return Words{fmt.Sprintf("%s tokens expire soon", d.Amount), fmt.Sprintf("%s tokens%s expire on %s.", d.Amount, whose(d.Layer), on)}
	case Payment:
		happened := "has not arrived"
		if d.Refused {
			happened = "was refused"
		}
		return Words{
			fmt.Sprintf("%s is not paid", d.Plan),
			fmt.Sprintf("The payment for %s that was due on %s %s. What the plan allows goes on for %d days from then; its tokens wait for the payment.", d.Plan, on, happened, graceDays),
		}
	}
	return Words{Title: string(a.Kind)}
}

func whose(layer ledger.GrantKind) string {
	switch layer {
	case ledger.Promo:
		return " that were a gift"
	case ledger.Team:
		return " from a team"
	case ledger.Bank:
		return " of the frozen bank"
	}
	return ""
}

var page = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="margin:0;padding:24px;background:#f6f3ee;color:#2a2622;font:16px/1.5 sans-serif">
<div style="max-width:520px;margin:0 auto;padding:24px;background:#ffffff;border-radius:12px">
<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">{{.Title}}</h1>
<p style="margin:0 0 20px">{{.Text}}</p>
{{- if .Wallet}}
<p style="margin:0 0 20px"><a href="{{.Wallet}}" style="color:#a8371a">Open {{.Where}}</a></p>
{{- end}}
<p style="margin:0;font-size:13px;color:#6b645c">Bottega writes once about each such event.
{{- if .Unsubscribe}} <a href="{{.Unsubscribe}}" style="color:#6b645c">No more mail</a>{{else}} Which mails come is chosen in the wallet.{{end}}</p>
</div></body></html>
`))

// letter is an alert as a mail, without its receiver.
func (s *Service) letter(a Alert) mail.Message {
	w := a.Words()
	facts := struct{ Title, Text, Wallet, Where, Unsubscribe string }{
		Title: w.Title, Text: w.Text, Where: "the wallet", Unsubscribe: s.unsubscribeURL(a.AccountID),
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s.\n\n%s\n", strings.TrimSuffix(w.Title, "."), w.Text)
	if s.PublicURL != "" {
		facts.Wallet = s.PublicURL + "/wallet"
		if a.Details.TeamID != "" {
			facts.Wallet, facts.Where = s.PublicURL+"/teams/"+a.Details.TeamID+"/plan", "the team's plan"
		}
		fmt.Fprintf(&text, "\nOpen %s: %s\n", facts.Where, facts.Wallet)
	}
	text.WriteString("\n-- \nBottega writes once about each such event.\n")
	if facts.Unsubscribe != "" {
		fmt.Fprintf(&text, "No more mail, whatever it is about: %s\n", facts.Unsubscribe)
	} else {
		text.WriteString("Which mails come is chosen in the wallet.\n")
	}
	var html bytes.Buffer
	_ = page.Execute(&html, facts) // a buffer takes everything, and the facts are texts
	return mail.Message{
		ID: "alert-" + a.ID, Subject: "Bottega: " + w.Title, Text: text.String(), HTML: html.String(), Unsubscribe: facts.Unsubscribe,
	}
}

const graceDays = int(plan.Grace / (24 * time.Hour))
