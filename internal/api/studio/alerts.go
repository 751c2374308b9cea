package studio

import (
	"context"
	"time"

	"bottega/internal/access"
	"bottega/internal/alert"
	"bottega/internal/id"
	"bottega/internal/token"
)

// Alert is something one was told.
type Alert struct {
	ID        string       `json:"id" format:"uuid"`
	Kind      string       `json:"kind" enum:"pool,daily,credits,expiring,payment"`
	Title     string       `json:"title"`
	Text      string       `json:"text"`
	CreatedAt time.Time    `json:"created_at"`
	TeamID    *string      `json:"team_id" doc:"whose pool or plan it is about; null = one's own"`
	Plan      *string      `json:"plan" doc:"title of the plan it is about"`
	Layer     *string      `json:"layer" doc:"of what expires"`
	Percent   int          `json:"percent" doc:"with pool: at most this much of the month's tokens is left"`
	Amount    token.Amount `json:"amount" doc:"of the whole month, the day, or what expires, in thousandths"`
	Left      token.Amount `json:"left"`
	Below     token.Amount `json:"below" doc:"with credits: the mark that was passed"`
	At        *time.Time   `json:"at" doc:"when it ends, or was due"`
}

func wireAlert(a alert.Alert) Alert {
	w, d := a.Words(), a.Details
	return Alert{
		ID: a.ID, Kind: string(a.Kind), Title: w.Title, Text: w.Text, CreatedAt: a.CreatedAt.UTC(), TeamID: textOrNull(d.TeamID),
		Plan: textOrNull(d.Plan), Layer: textOrNull(string(d.Layer)), Percent: d.Percent, Amount: d.Amount, Left: d.Left, Below: d.Below, At: timeOrNull(d.At),
	}
}

// AlertSettings are how one is told of what.
type AlertSettings struct {
	Ways         AlertWays    `json:"ways"`
	CreditsBelow token.Amount `json:"credits_below_mc" minimum:"0" doc:"tell when there are fewer API credits; 0 = do not"`
}

// AlertWays is the way for each kind. By mail includes the page.
type AlertWays struct {
	Pool     string `json:"pool" enum:"off,page,mail" doc:"the month's tokens of a plan run low: at 20 %, 5 % and none"`
	Daily    string `json:"daily" enum:"off,page,mail" doc:"the day's tokens are used up"`
	Credits  string `json:"credits" enum:"off,page,mail" doc:"API credits fall below credits_below_mc"`
	Expiring string `json:"expiring" enum:"off,page,mail" doc:"tokens expire within three days"`
	Payment  string `json:"payment" enum:"off,page,mail" doc:"a plan was not paid"`
}

// AlertSettingsAnswer is what is chosen, and what is possible.
type AlertSettingsAnswer struct {
	AlertSettings
	CanMail bool   `json:"can_mail" doc:"whether this studio sends mail; without it, mail means page"`
	Email   string `json:"email" doc:"where mail goes"`
}

type alertSettingsInput struct{ Body AlertSettings }

type unsubscribeInput struct {
	Token string `query:"token" required:"true" maxLength:"200" doc:"from the link in the mail"`
}

func (s *server) listAlerts(ctx context.Context, _ *nothing) (*body[All[Alert]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.Alerts.Shown(ctx, actor.AccountID)
	if err != nil {
		return nil, err
	}
	out := All[Alert]{Items: make([]Alert, 0, len(list))}
	for _, a := range list {
		out.Items = append(out.Items, wireAlert(a))
	}
	return answer(out), nil
}

func (s *server) dismissAlert(ctx context.Context, in *idInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if !id.Valid(in.ID) {
		return nil, alert.ErrNoAlert
	}
	return nil, s.Alerts.Dismiss(ctx, actor.AccountID, in.ID)
}

func (s *server) getAlertSettings(ctx context.Context, _ *nothing) (*body[AlertSettingsAnswer], error) {
	a, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.Alerts.Choice(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	way := func(k alert.Kind) string { return string(c.Way(k)) }
	return answer(AlertSettingsAnswer{
		AlertSettings: AlertSettings{
			Ways: AlertWays{
				Pool: way(alert.Pool), Daily: way(alert.Daily), Credits: way(alert.Credits), Expiring: way(alert.Expiring), Payment: way(alert.Payment),
			},
			CreditsBelow: c.CreditsBelow,
		},
		CanMail: s.Alerts.CanMail(), Email: a.Email,
	}), nil
}

func (s *server) setAlertSettings(ctx context.Context, in *alertSettingsInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	w := in.Body.Ways
	return nil, s.Alerts.SetChoice(ctx, actor.AccountID, alert.Choice{
		CreditsBelow: in.Body.CreditsBelow,
		Ways: map[alert.Kind]alert.Way{
			alert.Pool: alert.Way(w.Pool), alert.Daily: alert.Way(w.Daily), alert.Credits: alert.Way(w.Credits),
			alert.Expiring: alert.Way(w.Expiring), alert.Payment: alert.Way(w.Payment),
		},
	})
}

func (s *server) unsubscribe(ctx context.Context, in *unsubscribeInput) (*nothing, error) {
	return nil, s.Alerts.Unsubscribe(ctx, in.Token)
}
