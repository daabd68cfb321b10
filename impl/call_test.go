package impl

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/gen"
)

// TestOperationsHaveTimeouts checks that no operation waits for anything with the context it was called with:
// that context has no timeout, the one of call.context has.
func TestOperationsHaveTimeouts(t *testing.T) {
	operations := map[string]bool{}
	for _, op := range gen.Operations {
		id := string(op.ID)
		operations[strings.ToUpper(id[:1])+id[1:]] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			if function, ok := declared.(*ast.FuncDecl); ok && function.Recv != nil && operations[function.Name.Name] {
				delete(operations, function.Name.Name)
				checkContext(t, function)
			}
		}
	}
	for name := range operations {
		t.Errorf("the operation %s was not found", name)
	}
}

// checkContext reports uses of the first parameter of a function that are not an argument of callOf.
func checkContext(t *testing.T, function *ast.FuncDecl) {
	t.Helper()
	parameter := function.Type.Params.List[0].Names[0].Obj
	allowed := map[*ast.Ident]bool{}
	ast.Inspect(function.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if called, ok := n.Fun.(*ast.Ident); ok && called.Name == "callOf" {
				allowed[n.Args[0].(*ast.Ident)] = true
			}
		case *ast.Ident:
			if n.Obj == parameter && parameter != nil && !allowed[n] {
				t.Errorf("%s uses %s without a timeout: use c.context()", function.Name.Name, n.Name)
			}
		}
		return true
	})
}
