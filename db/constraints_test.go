package db

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestConstraints compares the table of constraints with the database and with the code, both ways.
func TestConstraints(t *testing.T) {
	table := constraintTable(t)
	if len(table) == 0 {
		t.Fatal("constraints.go has no constants")
	}
	var existing []string
	check(t, openDB(t).NewSelect().Table("pg_constraint").Column("conname").Where("connamespace = 'public'::regnamespace").Scan(t.Context(), &existing))
	named, used := namesInCode(t, existing)
	for constant, name := range table {
		if !slices.Contains(existing, name) {
			t.Errorf("%s: the database has no constraint %s", constant, name)
		}
		if !used[constant] {
			t.Errorf("%s: no code uses it", constant)
		}
	}
	for name, place := range named {
		t.Errorf("%s names the constraint %s: use a constant of constraints.go", place, name)
	}
}

// constraintTable returns the constants of constraints.go with their values.
func constraintTable(t *testing.T) map[string]string {
	t.Helper()
	table := map[string]string{}
	file, err := parser.ParseFile(token.NewFileSet(), "constraints.go", nil, 0)
	check(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			check(t, err)
			table[spec.Names[0].Name] = name
		}
		return true
	})
	return table
}

var word = regexp.MustCompile(`\w+`)

// namesInCode reads all code of db and impl, tests and constraints.go aside. It returns which of these
// constraints a string names, with the place, and all identifiers.
func namesInCode(t *testing.T, constraints []string) (named map[string]string, used map[string]bool) {
	t.Helper()
	named, used = map[string]string{}, map[string]bool{}
	files := token.NewFileSet()
	inspect := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			used[n.Name] = true
		case *ast.BasicLit:
			for _, name := range word.FindAllString(n.Value, -1) {
				if slices.Contains(constraints, name) {
					named[name] = files.Position(n.Pos()).String()
				}
			}
		}
		return true
	}
	for _, root := range []string{".", "../impl"} {
		check(t, fs.WalkDir(os.DirFS(root), ".", func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == "constraints.go" {
				return err
			}
			file, err := parser.ParseFile(files, filepath.Join(root, path), nil, 0)
			if err == nil {
				ast.Inspect(file, inspect)
			}
			return err
		}))
	}
	return named, used
}

// list finds the values in the definition of a check: an array such as '{a,b}', or one literal for each
// value.
var list = regexp.MustCompile(`'\{?([a-z_,]+)\}?'`)

// allowedValues returns the values that a check of one column allows.
func allowedValues(t *testing.T, check string) (values []string) {
	t.Helper()
	var definition string
	err := openDB(t).NewSelect().Table("pg_constraint").ColumnExpr("pg_get_constraintdef(oid)").Where("conname = ?", check).Scan(t.Context(), &definition)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range list.FindAllStringSubmatch(definition, -1) {
		values = append(values, strings.Split(match[1], ",")...)
	}
	slices.Sort(values)
	return values
}

// TestClosedLists compares the closed lists of the code with the checks of the database.
func TestClosedLists(t *testing.T) {
	if got, want := allowedValues(t, "applications_admits_check"), sorted(Roles); !slices.Equal(got, want) {
		t.Errorf("applications.admits allows %v, the roles are %v", got, want)
	}
	if got, want := allowedValues(t, "links_kind_check"), sorted(LinkKinds); !slices.Equal(got, want) {
		t.Errorf("links.kind allows %v, the kinds of links are %v", got, want)
	}
}

func sorted[T ~string](list []T) []string {
	texts := make([]string, len(list))
	for i, text := range list {
		texts[i] = string(text)
	}
	slices.Sort(texts)
	return texts
}
