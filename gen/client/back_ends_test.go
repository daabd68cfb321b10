package client_test

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

// A product's own sign-in form: its back end calls for the user who has sent it.
func ExampleForUser() {
	auth := must(client.New(os.Getenv("PLANOAUTH_URL")))
	application := os.Getenv("APPLICATION_TOKEN") // printed by: planoauth application token planoorder
	http.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		params := client.SessionsCreateParams{Email: r.FormValue("email"), Password: r.FormValue("password"), Application: "planoorder"}
		outcome, err := auth.SessionsCreate(r.Context(), params, client.ForUser(application, r.RemoteAddr, r.UserAgent()))
		if err != nil {
			log.Print(err)
			http.Error(w, "Please try again later.", http.StatusBadGateway)
			return
		}
		switch outcome := outcome.(type) {
		case client.SessionsCreateActionSuccessful:
			http.SetCookie(w, &http.Cookie{Name: "session", Value: outcome.Data.Token, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		case client.RateLimitExceeded: // this user's address, and no other user's
			http.Error(w, fmt.Sprintf("Please wait %v.", outcome.RetryAfter), http.StatusTooManyRequests)
		default:
			http.Error(w, "The address or the password is wrong.", http.StatusUnauthorized)
		}
	})
}

func TestForUser(t *testing.T) {
	for remoteAddr, forwarded := range map[string]string{
		"203.0.113.7:51234": "203.0.113.7", "203.0.113.7": "203.0.113.7", "[2001:db8::1]:443": "2001:db8::1", "2001:db8::1": "2001:db8::1", "[fe80::1%eth0]:443": "fe80::1",
		"": "", "203.0.113.7, 198.51.100.1": "", "unknown": "", "@": "",
	} {
		req := must(http.NewRequest("POST", "http://planoauth.example", nil))
		err := client.ForUser("plaa_x", remoteAddr, "Ada's telephone")(ctx, req)
		if (err != nil) != (forwarded == "") || req.Header.Get("X-Forwarded-For") != forwarded {
			t.Errorf("%q is forwarded as %q, %v", remoteAddr, req.Header.Get("X-Forwarded-For"), err)
		}
		if err == nil && (req.Header.Get("PlanoAuth-Application") != "plaa_x" || req.UserAgent() != "Ada's telephone") {
			t.Errorf("the headers are %v", req.Header)
		}
	}
}
