package studio

import (
	"context"
	"time"

	"bottega/internal/access"
	"bottega/internal/auth"
	"bottega/internal/id"
	"bottega/internal/token"
)

// Key is an API key in force; the key itself is not kept.
type Key struct {
	ID         string       `json:"id" format:"uuid"`
	Name       string       `json:"name"`
	Prefix     string       `json:"prefix" doc:"how the key begins"`
	CreatedAt  time.Time    `json:"created_at"`
	LastUsedAt *time.Time   `json:"last_used_at"`
	PaysWith   string       `json:"pays_with" doc:"tokens, credits, or team: and the id of a team"`
	Budget     token.Amount `json:"budget_mt" doc:"most that the key may use in a UTC month; 0 = no bound"`
	Used       token.Amount `json:"used_mt" doc:"in this UTC month, held amounts included"`
}

// KeyTerms are what a key pays with and how much.
type KeyTerms struct {
	PaysWith string       `json:"pays_with,omitempty" doc:"tokens: the account's own (also when left out); credits: its API credits; team: and an id: those of a team that one owns or is an admin of"`
	Budget   token.Amount `json:"budget_mt,omitempty" minimum:"0" doc:"most that the key may use in a UTC month; 0 = no bound"`
}

// keyPaidBy is who can pay for the work of a key.
const keyPaidBy = "tokens, credits, or team: and the id of a team"

// terms reads what a key should pay with, and refuses a team that the actor may not bind it to.
func (s *server) terms(ctx context.Context, actor access.Actor, t KeyTerms) (auth.KeyTerms, error) {
	out := auth.KeyTerms{Credits: t.PaysWith == "credits", Budget: t.Budget}
	if out.Credits {
		return out, nil
	}
	as, err := payer(actor, t.PaysWith, keyPaidBy)
	if err != nil {
		return out, err
	}
	if out.Team = as.Team; out.Team != "" {
		_, err = s.Teams.Get(ctx, actor, out.Team, access.SpendByKey)
	}
	return out, err
}

// NewKey is a key that was just made.
type NewKey struct {
	ID        string    `json:"id" format:"uuid"`
	Name      string    `json:"name"`
	Prefix    string    `json:"prefix"`
	CreatedAt time.Time `json:"created_at"`
	Key       string    `json:"key" doc:"the whole key, shown this once"`
}

// KeyRequest asks for a key.
type KeyRequest struct {
	Name string `json:"name" doc:"what it is for; up to 80 characters"`
	KeyTerms
}

type termsInput struct {
	ID   string `path:"id"`
	Body KeyTerms
}

type keyInput struct{ Body KeyRequest }

func (s *server) listKeys(ctx context.Context, _ *nothing) (*body[All[Key]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.Auth.Keys(ctx, actor.AccountID)
	if err != nil {
		return nil, err
	}
	out := All[Key]{Items: make([]Key, 0, len(list))}
	for _, k := range list {
		used, err := s.Generations.KeyUsed(ctx, k.ID)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, Key{
			ID: k.ID, Name: k.Name, Prefix: k.Prefix, CreatedAt: k.CreatedAt.UTC(), LastUsedAt: timeOrNull(k.LastUsedAt),
			PaysWith: k.KeyTerms.PaysWith(), Budget: k.Budget, Used: used,
		})
	}
	return answer(out), nil
}

func (s *server) createKey(ctx context.Context, in *keyInput) (*body[NewKey], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	terms, err := s.terms(ctx, actor, in.Body.KeyTerms)
	if err != nil {
		return nil, err
	}
	key, k, err := s.Auth.CreateKey(ctx, actor.AccountID, in.Body.Name, time.Time{}, terms)
	if err != nil {
		return nil, err
	}
	return answer(NewKey{ID: k.ID, Name: k.Name, Prefix: k.Prefix, CreatedAt: k.CreatedAt.UTC(), Key: key}), nil
}

func (s *server) revokeKey(ctx context.Context, in *idInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if !id.Valid(in.ID) {
		return nil, auth.ErrNoSuchKey
	}
	return nil, s.Auth.RevokeKey(ctx, actor.AccountID, in.ID)
}

func (s *server) setKeyTerms(ctx context.Context, in *termsInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if !id.Valid(in.ID) {
		return nil, auth.ErrNoSuchKey
	}
	terms, err := s.terms(ctx, actor, in.Body)
	if err != nil {
		return nil, err
	}
	return nil, s.Auth.SetKeyTerms(ctx, actor.AccountID, in.ID, terms)
}
