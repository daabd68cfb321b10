package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/validation"
)

var noApplication = []gen.ParamError{paramError("application", gen.Exists, "there is no such application")}

// application finds an application by its slug, and says what is wrong with it or with the redirect URL.
func (c *call) application(slug, redirectURL string) (*db.Application, []gen.ParamError) {
	app := c.registry.appsBySlug[slug]
	if app == nil {
		return nil, noApplication
	}
	if redirectURL != "" && !allowsRedirect(app, redirectURL) {
		return app, redirectNotAllowed
	}
	return app, nil
}

var applications = listing[db.Application]{
	search: map[string]string{"slug": "search_text(?TableAlias.slug)", "name": "search_text(?TableAlias.name)"},
	sorts: map[string]sorting[db.Application]{
		"slug": {"?TableAlias.slug", func(app *db.Application) any { return app.Slug }},
	},
	sort:      "slug",
	ascending: true,
	id:        func(app *db.Application) int64 { return app.ID },
}

// ApplicationsIndex lists the applications.
func (s *Server) ApplicationsIndex(ctx context.Context, req gen.ApplicationsIndexRequestObject) (
	gen.ApplicationsIndexResponseObject, error,
) {
	c := callOf(ctx)
	found, refusal, err := list(s, c, &applications, nil)
	if refusal != nil || err != nil {
		return refusal, err
	}
	shown, err := s.applicationViews(c, req.Body.View, found.rows)
	return gen.ApplicationsIndexActionSuccessful{Data: gen.ApplicationList{
		Results: shown, Next: found.next, Count: found.count, CountEstimated: found.estimated,
	}}, err
}

// ApplicationsRead returns an application.
func (s *Server) ApplicationsRead(ctx context.Context, req gen.ApplicationsReadRequestObject) (gen.ApplicationsReadResponseObject, error) {
	c, app := callOf(ctx), db.Application{ID: req.Body.ID}
	found, err := db.Find(c.context(), s.DB, &app)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return gen.InvalidParam{Errors: noSuchApplication}, nil
	}
	c.aboutApp = &app
	shown, err := s.applicationViews(c, req.Body.View, []db.Application{app})
	if err != nil {
		return nil, err
	}
	return gen.ApplicationsReadActionSuccessful{Data: shown[0]}, nil
}

var noSuchApplication = []gen.ParamError{paramError("id", gen.Exists, "there is no such application")}

// ApplicationsCreate creates an application whose slug no other has.
func (s *Server) ApplicationsCreate(ctx context.Context, req gen.ApplicationsCreateRequestObject) (
	gen.ApplicationsCreateResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	params := gen.ApplicationsUpdateParams{
		Name: &p.Name, URL: optional(p.URL), RedirectOrigins: p.RedirectOrigins, LegacySlugs: p.LegacySlugs, SignInMail: p.SignInMail,
		AccentColor: optional(p.AccentColor), Logo: optional(p.Logo), SupportURL: optional(p.SupportURL),
	}
	if passed(c.params, "admits") {
		params.Admits = &p.Admits
	}
	settings, wrong := applicationSettings(&params)
	if wrong != nil {
		return gen.InvalidParam{Errors: wrong}, nil
	}
	app := db.Application{Slug: p.Slug, CreatedAt: c.now}
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		c.aboutApp = &app
		_, err := admin.InsertApplication(ctx, tx, &app, settings)
		return err
	})
	var invalid admin.Invalid
	switch {
	case errors.As(err, &invalid):
		return gen.InvalidParam{Errors: validation.Sort(c.op, invalid)}, nil
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.SlugTaken{}, nil
	case err != nil:
		return nil, err
	}
	shown, err := s.applicationViews(c, p.View, []db.Application{app})
	if err != nil {
		return nil, err
	}
	return gen.ApplicationsCreateActionSuccessful{Data: shown[0]}, nil
}

// ApplicationsUpdate changes those settings of an application that are passed.
func (s *Server) ApplicationsUpdate(ctx context.Context, req gen.ApplicationsUpdateRequestObject) (
	gen.ApplicationsUpdateResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	settings, wrong := applicationSettings(p)
	if wrong != nil {
		return gen.InvalidParam{Errors: wrong}, nil
	}
	app := db.Application{ID: p.ID}
	err := s.changeApplication(c, &app, func(ctx context.Context, tx bun.Tx) error {
		_, err := admin.UpdateApplication(ctx, tx, &app, settings)
		return err
	})
	var invalid admin.Invalid
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noSuchApplication}, nil
	case errors.As(err, &invalid):
		return gen.InvalidParam{Errors: validation.Sort(c.op, invalid)}, nil
	case err != nil:
		return nil, err
	}
	shown, err := s.applicationViews(c, p.View, []db.Application{app})
	if err != nil {
		return nil, err
	}
	return gen.ApplicationsUpdateActionSuccessful{Data: shown[0]}, nil
}

// changeApplication runs a change of an application, which it reads and locks first. It returns errGone if there is
// none with this id.
func (s *Server) changeApplication(c *call, app *db.Application, do func(ctx context.Context, tx bun.Tx) error) error {
	return s.change(c, func(ctx context.Context, tx bun.Tx) error {
		found, err := db.FindForUpdate(ctx, tx, app)
		switch {
		case err != nil:
			return err
		case !found:
			return errGone
		}
		c.aboutApp = app
		return do(ctx, tx)
	})
}

// applicationSettings returns the settings that are passed. It checks one thing only: that the logo is base64.
func applicationSettings(p *gen.ApplicationsUpdateParams) (_ admin.ApplicationSettings, wrong []gen.ParamError) {
	settings := admin.ApplicationSettings{
		Name: p.Name, URL: p.URL, RedirectOrigin: p.RedirectOrigins, LegacySlugs: p.LegacySlugs, SignInMail: p.SignInMail,
		AccentColor: p.AccentColor, SupportURL: p.SupportURL,
	}
	if p.Admits != nil {
		settings.Admits = roles(*p.Admits)
	}
	if p.Logo == nil {
		return settings, nil
	}
	logo, err := decodeBase64([]byte(*p.Logo))
	if err != nil {
		return settings, logoNotBase64
	}
	settings.Logo = append([]byte{}, logo...)
	return settings, nil
}

var logoNotBase64 = []gen.ParamError{paramError("logo", gen.Format, "must be base64")}

// optional returns nil for an empty text.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func roles(names []string) []db.Role {
	roles := make([]db.Role, len(names))
	for i, name := range names {
		roles[i] = db.Role(name)
	}
	return roles
}

// applicationViews returns what the view shows of applications as they are stored. Elsewhere the registry's copies are
// shown, whose redirect origins include that of the url.
func (s *Server) applicationViews(c *call, view gen.View, apps []db.Application) ([]gen.Application, error) {
	shown, ids := make([]gen.Application, len(apps)), make([]int64, len(apps))
	for i := range apps {
		if apps[i].Slug == "planoauth" {
			apps[i].URL = s.Settings.PublicURL
		}
		shown[i], ids[i] = applicationView(view, &apps[i]), apps[i].ID
	}
	if view != gen.Full || len(ids) == 0 {
		return shown, nil
	}
	tokens, err := db.TokensOf(c.context(), s.DB, ids)
	for i := range shown {
		shown[i].Tokens = []gen.ApplicationToken{}
		for _, token := range tokens[ids[i]] {
			shown[i].Tokens = append(shown[i].Tokens, gen.ApplicationToken{
				ID: token.ID, CreatedAt: timeText(token.CreatedAt), LastUsedAt: timeText(token.LastUsedAt),
			})
		}
	}
	return shown, err
}
