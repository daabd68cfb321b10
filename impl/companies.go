package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/admin"
)

var companies = listing[db.Company]{
	search:  map[string]string{"name": "search_text(?TableAlias.name)"},
	filters: map[string]string{"inactive": "NOT ?TableAlias.active"},
	sorts: map[string]sorting[db.Company]{
		"name":       {"?TableAlias.name", func(c *db.Company) any { return c.Name }},
		"created_at": {"?TableAlias.created_at", func(c *db.Company) any { return c.CreatedAt }},
	},
	sort: "name", ascending: true,
	id: func(c *db.Company) int64 { return c.ID },
}

// CompaniesIndex lists the companies.
func (s *Server) CompaniesIndex(ctx context.Context, req gen.CompaniesIndexRequestObject) (gen.CompaniesIndexResponseObject, error) {
	found, refusal, err := list(s, callOf(ctx), &companies, nil)
	if refusal != nil || err != nil {
		return refusal, err
	}
	shown, err := s.companyViews(callOf(ctx), req.Body.View, found.rows)
	return gen.CompaniesIndexActionSuccessful{Data: gen.CompanyList{
		Results: shown, Next: found.next, Count: found.count, CountEstimated: found.estimated,
	}}, err
}

// CompaniesRead returns a company.
func (s *Server) CompaniesRead(ctx context.Context, req gen.CompaniesReadRequestObject) (gen.CompaniesReadResponseObject, error) {
	c, company := callOf(ctx), db.Company{ID: req.Body.ID}
	found, err := db.Find(c.context(), s.DB, &company)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return gen.InvalidParam{Errors: noSuchCompany}, nil
	}
	shown, err := s.companyViews(c, req.Body.View, []db.Company{company})
	if err != nil {
		return nil, err
	}
	return gen.CompaniesReadActionSuccessful{Data: shown[0]}, nil
}

var noSuchCompany = []gen.ParamError{paramError("id", gen.Exists, "there is no such company")}

// CompaniesCreate creates a company whose name no other has.
func (s *Server) CompaniesCreate(ctx context.Context, req gen.CompaniesCreateRequestObject) (gen.CompaniesCreateResponseObject, error) {
	c := callOf(ctx)
	company := db.Company{Name: req.Body.Name, Active: true, CreatedAt: c.now}
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		return admin.InsertCompany(ctx, tx, &company)
	})
	switch {
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.CompanyAlreadyExists{}, nil
	case err != nil:
		return nil, err
	}
	shown, err := s.companyViews(c, req.Body.View, []db.Company{company})
	if err != nil {
		return nil, err
	}
	return gen.CompaniesCreateActionSuccessful{Data: shown[0]}, nil
}

// CompaniesUpdate changes those fields of a company that are passed.
func (s *Server) CompaniesUpdate(ctx context.Context, req gen.CompaniesUpdateRequestObject) (gen.CompaniesUpdateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	company := db.Company{ID: p.ID}
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		found, err := db.FindForUpdate(ctx, tx, &company)
		switch {
		case err != nil:
			return err
		case !found:
			return errGone
		}
		if p.Active != nil {
			company.Active = *p.Active
		}
		if p.Name != nil && *p.Name != company.Name {
			company.Name = *p.Name
			if err := db.ReserveCompanyName(ctx, tx, &company); err != nil {
				return err
			}
		}
		return db.Update(ctx, tx, &company, "name", "active")
	})
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noSuchCompany}, nil
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.CompanyAlreadyExists{}, nil
	case err != nil:
		return nil, err
	}
	shown, err := s.companyViews(c, p.View, []db.Company{company})
	if err != nil {
		return nil, err
	}
	return gen.CompaniesUpdateActionSuccessful{Data: shown[0]}, nil
}

// companyViews returns what the view shows of companies.
func (s *Server) companyViews(c *call, view gen.View, companies []db.Company) ([]gen.Company, error) {
	shown, ids := make([]gen.Company, len(companies)), make([]int64, len(companies))
	for i := range companies {
		shown[i], ids[i] = companyView(view, &companies[i]), companies[i].ID
	}
	if view != gen.Full || len(ids) == 0 {
		return shown, nil
	}
	clients, err := db.CountByID(c.context(), s.DB, "clients", "company_id", ids)
	for i := range shown {
		shown[i].Clients = new(clients[ids[i]])
	}
	return shown, err
}
