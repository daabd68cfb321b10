package impl

import (
	"slices"
	"testing"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// TestLinkKinds compares the tables that describe links with the kinds of links.
func TestLinkKinds(t *testing.T) {
	for _, kind := range db.LinkKinds {
		if linkLifetimes[kind] == 0 || linkPaths[kind] == "" || linkTitles[kind] == "" {
			t.Errorf("%s links lack a lifetime, a path or a title", kind)
		}
	}
	for _, kind := range db.LinkKinds {
		if linkMails[kind] == "" {
			t.Errorf("no mail brings %s links", kind)
		}
	}
	if n := len(db.LinkKinds); len(linkMails) != n || len(linkLifetimes) != n || len(linkPaths) != n || len(linkTitles) != n {
		t.Errorf("a table describes other kinds of links than %v", db.LinkKinds)
	}
}

// TestRoles compares the roles that the spec demands with those that exist.
func TestRoles(t *testing.T) {
	for _, op := range gen.Operations {
		if role := op.Application.For; role != "" && !slices.Contains(db.Roles, db.Role(role)) {
			t.Errorf("%s is bound to an application for the role %q", op.ID, role)
		}
		for _, role := range op.Roles {
			if !slices.Contains(db.Roles, db.Role(role)) {
				t.Errorf("%s demands the role %q", op.ID, role)
			}
		}
	}
}
