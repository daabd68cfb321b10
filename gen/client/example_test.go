package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/planoauth/planoauth/gen/client"
)

var ctx = context.Background()

// Each status slug has a type.
func Example() {
	auth, err := client.New(os.Getenv("PLANOAUTH_URL"))
	if err != nil {
		log.Fatal(err)
	}
	outcome, err := auth.SessionsCreate(ctx, client.SessionsCreateParams{Email: email, Password: password, Application: "planoorder"})
	if err != nil {
		log.Fatal(err) // there was no answer at all
	}
	switch outcome := outcome.(type) {
	case client.SessionsCreateActionSuccessful:
		fmt.Println("Signed in:", outcome.Data.Token[:5]+"…") // for client.WithToken
	case client.EmailNotFound, client.InvalidPassword:
		fmt.Println("Try again, or let us mail you a link.")
	default: // all others are listed at client.SessionsCreateOutcome
		fmt.Println("It did not work:", outcome.Slug())
	}
	// Output: Signed in: plas_…
}

// Only returns refusals as errors.
func ExampleOnly() {
	auth := must(client.New(os.Getenv("PLANOAUTH_URL")))
	params := client.SessionsCreateParams{Email: email, Password: "a wrong one", Application: "planoorder"}
	signedIn, err := client.Only[client.SessionsCreateActionSuccessful](auth.SessionsCreate(ctx, params))

	var wrong client.InvalidPassword
	var noClient client.SessionsCreateClientRequired
	switch {
	case err == nil:
		fmt.Println("Signed in as", signedIn.Data.User.Email)
	case errors.As(err, &wrong):
		fmt.Println(wrong.Message)
	case errors.As(err, &noClient):
		fmt.Println("Register as a client with the session", noClient.Session.ID)
	default:
		fmt.Println(err)
	}
	// Output: The password is wrong.
}

// A product checks the session of each request that it gets.
func ExampleWithToken() {
	auth, token := signedIn()
	outcome, err := auth.SessionsRead(ctx, client.SessionsReadParams{}, client.WithToken(token))
	if err != nil {
		log.Fatal(err)
	}
	switch outcome := outcome.(type) {
	case client.SessionsReadActionSuccessful:
		fmt.Println("A", outcome.Data.Roles[0], "of", outcome.Data.Application)
	case client.InvalidToken, client.SessionExpired:
		fmt.Println("Please sign in.")
	default:
		fmt.Println("Something is wrong:", outcome.Slug())
	}
	// Output: A client of planoorder
}

// All sessions of a user, on all pages.
func ExampleAPI_SessionsIndexAll() {
	auth, token := signedIn()
	params := client.SessionsIndexParams{View: client.Full, Sort: client.SessionsIndexSort{Order: client.Asc}}
	for session, err := range auth.SessionsIndexAll(ctx, params, client.WithToken(token)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("Signed in by", session.Method)
		break // the next page is not requested
	}
	// Output: Signed in by registration
}
