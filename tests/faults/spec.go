package main

import (
	"encoding/json"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// envelope is the part of an answer that the load needs.
type envelope struct {
	Code          int
	Status        string
	Data, Session struct{ Token string }
}

// spec says which answers openapi.yaml documents: for each path and method, the slugs and their codes.
type spec map[string]map[string]int

func readSpec(path string) spec {
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	check(err)
	s := spec{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			documented := map[string]int{}
			for _, response := range op.Responses.Map() {
				collect(response.Value.Content["application/json"].Schema.Value, documented)
			}
			s[method+" "+path] = documented
		}
	}
	return s
}

func collect(schema *openapi3.Schema, documented map[string]int) {
	for _, member := range schema.OneOf {
		collect(member.Value, documented)
	}
	if status := schema.Properties["status"]; status != nil {
		code, err := json.Marshal(schema.Properties["code"].Value.Enum[0])
		check(err)
		var number int
		check(json.Unmarshal(code, &number))
		for _, slug := range status.Value.Enum {
			documented[slug.(string)] = number
		}
	}
}

// undocumented says what openapi.yaml does not allow about an answer, "" if all is well.
func (s spec) undocumented(method, path string, status int, body envelope) string {
	code, listed := s[method+" "+path][body.Status]
	switch {
	case !listed:
		return fmt.Sprintf("%d with the slug %q", status, body.Status)
	case code != status || code != body.Code:
		return fmt.Sprintf("%q with the code %d", body.Status, status)
	}
	return ""
}
