package impl

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNotificationKinds compares the declared kinds with those that calls of notify name.
func TestNotificationKinds(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared, used := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if of, ok := n.Type.(*ast.Ident); ok && of.Name == "notificationKind" {
					declared[n.Names[0].Name] = true
				}
			case *ast.CallExpr:
				if method, ok := n.Fun.(*ast.SelectorExpr); ok && method.Sel.Name == "notify" {
					if kind, ok := n.Args[1].(*ast.Ident); ok {
						used[kind.Name] = true
					} else {
						t.Errorf("%s: a call of notify names its kind by other than a constant", file)
					}
				}
			}
			return true
		})
	}
	if len(declared) == 0 || !maps.Equal(declared, used) {
		t.Errorf("declared are %v, used are %v", slices.Sorted(maps.Keys(declared)), slices.Sorted(maps.Keys(used)))
	}
}
