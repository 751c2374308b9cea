package leonardo

import "slices"

// Alias is a model id that existing Leonardo client code sends.
type Alias struct {
	ID    string // UUID of the model there
	Title string // its name there, for people
}

// DefaultModelAlias is the model id that the official SDKs send when the caller names none. It has to be known here.
const DefaultModelAlias = "b24e16ff-06e3-43eb-8d33-4416c2d75876"

// The ids that the pricing calculator's model switches stand for.
const (
	phoenixID      = "de7d3faf-762f-48e0-b3b7-9d0ac3a3fcf3"
	diffusionXLID  = "1e60896f-3c26-4296-8ecc-53e2afecc132"
	fluxDevID      = "b2614463-296c-462a-9586-aafdb8f00e36"
	fluxSchnellID  = "1dd50843-d653-4516-a8e3-f0238ee453ff"
	lightningXLID  = DefaultModelAlias
	kinoXLID       = "aa77f04e-3eec-4034-9c07-d0f619684628"
	visionXLID     = "5c232a9e-9061-4777-980a-ddc8e65647c6"
	phoenix09ID    = "6b645e3a-d64f-4341-a6d8-7a3690fbf042"
	lucidOriginID  = "7b592283-e8a7-4c5a-9ba6-d18c31f258b9"
	lucidRealismID = "05ce0082-2d80-4a2d-8653-4d1c85e2418e"
	creativeID     = "6bef9f1b-29cb-40c7-b9df-32b51c1f67d3"
)

// Aliases lists the model ids that client code is known to carry, the SDKs' default first. The catalogue gives them
// to the models that stand in for them (catalog.Model.Aliases); every answer names the model that really worked.
func Aliases() []Alias { return slices.Clone(aliases) }

// AliasIDs lists only the ids of Aliases.
func AliasIDs() []string {
	ids := make([]string, len(aliases))
	for i, a := range aliases {
		ids[i] = a.ID
	}
	return ids
}

var aliases = []Alias{
	{lightningXLID, "Leonardo Lightning XL"},
	{kinoXLID, "Leonardo Kino XL"},
	{diffusionXLID, "Leonardo Diffusion XL"},
	{visionXLID, "Leonardo Vision XL"},
	{phoenixID, "Phoenix 1.0"},
	{phoenix09ID, "Phoenix 0.9"},
	{lucidOriginID, "Lucid Origin"},
	{lucidRealismID, "Lucid Realism"},
	{fluxDevID, "FLUX Dev"},
	{fluxSchnellID, "FLUX Schnell"},
	{creativeID, "Leonardo Creative"},
}
