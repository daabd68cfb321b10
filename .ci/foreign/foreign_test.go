// Package foreign tests Go clients that generators of others made from openapi.yaml: see run.
package foreign

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"planoauth.test/foreign/generated/oapi"
	"planoauth.test/foreign/generated/ogen"
)

func TestClientsHaveAllOperations(t *testing.T) {
	text, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^      operationId: (\w+)$`).FindAllStringSubmatch(string(text), -1)
	if len(found) < 20 {
		t.Fatalf("openapi.yaml has %d operations, or they are written in another way", len(found))
	}
	for _, match := range found {
		name := strings.ToUpper(match[1][:1]) + match[1][1:]
		if _, ok := reflect.TypeFor[*oapi.ClientWithResponses]().MethodByName(name + "WithBodyWithResponse"); !ok {
			t.Errorf("the client of oapi-codegen has no %s", name)
		}
		if _, ok := reflect.TypeFor[*ogen.Client]().MethodByName(name); !ok {
			t.Errorf("the client of ogen has no %s", name)
		}
	}
}

// refuse answers each request as sessions/create answers an unknown e-mail address, with a property that is
// new.
func refuse(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		decoded, err := base64.StdEncoding.DecodeString(string(body))
		if err != nil || !strings.Contains(string(decoded), "Łukasz") {
			t.Errorf("the body is %q: %v", decoded, err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", "3TQ5ZKXW7N2RFYB4MJ6HCDLVAE")
		w.Header().Set("Link", `</statuses/email-not-found>; rel="help"`)
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"code":400,"status":"email-not-found","message":"No user has this e-mail address.","request_id":"3TQ5ZKXW7N2RFYB4MJ6HCDLVAE","new":1}`)
	}))
	t.Cleanup(server.Close)
	return server
}

// signIn is the body of sessions/create.
func signIn(t *testing.T) io.Reader {
	text, err := json.Marshal(oapi.SessionsCreateParams{Email: "ada@example.com", Password: "Łukasz", Application: "planoorder"})
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReader(base64.StdEncoding.EncodeToString(text))
}

func TestOapiCodegenTellsOutcomesApart(t *testing.T) {
	c, err := oapi.NewClientWithResponses(refuse(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.SessionsCreateWithBodyWithResponse(t.Context(), "text/plain", signIn(t))
	if err != nil || res.JSON400 == nil {
		t.Fatalf("%v %v", res, err)
	}
	if value, err := res.JSON400.ValueByDiscriminator(); reflect.TypeOf(value) != reflect.TypeFor[oapi.EmailNotFound]() {
		t.Errorf("the outcome is a %T: %v", value, err)
	}
}

type noToken struct{}

func (noToken) Bearer(context.Context, ogen.OperationName) (ogen.Bearer, error) {
	return ogen.Bearer{}, nil
}

func TestOgenTellsOutcomesApart(t *testing.T) {
	c, err := ogen.NewClient(refuse(t).URL, noToken{})
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.SessionsCreate(t.Context(), ogen.SessionsCreateReq{Data: signIn(t)})
	if err != nil {
		t.Fatal(err)
	}
	refused, ok := res.(*ogen.SessionsCreateBadRequestHeaders)
	if !ok || !refused.Response.IsEmailNotFound() {
		t.Errorf("the outcome is %#v", res)
	}
}
