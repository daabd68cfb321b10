package mailer

import (
	"html/template"

	"github.com/planoauth/planoauth/impl/web"
)

// colors are the design tokens of impl/web/src/tokens.css that mails use. Mail programs know no custom properties.
type colors struct {
	Page, Surface, Sunken, Ink, Quiet, Line, Accent, OnAccent template.CSS
}

var (
	light = colors{
		Page: "#f5f6f8", Surface: "#ffffff", Sunken: "#eef0f3", Ink: "#15181e", Quiet: "#565e6c", Line: "#dcdfe5",
		Accent: "#3745c4", OnAccent: "#ffffff",
	}
	dark = colors{
		Page: "#0f1115", Surface: "#181b21", Sunken: "#22262e", Ink: "#eceef2", Quiet: "#a5adba", Line: "#2e333d",
		Accent: "#7b89ff", OnAccent: "#0d1030",
	}
)

// with returns the colors of an application with this accent color, "" for none.
func (c colors) with(accent string) colors {
	if accent, on := web.Accent(accent); accent != "" {
		c.Accent, c.OnAccent = template.CSS(accent), template.CSS(on)
	}
	return c
}
