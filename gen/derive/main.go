// Command derive reads openapi.yaml and writes what oapi-codegen cannot: the outcomes with the operations that may answer
// them, the table of operations, the embedded copies of the spec, and the two views of it that oapi-codegen reads.
//
// Usage: derive openapi.yaml GEN VIEWS, where GEN is the folder of the generated code and VIEWS the one for the views.
package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

//go:embed *.tmpl
var templates embed.FS

func main() {
	log.SetFlags(0)
	log.SetPrefix("derive: ")
	if len(os.Args) != 4 {
		log.Fatal("usage: derive openapi.yaml GEN VIEWS")
	}
	if err := derive(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func derive(spec, gen, views string) error {
	text, err := os.ReadFile(spec)
	if err != nil {
		return err
	}
	doc, err := load(text)
	if err != nil {
		return err
	}
	contract, err := readContract(doc, text)
	if err != nil {
		return err
	}
	asJSON, err := toJSON(text)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		filepath.Join(gen, "openapi.gen.yaml"): text,
		filepath.Join(gen, "openapi.gen.json"): asJSON,
	}
	for _, view := range []string{"server", "client"} {
		if files[filepath.Join(views, view+".json")], err = viewOf(text, contract, view); err != nil {
			return err
		}
	}
	for name, out := range map[string]string{
		"outcomes.tmpl": "outcomes.gen.go",
		"client.tmpl":   "client/operations.gen.go",
		"ts.tmpl":       "ts/src/operations.gen.ts",
	} {
		if files[filepath.Join(gen, out)], err = render(name, out, contract); err != nil {
			return err
		}
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

func load(text []byte) (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(text)
	if err != nil {
		return nil, err
	}
	// The e-mails and URLs of examples are checked by formats that only the server has.
	return doc, doc.Validate(loader.Context, openapi3.DisableExamplesValidation())
}

func toJSON(text []byte) ([]byte, error) {
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := encoder.Encode(tree)
	return out.Bytes(), err
}

func render(name, out string, contract *contract) ([]byte, error) {
	tmpl, err := template.New(name).Funcs(template.FuncMap{
		"comment": func(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", " ") },
	}).ParseFS(templates, name)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := tmpl.Execute(&text, contract); err != nil || !strings.HasSuffix(out, ".go") {
		return text.Bytes(), err
	}
	source, err := format.Source(text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, text.Bytes())
	}
	return source, nil
}
