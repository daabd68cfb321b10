package impl

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

const (
	maxLogos   = 100 // in memory, of 32 KiB at most
	logoPolicy = "default-src 'none'; sandbox"
)

// logo serves the logo of an application. Browsers ask each time whether it is still the same, which takes no
// statement: the registry has the digests.
func (s *Server) logo(ec echo.Context) error {
	app := s.registry.newest.Load().appsBySlug[ec.Param("slug")]
	if app == nil || app.LogoDigest == "" {
		return echo.ErrNotFound
	}
	logo, digest, err := s.readLogo(ec, app)
	if err != nil {
		return err
	}
	kind := admin.LogoType(logo)
	if kind == "" { // removed meanwhile, or no image: operators can write anything by SQL
		return echo.ErrNotFound
	}
	header, tag := ec.Response().Header(), `"`+digest+`"`
	header.Set("ETag", tag)
	header.Set("Cache-Control", "public, no-cache")
	header.Set("Content-Security-Policy", logoPolicy)
	for known := range strings.SplitSeq(ec.Request().Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			return ec.NoContent(http.StatusNotModified)
		}
	}
	return ec.Blob(http.StatusOK, kind, logo)
}

// readLogo returns the logo of an application, and its digest.
func (s *Server) readLogo(ec echo.Context, app *db.Application) (logo []byte, digest string, _ error) {
	if logo, ok := s.logos.Get(app.LogoDigest); ok {
		return logo, app.LogoDigest, nil
	}
	logo, digest, err := s.DB.Logo(callOf(ec.Request().Context()).context(), app.ID)
	if err == nil && digest != "" {
		s.logos.Add(digest, logo)
	}
	return logo, digest, err
}
