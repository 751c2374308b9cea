package leonardo

import (
	"net/http"
	"time"

	"bottega/internal/access"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// MeResponse answers GET /me.
type MeResponse struct {
	Details []UserDetails `json:"user_details" nullable:"false"`
}

// UserDetails is who a key belongs to and what can be spent. A key that pays with API credits, or with a team's tokens,
// sees them in the two api… balances. Another key spends the account's own tokens: its api… balances show the same wallet as the other two, seen
// from the API; they are not additional.
type UserDetails struct {
	User                    User    `json:"user"`
	TokenRenewalDate        *string `json:"tokenRenewalDate" format:"date-time" doc:"when the plan's next tokens arrive"`
	SubscriptionTokens      int64   `json:"subscriptionTokens" doc:"the plan's tokens and those kept in the bank"`
	PaidTokens              int64   `json:"paidTokens" doc:"top-up tokens, which never expire"`
	SubscriptionGPTTokens   int64   `json:"subscriptionGptTokens" doc:"always 0: prompt tools have no tokens of their own"`
	SubscriptionModelTokens int64   `json:"subscriptionModelTokens" doc:"always 0: training has no tokens of its own"`
	APIConcurrencySlots     int     `json:"apiConcurrencySlots" doc:"generations that run at once"`
	APISubscriptionTokens   int64   `json:"apiSubscriptionTokens" doc:"credits that expire; for a key that pays with tokens, the same as subscriptionTokens"`
	APIPaidTokens           int64   `json:"apiPaidTokens" doc:"credits that stay; for a key that pays with tokens, the same as paidTokens"`
	APIPlanTokenRenewalDate *string `json:"apiPlanTokenRenewalDate" format:"date-time" doc:"as tokenRenewalDate"`
}

// User names an account.
type User struct {
	ID       string `json:"id"`
	Username string `json:"username" doc:"the account's e-mail address"`
}

func (d *dialect) me(_ http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	who, err := d.Accounts.ByID(r.Context(), actor.AccountID)
	if err != nil {
		return nil, err
	}
	balance, err := d.Balances.Balance(r.Context(), actor.AccountID)
	if err != nil {
		return nil, err
	}
	subscription, paid := wholeTokens(balance)
	api, apiPaid := subscription, paid
	renews := balance.RenewsAt
	if actor.Team != "" {
		if api, apiPaid, renews, err = d.pool(r, actor); err != nil {
			return nil, err
		}
	}
	if actor.Credits && actor.Team == "" {
		credits, err := d.Balances.Balance(r.Context(), ledger.CreditsOf(actor.AccountID))
		if err != nil {
			return nil, err
		}
		api, apiPaid = wholeTokens(credits)
		renews = credits.RenewsAt
	}
	out := UserDetails{
		User:               User{ID: who.ID, Username: who.Email},
		SubscriptionTokens: subscription, PaidTokens: paid,
		APISubscriptionTokens: api, APIPaidTokens: apiPaid,
		TokenRenewalDate: dateOrNull(balance.RenewsAt), APIPlanTokenRenewalDate: dateOrNull(renews),
		APIConcurrencySlots: d.Generations.Concurrency(r.Context(), actor.AccountID),
	}
	return MeResponse{[]UserDetails{out}}, nil
}

// pool is what a key that a team pays for can spend: what the team has, within the member's limit.
func (d *dialect) pool(r *http.Request, actor access.Actor) (subscription, paid int64, renews time.Time, err error) {
	allowance, err := d.Generations.Allowance(r.Context(), actor)
	if err != nil {
		return 0, 0, renews, err
	}
	b, err := d.Balances.Balance(r.Context(), ledger.TeamOf(actor.Team))
	if err != nil {
		return 0, 0, renews, err
	}
	subscription, paid = wholeTokens(b)
	if allowance.Bounded() {
		left := allowance.Left().Tokens()
		subscription = min(subscription, left)
		paid = min(paid, left-subscription)
	}
	return subscription, paid, b.RenewsAt, nil
}

// wholeTokens sums the layers into what a plan brought (gifts, day, month, bank) and what was bought. Each sum is cut
// to whole tokens, so a price shown in whole tokens can always be paid from what is shown.
func wholeTokens(b ledger.Balance) (subscription, paid int64) {
	var s, p token.Amount
	for _, l := range b.Layers {
		if l.Kind == ledger.TopUp {
			p += l.Available
		} else {
			s += l.Available
		}
	}
	return s.Tokens(), p.Tokens()
}

func dateOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := timestamp(t)
	return &s
}
