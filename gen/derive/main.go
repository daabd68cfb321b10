// Command derive reads openapi.yaml and writes what oapi-codegen cannot: the outcomes with the operations
// that list them, the table of operations, the embedded copies of the spec, and the two views of it that
// oapi-codegen reads. First it completes openapi.yaml itself, see complete.
//
// Usage: derive openapi.yaml GEN VIEWS, where GEN is the folder of the generated code and VIEWS the one for the views.
package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed *.tmpl
var templates embed.FS

func main() {
	log.SetFlags(0)
	log.SetPrefix("derive: ")
	if len(os.Args) != 4 {
		log.Fatal("usage: derive openapi.yaml GEN VIEWS")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(file, gen, views string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	completed, derived, err := derive(text)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	if !bytes.Equal(completed, text) {
		log.Printf("completing %s", file)
		files[file] = completed
	}
	for name, content := range derived {
		folder := gen
		if filepath.Dir(name) == "views" {
			name, folder = filepath.Base(name), views
		}
		files[filepath.Join(folder, name)] = content
	}
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// derive returns the completed spec, and the derived files by their names.
func derive(text []byte) (completed []byte, files map[string][]byte, err error) {
	doc, err := read(text)
	if err != nil {
		return nil, nil, err
	}
	if completed, err = complete(doc); err != nil {
		return nil, nil, err
	}
	if doc, err = read(completed); err != nil {
		return nil, nil, err
	}
	if err = checkSchemas(doc); err != nil {
		return nil, nil, err
	}
	spec, err := readSpec(doc)
	if err != nil {
		return nil, nil, err
	}
	if files, err = renderAll(spec); err != nil {
		return nil, nil, err
	}
	trees := map[string]*object{
		"openapi.gen.json": doc.root, "views/server.json": serverView(doc, spec), "views/client.json": clientView(doc, spec),
	}
	for name, tree := range trees {
		if files[name], err = toJSON(tree, " "); err != nil {
			return nil, nil, err
		}
	}
	files["openapi.gen.yaml"] = completed
	return completed, files, nil
}

// outputs are the files that the templates render.
var outputs = map[string]string{
	"outcomes.tmpl": "outcomes.gen.go",
	"client.tmpl":   "client/operations.gen.go",
	"ts.tmpl":       "ts/src/operations.gen.ts",
}

func renderAll(spec *spec) (map[string][]byte, error) {
	files := map[string][]byte{}
	for name := range outputs {
		content, err := render(name, spec)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[outputs[name]] = content
	}
	return files, nil
}

func render(name string, spec *spec) ([]byte, error) {
	tmpl, err := template.New(name).Funcs(template.FuncMap{
		"comment": func(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", " ") },
	}).ParseFS(templates, name)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := tmpl.Execute(&text, spec); err != nil || !strings.HasSuffix(outputs[name], ".go") {
		return text.Bytes(), err
	}
	source, err := format.Source(text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, text.Bytes())
	}
	return source, nil
}
