package mailer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestKinds compares the constants, the list, the template files and the uses in package impl.
func TestKinds(t *testing.T) {
	constants := kindConstants(t)
	listed := slices.Sorted(slices.Values(Kinds))
	if declared := slices.Sorted(maps.Values(constants)); !slices.Equal(declared, listed) {
		t.Errorf("declared are %v, listed are %v", declared, listed)
	}
	files, err := fs.Glob(templateFiles, "templates/*/*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		kind := Kind(strings.TrimSuffix(filepath.Base(file), ".tmpl"))
		if kind != "words" && !slices.Contains(Kinds, kind) {
			t.Errorf("the template %s has no kind", file)
		}
	}
	used := selectors(t, "..", "mailer")
	for name := range constants {
		if !used[name] {
			t.Errorf("no mail is of the kind %s", name)
		}
	}
}

// kindConstants returns the constants of type Kind by their names.
func kindConstants(t *testing.T) map[string]Kind {
	constants := map[string]Kind{}
	for _, decl := range parse(t, "kinds.go").Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			constant := spec.(*ast.ValueSpec)
			text, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
			if err != nil || len(constant.Names) != 1 {
				t.Fatal("kinds.go: a constant is not one name and one string")
			}
			constants[constant.Names[0].Name] = Kind(text)
		}
	}
	return constants
}

// selectors returns the names that the Go files of a directory use from a package.
func selectors(t *testing.T, dir, pkg string) map[string]bool {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		ast.Inspect(parse(t, file), func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				if of, ok := selector.X.(*ast.Ident); ok && of.Name == pkg {
					used[selector.Sel.Name] = true
				}
			}
			return true
		})
	}
	return used
}

func parse(t *testing.T, file string) *ast.File {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
