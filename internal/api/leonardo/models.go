package leonardo

import (
	"net/http"

	"bottega/internal/access"
)

// ModelsResponse answers GET /platformModels.
type ModelsResponse struct {
	Models []PlatformModel `json:"custom_models" nullable:"false"`
}

// PlatformModel is a model of this server.
type PlatformModel struct {
	ID             string `json:"id" doc:"for modelId"`
	Name           string `json:"name"`
	Description    string `json:"description"`
	Featured       bool   `json:"featured" doc:"the default model"`
	NSFW           bool   `json:"nsfw" doc:"always false"`
	GeneratedImage any    `json:"generated_image" doc:"always null: there is no example picture"`
}

func (d *dialect) models(http.ResponseWriter, *http.Request, access.Actor) (any, error) {
	out := ModelsResponse{Models: []PlatformModel{}}
	for i, m := range d.Deps.Models.Models() {
		out.Models = append(out.Models, PlatformModel{ID: m.ID, Name: m.Title, Description: m.Description, Featured: i == 0})
	}
	return out, nil
}
