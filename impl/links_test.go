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
		if linkLifetimes[kind] == 0 {
			t.Errorf("%s links lack a lifetime", kind)
		}
		if mailed := kind != db.HandedOverLink; mailed != (linkPaths[kind] != "") || mailed != (linkMails[kind] != "") {
			t.Errorf("%s links lack a path or a mail, or have one that nobody needs", kind)
		}
	}
	n := len(db.LinkKinds)
	if mailed := n - 1; len(linkMails) != mailed || len(linkLifetimes) != n || len(linkPaths) != mailed {
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
